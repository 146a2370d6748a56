// Package record counts how calls went and keeps how long they took.
package record

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/evald/evald/clients/load/internal/drive"
	"github.com/evald/evald/clients/load/internal/histogram"
	"github.com/evald/evald/clients/load/internal/schedule"
)

// mostErrors bounds the distinct texts of errors that are kept; texts may hold numbers of the call.
const mostErrors = 100

// Maker says who ended a call.
type Maker string

const (
	// Server is a status that evald made: OK, or an error with an ErrorInfo.
	Server Maker = "server"
	// Caller is a status that gRPC made because the caller cancelled or its deadline passed.
	Caller Maker = "caller"
	// Transport is a status that gRPC made for any other reason, for example a broken connection.
	Transport Maker = "transport"
)

// Ending is how calls ended.
type Ending struct {
	Code codes.Code
	// Reason of the ErrorInfo; empty if there is none.
	Reason string
	Maker  Maker
}

// Class is what is counted of requests of one kind.
type Class struct {
	Name                   string
	Calls, Answered        int64
	Reached                int64
	Unsent                 int64
	RowsSent, RowsAnswered int64
	// Of answered calls: from the intended time, and from the real one.
	Intended, Service histogram.Histogram
}

// Record is what is known of a run.
type Record struct {
	requests []drive.Request
	classes  map[string]*Class
	// Endings counts sent calls.
	Endings map[Ending]int64
	// Errors counts sent calls that failed, by their text.
	Errors map[string]int64
	// All is all classes together, Late how much later than planned calls were sent.
	All  Class
	Late histogram.Histogram
}

// New is an empty record of a run that sends these requests.
func New(requests []drive.Request) *Record {
	return &Record{
		requests: requests,
		classes:  map[string]*Class{},
		Endings:  map[Ending]int64{},
		Errors:   map[string]int64{},
		All:      Class{Name: "all"},
	}
}

// Took counts a call that was sent.
func (r *Record) Took(outcome *drive.Outcome) {
	request := &r.requests[outcome.Call.Request]
	r.Late.Add(outcome.Late())
	ending := EndingOf(outcome)
	r.Endings[ending]++
	if ending.Code != codes.OK {
		r.failed(outcome.Status.Err().Error())
	}
	for _, class := range []*Class{&r.All, r.class(request.Class)} {
		class.Calls++
		if outcome.Reached {
			class.Reached++
		}
		class.RowsSent += int64(request.Rows)
		if ending.Code == codes.OK {
			class.Answered++
			class.RowsAnswered += int64(request.Rows)
			class.Intended.Add(outcome.Intended())
			class.Service.Add(outcome.Service())
		}
	}
}

// Unsent counts a call that was planned and not sent.
func (r *Record) Unsent(call schedule.Call) {
	r.All.Unsent++
	r.class(r.requests[call.Request].Class).Unsent++
}

// Classes in the order of the requests.
func (r *Record) Classes() []*Class {
	var found []*Class
	seen := map[string]bool{}
	for number := range r.requests {
		name := r.requests[number].Class
		if class := r.classes[name]; class != nil && !seen[name] {
			found = append(found, class)
		}
		seen[name] = true
	}
	return found
}

// SortedEndings are the endings, the most frequent first.
func (r *Record) SortedEndings() []Ending {
	return slices.SortedFunc(maps.Keys(r.Endings), func(a, b Ending) int {
		return cmp.Or(
			cmp.Compare(r.Endings[b], r.Endings[a]),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Maker, b.Maker),
		)
	})
}

// Untyped counts calls whose status says neither why nor that the caller left: the server or the transport owes a reason.
func (r *Record) Untyped() int64 {
	found := int64(0)
	for ending, count := range r.Endings {
		if ending.Maker == Transport && ending.Code != codes.Unavailable {
			found += count
		}
	}
	return found
}

func (r *Record) class(name string) *Class {
	class := r.classes[name]
	if class == nil {
		class = &Class{Name: name}
		r.classes[name] = class
	}
	return class
}

func (r *Record) failed(text string) {
	if _, known := r.Errors[text]; !known && len(r.Errors) >= mostErrors {
		text = "other"
	}
	r.Errors[text]++
}

// EndingOf tells who ended a call and how.
func EndingOf(outcome *drive.Outcome) Ending {
	if outcome.Status == nil {
		return Ending{codes.OK, "", Server}
	}
	ending := Ending{outcome.Status.Code(), reason(outcome.Status), Transport}
	switch {
	case ending.Reason != "":
		ending.Maker = Server
	case left(outcome):
		ending.Maker = Caller
	}
	return ending
}

// left tells whether gRPC, here or at the server, ended a call for what the caller decided. The server's gRPC watches the
// deadline too, and its word may come a moment before the caller's own.
func left(outcome *drive.Outcome) bool {
	switch outcome.Status.Code() {
	case codes.Canceled:
		return outcome.Left || outcome.Call.CancelAfter > 0
	case codes.DeadlineExceeded:
		return outcome.Left || outcome.Service() >= outcome.Call.Timeout-deadlineSlack
	}
	return false
}

// What two clocks may disagree on.
const deadlineSlack = 20 * time.Millisecond

func reason(failed *status.Status) string {
	for _, detail := range failed.Details() {
		if info, is := detail.(*errdetails.ErrorInfo); is {
			return info.GetReason()
		}
	}
	return ""
}
