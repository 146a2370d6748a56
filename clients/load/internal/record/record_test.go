package record

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/evald/evald/clients/load/internal/drive"
	"github.com/evald/evald/clients/load/internal/schedule"
)

func typed(code codes.Code, reason string) *status.Status {
	made, _ := status.New(code, "no").WithDetails(&errdetails.RetryInfo{}, &errdetails.ErrorInfo{Reason: reason})
	return made
}

func outcome(failed *status.Status, left bool) *drive.Outcome {
	call := schedule.Call{At: time.Second, Timeout: time.Minute}
	return &drive.Outcome{Call: call, Sent: time.Second, End: 2 * time.Second, Status: failed, Left: left}
}

func TestEndingsSayWhoMadeThem(t *testing.T) {
	deadline := status.New(codes.DeadlineExceeded, "no")
	late := outcome(deadline, false)
	late.Call.Timeout = time.Second
	for _, one := range []struct {
		outcome *drive.Outcome
		want    Ending
	}{
		{outcome(nil, false), Ending{codes.OK, "", Server}},
		{outcome(typed(codes.InvalidArgument, "NO_ROWS"), false), Ending{codes.InvalidArgument, "NO_ROWS", Server}},
		{outcome(typed(codes.DeadlineExceeded, "DEADLINE"), true), Ending{codes.DeadlineExceeded, "DEADLINE", Server}},
		{outcome(status.New(codes.Canceled, "no"), true), Ending{codes.Canceled, "", Caller}},
		{outcome(status.New(codes.Canceled, "no"), false), Ending{codes.Canceled, "", Transport}},
		{outcome(deadline, true), Ending{codes.DeadlineExceeded, "", Caller}},
		{late, Ending{codes.DeadlineExceeded, "", Caller}},
		{outcome(deadline, false), Ending{codes.DeadlineExceeded, "", Transport}},
		{outcome(status.New(codes.Unavailable, "no"), false), Ending{codes.Unavailable, "", Transport}},
		{outcome(status.New(codes.Internal, "no"), true), Ending{codes.Internal, "", Transport}},
	} {
		if got := EndingOf(one.outcome); got != one.want {
			t.Errorf("%+v instead of %+v", got, one.want)
		}
	}
}

func TestEverythingIsCountedByClassAndInAll(t *testing.T) {
	requests := []drive.Request{{Class: "a", Rows: 1}, {Class: "b", Rows: 10}, {Class: "a", Rows: 2}}
	found := New(requests)
	for number := range requests {
		good := outcome(nil, false)
		good.Call.Request = number
		found.Took(good)
	}
	bad := outcome(status.New(codes.Internal, "no"), false)
	bad.Call.Request = 1
	found.Took(bad)
	found.Unsent(schedule.Call{Request: 1})
	all, classes := &found.All, found.Classes()
	if all.Calls != 4 || all.Answered != 3 || all.RowsSent != 23 || all.RowsAnswered != 13 || all.Unsent != 1 {
		t.Errorf("all: %+v", [5]int64{all.Calls, all.Answered, all.RowsSent, all.RowsAnswered, all.Unsent})
	}
	if len(classes) != 2 || classes[0].Name != "a" || classes[0].Calls != 2 || classes[1].Unsent != 1 {
		t.Errorf("%d classes", len(classes))
	}
	// Only answered calls have a latency.
	if all.Intended.Count() != 3 || found.Late.Count() != 4 || found.Untyped() != 1 {
		t.Errorf("%d latencies, %d untyped", all.Intended.Count(), found.Untyped())
	}
}

func TestTextsOfErrorsAreBounded(t *testing.T) {
	found := New([]drive.Request{{Class: "a"}})
	for number := range 3 * mostErrors {
		found.Took(outcome(status.New(codes.Internal, fmt.Sprint(number)), false))
	}
	if len(found.Errors) != mostErrors+1 || found.Errors["other"] != 2*mostErrors {
		t.Errorf("%d texts", len(found.Errors))
	}
}
