package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/evald/evald/clients/load/internal/drive"
	"github.com/evald/evald/clients/load/internal/ramp"
	"github.com/evald/evald/clients/load/internal/record"
	"github.com/evald/evald/clients/load/internal/schedule"
)

// hundred is calls that took 1 to 100 ms, of which every tenth was refused.
func hundred() *record.Record {
	found := record.New([]drive.Request{{Class: "1 rows", Rows: 1}, {Class: "9 rows", Rows: 9}})
	for number := range 100 {
		outcome := drive.Outcome{Call: schedule.Call{Request: number % 2}, End: time.Duration(number+1) * time.Millisecond}
		if number%10 == 9 {
			outcome.Status = status.New(codes.ResourceExhausted, "full")
		}
		found.Took(&outcome)
	}
	return found
}

func TestJSONHasTheNamesOfGhz(t *testing.T) {
	data, err := json.Marshal(New(hundred(), 2*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]any
	if err := json.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"count": 100, "total": 2e9, "rps": 50, "fastest": 1e6, "slowest": 99e6, "goodput": 45} {
		if read[name] != want {
			t.Errorf("%s is %v instead of %v", name, read[name], want)
		}
	}
	for _, name := range []string{
		"date", "endReason", "options", "average", "errorDistribution", "statusCodeDistribution", "latencyDistribution", "histogram",
	} {
		if _, has := read[name]; !has {
			t.Errorf("there is no %s", name)
		}
	}
	if codes := read["statusCodeDistribution"].(map[string]any); codes["OK"] != 90.0 || codes["ResourceExhausted"] != 10.0 {
		t.Errorf("%v", codes)
	}
}

func TestTheHistogramHoldsEveryAnsweredCallOnce(t *testing.T) {
	made := New(hundred(), time.Second)
	if len(made.Histogram) != marks+1 || made.Histogram[0].Mark != 0.001 || made.Histogram[marks].Mark != 0.099 {
		t.Errorf("%+v", made.Histogram)
	}
	count, share := int64(0), 0.0
	for _, mark := range made.Histogram {
		count += mark.Count
		share += mark.Frequency
	}
	if count != 90 || share < 0.999 || share > 1.001 {
		t.Errorf("%d calls, shares sum to %g", count, share)
	}
	if empty := New(record.New(nil), time.Second); len(empty.Histogram) != 0 || empty.Average != 0 {
		t.Error("nothing has a histogram")
	}
}

func TestThePageSaysWhatMatters(t *testing.T) {
	made := New(hundred(), 2*time.Second)
	made.Unsent = 7
	made.Check = &Check{Right: 90, Wrong: 1, Untyped: 10}
	made.Ramp = &ramp.Ramp{LastGood: 50, Stopped: "p99 is 2s", Steps: []ramp.Step{{Rate: 50}, {Rate: 100, TooMuch: "p99 is 2s"}}}
	made.Doubt("of a reason")
	var page bytes.Buffer
	if err := WriteText(&page, made, "what was done"); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"what was done", "100 calls in 2.0 s", "9 rows (40 of 50)", "RESOURCE_EXHAUSTED", "not sent: 7 calls",
		"checked: 90 answers right, 1 wrong; 10 statuses without a reason", "last good rate: 50.0 calls/s; then: p99 is 2s",
		"INVALID: of a reason",
	} {
		if !strings.Contains(page.String(), part) {
			t.Errorf("%q is missing in\n%s", part, page.String())
		}
	}
}
