package ramp

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/evald/evald/clients/load/internal/drive"
	"github.com/evald/evald/clients/load/internal/record"
	"github.com/evald/evald/clients/load/internal/schedule"
)

// step is 100 calls in 10 seconds, of which some fail, come late or are not sent.
func step(latency, late time.Duration, failed, cancelled, unsent int, total time.Duration) Step {
	found := record.New([]drive.Request{{Class: "a"}})
	for number := range 100 - unsent {
		at := time.Duration(number) * 100 * time.Millisecond
		outcome := drive.Outcome{Call: schedule.Call{At: at}, Sent: at + late, End: at + latency}
		if number < failed {
			outcome.Status = status.New(codes.ResourceExhausted, "no")
		} else if number < failed+cancelled {
			outcome.Status, outcome.Left = status.New(codes.Canceled, "no"), true
		}
		found.Took(&outcome)
	}
	for range unsent {
		found.Unsent(schedule.Call{})
	}
	return Judge(10, found, 10*time.Second, total, time.Second, 10*time.Millisecond)
}

func TestAStepIsTooMuchForOneReason(t *testing.T) {
	const ms = time.Millisecond
	for _, one := range []struct {
		step Step
		want string
	}{
		{step(50*ms, ms, 0, 0, 0, 10050*ms), ""},
		{step(50*ms, ms, 1, 0, 0, 10050*ms), ""},
		{step(50*ms, ms, 0, 50, 0, 10050*ms), ""},
		{step(50*ms, ms, 5, 0, 0, 10050*ms), "5.0 % of the calls failed"},
		{step(50*ms, ms, 0, 0, 3, 10050*ms), "3 calls were not sent"},
		{step(1100*ms, ms, 0, 0, 0, 11000*ms), "p99 is 1.1"},
		{step(50*ms, 20*ms, 0, 0, 0, 10050*ms), "the generator itself is late"},
		{step(900*ms, ms, 0, 0, 0, 13000*ms), "8.3 calls/s are answered of 10.0"},
	} {
		if got := one.step.TooMuch; !strings.HasPrefix(got, one.want) || (one.want == "" && got != "") {
			t.Errorf("%q instead of %q", got, one.want)
		}
	}
}
