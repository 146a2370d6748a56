package evald

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Domain marks the reasons that evald gives.
const Domain = "evald"

// Reasons that this package gives itself. Those of the server stand with the fields and calls that they belong to.
const (
	// ReasonMessageTooLarge says that a message is larger than the client or the server allows: send fewer rows a call.
	ReasonMessageTooLarge = "MESSAGE_TOO_LARGE"
	// ReasonNotReady says that the server was not ready when [Client.WaitReady] ended.
	ReasonNotReady = "NOT_READY"
	// ReasonBadSetting says that [New] was given what it cannot use; the violation names it.
	ReasonBadSetting = "BAD_SETTING"
)

// Violation is one wrong field: its indexed path, such as "instances[17].references", and what to do about it.
type Violation struct {
	Field       string
	Description string
}

// Error is why a call failed. Messages and metadata hold no text of a row.
type Error struct {
	// Code says what kind of failure it is, and so whether trying again can help: Unavailable and ResourceExhausted.
	Code codes.Code
	// Reason tells the cause to a program, for example "UNKNOWN_METRIC". Empty if the failure is not one that evald describes:
	// no server answered, or a deadline passed before one did.
	Reason string
	// Domain is [Domain] where the server gave the reason, else empty.
	Domain string
	// Message tells the cause to a person.
	Message string
	// Metadata holds the variables of the message by name.
	Metadata map[string]string
	// Violations are the wrong fields of the request.
	Violations []Violation
	// RetryAfter is when an overloaded server wants to be asked again; 0 if it did not say.
	RetryAfter time.Duration

	status *status.Status
}

// Error says what is wrong, with the fields that are.
func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "evald: %s", e.Code)
	if e.Reason != "" {
		fmt.Fprintf(&text, " (%s)", e.Reason)
	}
	fmt.Fprintf(&text, ": %s", e.Message)
	for _, violation := range e.Violations {
		if line := violation.Field + ": " + violation.Description; line != e.Message {
			fmt.Fprintf(&text, "; %s", line)
		}
	}
	return text.String()
}

// CodeName is the code as other languages write it, for example "INVALID_ARGUMENT".
func (e *Error) CodeName() string { return code.Code(e.Code).String() }

// GRPCStatus is what status.FromError and status.Code find.
func (e *Error) GRPCStatus() *status.Status {
	if e.status != nil {
		return e.status
	}
	return status.New(e.Code, e.Message)
}

// errorOf is the error of a failed call; nil for nil.
func errorOf(err error) error {
	if err == nil {
		return nil
	}
	found := status.Convert(err)
	failure := &Error{Code: found.Code(), Message: found.Message(), status: found}
	for _, detail := range found.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.Domain == Domain {
				failure.Reason, failure.Domain = detail.Reason, detail.Domain
				failure.Metadata = maps.Clone(detail.Metadata)
			}
		case *errdetails.BadRequest:
			for _, violation := range detail.FieldViolations {
				failure.Violations = append(failure.Violations, Violation{violation.Field, violation.Description})
			}
		case *errdetails.RetryInfo:
			failure.RetryAfter = detail.RetryDelay.AsDuration()
		}
	}
	// gRPC itself refuses oversized messages before any handler runs, with the code of an overload.
	if failure.Reason == "" && failure.Code == codes.ResourceExhausted && strings.Contains(found.Message(), "larger than max") {
		failure.Code, failure.Reason, failure.status = codes.InvalidArgument, ReasonMessageTooLarge, nil
		failure.Message = "a message is larger than the limit; send fewer rows a call or ask for no row scores (" +
			found.Message() + ")"
	}
	return failure
}

func wrongSetting(field, description string) *Error {
	return &Error{
		Code:       codes.InvalidArgument,
		Reason:     ReasonBadSetting,
		Message:    field + ": " + description,
		Violations: []Violation{{field, description}},
	}
}
