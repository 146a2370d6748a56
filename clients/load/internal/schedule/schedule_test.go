package schedule

import (
	"math"
	"slices"
	"testing"
	"time"
)

func plan(arrivals Arrivals, rate float64, seconds int, seed uint64) []Call {
	ends := Ends{0.1, 50 * time.Millisecond, 0.2, 5 * time.Millisecond, time.Minute}
	return Open(NewCalls([]float64{60, 30, 10}, ends, seed), arrivals, rate, time.Duration(seconds)*time.Second, seed)
}

func TestArrivalsHaveTheRateThatWasAskedFor(t *testing.T) {
	if calls := plan(Constant, 250, 8, 1); len(calls) != 2000 || calls[1000].At != 4*time.Second {
		t.Errorf("%d constant arrivals", len(calls))
	}
	// The number of Poisson arrivals has mean 80,000 and standard deviation 283.
	calls := plan(Poisson, 1000, 80, 1)
	if math.Abs(float64(len(calls)-80_000)) > 5*283 {
		t.Errorf("%d Poisson arrivals instead of about 80000", len(calls))
	}
	if !slices.IsSortedFunc(calls, func(a, b Call) int { return int(a.At - b.At) }) {
		t.Error("times go back")
	}
}

func TestCountsOfSeedsSpreadAsPoissonCountsDo(t *testing.T) {
	const seeds, mean = 1000, 2000
	sum, squares := 0.0, 0.0
	for seed := range uint64(seeds) {
		z := float64(len(plan(Poisson, 200, mean/200, seed))-mean) / math.Sqrt(mean)
		sum += z
		squares += z * z
	}
	// Of 1,000 such numbers the mean has standard deviation 0.03, their own standard deviation has 0.02.
	if bias, spread := sum/seeds, math.Sqrt(squares/seeds); math.Abs(bias) > 0.15 || math.Abs(spread-1) > 0.12 {
		t.Errorf("mean %g, standard deviation %g", bias, spread)
	}
}

func TestPoissonDistancesAreExponential(t *testing.T) {
	calls := plan(Poisson, 100, 1000, 7)
	sum, squares := 0.0, 0.0
	for number := 1; number < len(calls); number++ {
		distance := (calls[number].At - calls[number-1].At).Seconds()
		sum += distance
		squares += distance * distance
	}
	mean := sum / float64(len(calls)-1)
	deviation := math.Sqrt(squares/float64(len(calls)-1) - mean*mean)
	if ratio := deviation / mean; math.Abs(ratio-1) > 0.02 {
		t.Errorf("the coefficient of variation is %g, of exponential distances it is 1", ratio)
	}
}

func TestASeedDecidesThePlan(t *testing.T) {
	if !slices.Equal(plan(Poisson, 100, 10, 3), plan(Poisson, 100, 10, 3)) {
		t.Error("the same seed made two plans")
	}
	if slices.Equal(plan(Poisson, 100, 10, 3), plan(Poisson, 100, 10, 4)) {
		t.Error("two seeds made the same plan")
	}
}

func TestSharesAreThoseThatWereAskedFor(t *testing.T) {
	var cancelled, tight int
	requests := make([]int, 3)
	calls := plan(Constant, 10_000, 10, 5)
	for _, call := range calls {
		requests[call.Request]++
		if call.CancelAfter > 0 {
			cancelled++
		}
		if call.Timeout < time.Minute {
			tight++
		}
		if call.CancelAfter > 50*time.Millisecond || (call.Timeout < time.Minute && call.Timeout > 5*time.Millisecond) {
			t.Fatalf("%+v ends later than it may", call)
		}
		if call.CancelAfter > 0 && call.Timeout < time.Minute {
			t.Fatalf("%+v ends in two ways", call)
		}
	}
	for _, share := range []struct {
		found int
		want  float64
	}{{cancelled, 0.1}, {tight, 0.2}, {requests[0], 0.6}, {requests[1], 0.3}, {requests[2], 0.1}} {
		if got := float64(share.found) / float64(len(calls)); math.Abs(got-share.want) > 0.01 {
			t.Errorf("a share is %g instead of %g", got, share.want)
		}
	}
}

func TestAShareDoesNotChangeTheRequests(t *testing.T) {
	with := NewCalls([]float64{1, 1}, Ends{CancelShare: 0.5, CancelWithin: time.Second, Timeout: time.Second}, 1)
	without := NewCalls([]float64{1, 1}, Ends{Timeout: time.Second}, 1)
	for range 1000 {
		if with.Next().Request != without.Next().Request {
			t.Fatal("cancelling changed what is asked")
		}
	}
}

func TestUnknownArrivalsAreRefused(t *testing.T) {
	if _, err := ParseArrivals("bursts"); err == nil {
		t.Error("bursts were accepted")
	}
}
