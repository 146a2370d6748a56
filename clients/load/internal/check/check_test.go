package check

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	evaldv1 "github.com/evald/evald/clients/go/evald/v1"

	"github.com/evald/evald/clients/load/internal/drive"
	"github.com/evald/evald/clients/load/internal/schedule"
)

func answer(request int, name string, seconds float64) *drive.Outcome {
	body, _ := proto.Marshal(&evaldv1.EvaluateResponse{
		Systems: []*evaldv1.SystemResult{{System: name}}, Cost: &evaldv1.Cost{ScoreSeconds: seconds},
	})
	return &drive.Outcome{Call: schedule.Call{Request: request}, Answer: body}
}

func failed(request int, code codes.Code) *drive.Outcome {
	return &drive.Outcome{Call: schedule.Call{Request: request}, Status: status.New(code, "no")}
}

func TestAnswersAreComparedWithTheFirstOfTheirRequest(t *testing.T) {
	requests := make([]drive.Request, 4)
	for number := range requests {
		requests[number].Method = "/evald.v1.EvaluationService/Evaluate"
	}
	for _, one := range []struct {
		what    string
		outcome *drive.Outcome
		right   bool
	}{
		{"the first", answer(0, "a", 1), true},
		{"the same with another cost", answer(0, "a", 2), true},
		{"another one", answer(0, "b", 1), false},
		{"another one to another request", answer(1, "b", 1), true},
		{"what cannot be read", &drive.Outcome{Answer: []byte{0xff}}, false},
		{"an error where there was an answer", failed(0, codes.InvalidArgument), false},
		{"an error of a bad request", failed(2, codes.InvalidArgument), true},
		{"the same error", failed(2, codes.InvalidArgument), true},
		{"an answer where there was an error", answer(2, "a", 1), false},
	} {
		answers := New(requests)
		answers.Took(answer(0, "a", 1))
		answers.Took(failed(2, codes.InvalidArgument))
		answers.Took(one.outcome)
		if got := answers.Wrong == 0 && answers.Right == 3; got != one.right {
			t.Errorf("%s: %d right, %d wrong", one.what, answers.Right, answers.Wrong)
		}
	}
}

func TestErrorsOfTheMomentAreNotCompared(t *testing.T) {
	answers := New(make([]drive.Request, 1))
	for _, code := range []codes.Code{codes.Canceled, codes.DeadlineExceeded, codes.Unavailable, codes.ResourceExhausted} {
		answers.Took(failed(0, code))
	}
	if answers.Right+answers.Wrong != 0 {
		t.Errorf("%d right, %d wrong", answers.Right, answers.Wrong)
	}
}
