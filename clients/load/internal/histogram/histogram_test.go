package histogram

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func exact(sorted []time.Duration, percentage float64) time.Duration {
	rank := max(int(math.Ceil(percentage/100*float64(len(sorted)))), 1)
	return sorted[rank-1]
}

func TestPercentilesAreExactWithinTheNamedError(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, spread := range []float64{0.1, 1, 3} {
		var h Histogram
		var all []time.Duration
		for range 20_000 {
			d := time.Duration(math.Exp(13 + spread*random.NormFloat64()))
			h.Add(d)
			all = append(all, d)
		}
		slices.Sort(all)
		for _, percentage := range []float64{0, 0.01, 1, 10, 50, 90, 99, 99.9, 99.99, 100} {
			want, got := exact(all, percentage), h.Percentile(percentage)
			if math.Abs(float64(got-want)) > RelativeError*float64(want)+1 {
				t.Errorf("spread %g, p%g: %v, exactly %v", spread, percentage, got, want)
			}
		}
		if h.Least() != all[0] || h.Most() != all[len(all)-1] || h.Count() != int64(len(all)) {
			t.Errorf("extremes %v %v of %d", h.Least(), h.Most(), h.Count())
		}
	}
}

func TestSmallValuesAreExact(t *testing.T) {
	for value := range 2 * sub {
		var h Histogram
		h.Add(0)
		h.Add(time.Duration(value))
		h.Add(time.Hour)
		if got := h.Percentile(60); got != time.Duration(value) {
			t.Fatalf("%d became %d", value, got)
		}
	}
}

func TestEveryValueLiesInItsBucket(t *testing.T) {
	for _, value := range []uint64{0, 1, 127, 128, 255, 256, 257, 1 << 20, 1<<20 + 1<<13, 1<<62 + 12345, math.MaxInt64} {
		low, high := edges(index(value))
		if value < low || value > high {
			t.Errorf("%d is not in [%d, %d]", value, low, high)
		}
		if value >= 2*sub && float64(high-low) > float64(low)/sub {
			t.Errorf("the bucket of %d is %d wide", value, high-low)
		}
	}
}

func TestNothingIsZero(t *testing.T) {
	var h Histogram
	if h.Percentile(50) != 0 || h.Mean() != 0 || h.Least() != 0 || h.Most() != 0 {
		t.Error("an empty histogram has values")
	}
}

func TestBetweenCountsEachOnce(t *testing.T) {
	var h Histogram
	random := rand.New(rand.NewPCG(3, 4))
	for range 5_000 {
		h.Add(time.Duration(random.Int64N(int64(time.Second))))
	}
	total, step := int64(0), time.Second/10
	for low := -step; low < time.Second+step; low += step {
		total += h.Between(low, low+step)
	}
	if total != h.Count() {
		t.Errorf("%d of %d", total, h.Count())
	}
}
