// Package schedule decides before a run what is called when: nothing in it knows how the server answers.
package schedule

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Arrivals is how calls of an open loop are spread over time.
type Arrivals string

const (
	// Poisson arrivals are independent of each other, as those of many callers are.
	Poisson Arrivals = "poisson"
	// Constant arrivals come in equal distances.
	Constant Arrivals = "constant"
)

// ParseArrivals reads the name of a spread.
func ParseArrivals(name string) (Arrivals, error) {
	switch known := Arrivals(name); known {
	case Poisson, Constant:
		return known, nil
	}
	return "", fmt.Errorf("arrivals must be %s or %s, not %q", Poisson, Constant, name)
}

// Ends says how many calls do not wait for their answer; shares are between 0 and 1.
type Ends struct {
	// CancelShare of the calls is cancelled after a time drawn between 0 and CancelWithin.
	CancelShare  float64
	CancelWithin time.Duration
	// TightShare of the calls has a deadline drawn between 0 and TightWithin.
	TightShare  float64
	TightWithin time.Duration
	// Timeout is the deadline of all others.
	Timeout time.Duration
}

// Call is one call as it was decided.
type Call struct {
	// At is when it is to be sent, from the start of the run; 0 in a closed loop.
	At time.Duration
	// Request is its number in the workload.
	Request int
	// Timeout is its deadline, from when it is sent.
	Timeout time.Duration
	// CancelAfter is when it is cancelled, from when it is sent; 0 is never.
	CancelAfter time.Duration
}

// Calls draws calls without times; the same seed draws the same calls. Not safe for concurrent use.
type Calls struct {
	random *rand.Rand
	// cumulative weights of the requests.
	cumulative []float64
	ends       Ends
}

// NewCalls draws from requests by their weights, which are positive.
func NewCalls(weights []float64, ends Ends, seed uint64) *Calls {
	cumulative := make([]float64, len(weights))
	sum := 0.0
	for number, weight := range weights {
		sum += weight
		cumulative[number] = sum
	}
	return &Calls{rand.New(rand.NewPCG(seed, 0x63616c6c73)), cumulative, ends}
}

// Next is the next call. Each takes four draws whatever the shares are, so that one share does not change what else is drawn.
func (c *Calls) Next() Call {
	pick, end, cancel, tight := c.random.Float64(), c.random.Float64(), c.random.Float64(), c.random.Float64()
	call := Call{Request: c.request(pick), Timeout: c.ends.Timeout}
	switch {
	case end < c.ends.CancelShare:
		call.CancelAfter = max(1, time.Duration(cancel*float64(c.ends.CancelWithin)))
	case end < c.ends.CancelShare+c.ends.TightShare:
		call.Timeout = max(1, time.Duration(tight*float64(c.ends.TightWithin)))
	}
	return call
}

func (c *Calls) request(pick float64) int {
	pick *= c.cumulative[len(c.cumulative)-1]
	for number, sum := range c.cumulative {
		if pick < sum {
			return number
		}
	}
	return len(c.cumulative) - 1
}

// Open is the plan of an open loop: calls in the order of their times, all of them below the duration.
func Open(calls *Calls, arrivals Arrivals, rate float64, duration time.Duration, seed uint64) []Call {
	random := rand.New(rand.NewPCG(seed, 0x6172726976616c73))
	plan := make([]Call, 0, int(rate*duration.Seconds()*1.1)+16)
	distance := 1 / rate
	at := 0.0
	for number := 0; ; number++ {
		if arrivals == Poisson {
			at += random.ExpFloat64() * distance
		} else {
			// A product, because a sum of distances drifts.
			at = float64(number) * distance
		}
		if at >= duration.Seconds() {
			return plan
		}
		call := calls.Next()
		call.At = time.Duration(at * float64(time.Second))
		plan = append(plan, call)
	}
}
