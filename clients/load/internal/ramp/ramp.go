// Package ramp judges whether a server keeps up with a rate.
package ramp

import (
	"fmt"
	"time"

	"github.com/evald/evald/clients/load/internal/record"
)

const (
	// mostFailed is the share of calls that may fail, but for those that the caller ends.
	mostFailed = 0.01
	// leastAnswered is the share of the rate at which calls must be answered. Of the time after the last call is sent, the
	// median latency is not counted: it is no sign of a queue.
	leastAnswered = 0.95
)

// Step is one rate.
type Step struct {
	Rate     float64       `json:"rate"`
	Offered  float64       `json:"offered"`
	Answered float64       `json:"answered"`
	P50      time.Duration `json:"p50"`
	P99      time.Duration `json:"p99"`
	Late     time.Duration `json:"latenessP99"`
	Failed   float64       `json:"failed"`
	// Why the rate was too much; empty if it was not.
	TooMuch string `json:"tooMuch"`
}

// Ramp is all steps; all but the last one are good.
type Ramp struct {
	// LastGood is the highest rate with which the server kept up; 0 if there is none.
	LastGood float64 `json:"lastGoodRate"`
	Stopped  string  `json:"stopped"`
	Steps    []Step  `json:"steps"`
}

// Judge tells how a step went that sent for `each` and ended after `total`.
func Judge(rate float64, found *record.Record, each, total, mostP99, mostLate time.Duration) Step {
	ended := int64(0)
	for ending, count := range found.Endings {
		if ending.Maker == record.Caller {
			ended += count
		}
	}
	all := &found.All
	planned := all.Calls + all.Unsent
	step := Step{
		Rate: rate, Offered: float64(planned) / each.Seconds(),
		Answered: float64(all.Answered) / max(each, total-all.Intended.Percentile(50)).Seconds(),
		P50:      all.Intended.Percentile(50), P99: all.Intended.Percentile(99), Late: found.Late.Percentile(99),
	}
	if all.Calls > 0 {
		step.Failed = float64(all.Calls-all.Answered-ended) / float64(all.Calls)
	}
	expected := float64(planned-ended) / each.Seconds()
	switch {
	case all.Unsent > 0:
		step.TooMuch = fmt.Sprintf("%d calls were not sent, because too many were in flight", all.Unsent)
	case step.Failed > mostFailed:
		step.TooMuch = fmt.Sprintf("%.1f %% of the calls failed", 100*step.Failed)
	case step.P99 > mostP99:
		step.TooMuch = fmt.Sprintf("p99 is %v", step.P99.Round(time.Microsecond))
	case step.Late > mostLate:
		step.TooMuch = fmt.Sprintf("the generator itself is late: p99 %v", step.Late.Round(time.Microsecond))
	case step.Answered < leastAnswered*expected:
		step.TooMuch = fmt.Sprintf("%.1f calls/s are answered of %.1f", step.Answered, expected)
	}
	return step
}
