// Package histogram keeps how long calls took: counts in buckets whose width grows with the value, as HdrHistogram does.
package histogram

import (
	"math"
	"math/bits"
	"time"
)

const (
	subBits = 7
	// sub is the number of buckets between a power of two and the next one.
	sub = 1 << subBits
	// RelativeError bounds how far a percentile is from the exact one: a bucket is at most 1/128 of its lower edge wide, and
	// its middle stands for all that it holds.
	RelativeError = 1.0 / (2 * sub)
)

// Histogram counts durations; memory does not depend on how many there are. The zero value is empty and ready.
type Histogram struct {
	counts [(64 - subBits) * sub]int64
	count  int64
	sum    float64
	least  time.Duration
	most   time.Duration
}

// Add counts a duration; a negative one counts as 0.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	if h.count == 0 || d < h.least {
		h.least = d
	}
	h.most = max(h.most, d)
	h.counts[index(uint64(d))]++
	h.count++
	h.sum += float64(d)
}

// Count is the number of durations.
func (h *Histogram) Count() int64 { return h.count }

// Least is the shortest duration; 0 if there is none.
func (h *Histogram) Least() time.Duration { return h.least }

// Most is the longest duration; 0 if there is none.
func (h *Histogram) Most() time.Duration { return h.most }

// Mean is the arithmetic mean; 0 if there is none.
func (h *Histogram) Mean() time.Duration {
	if h.count == 0 {
		return 0
	}
	return time.Duration(h.sum / float64(h.count))
}

// Percentile is the smallest duration that at least the given percentage (0 to 100) of all durations do not exceed, within
// RelativeError; 0 if there is none. The extremes are exact.
func (h *Histogram) Percentile(percentage float64) time.Duration {
	rank := int64(math.Ceil(percentage / 100 * float64(h.count)))
	if rank <= 1 {
		return h.least
	}
	if rank >= h.count {
		return h.most
	}
	seen := int64(0)
	for bucket, count := range h.counts {
		seen += count
		if seen >= rank {
			return h.middle(bucket)
		}
	}
	return h.most
}

// Between counts the durations above low and not above high, by the middles of their buckets.
func (h *Histogram) Between(low, high time.Duration) int64 {
	found := int64(0)
	for bucket, count := range h.counts {
		if count == 0 {
			continue
		}
		if middle := h.middle(bucket); middle > low && middle <= high {
			found += count
		}
	}
	return found
}

// middle stands for all durations of a bucket.
func (h *Histogram) middle(bucket int) time.Duration {
	low, high := edges(bucket)
	return min(max(time.Duration(low+(high-low)/2), h.least), h.most)
}

// index is the bucket of a value: values below 2*sub have one of their own.
func index(value uint64) int {
	shift := max(bits.Len64(value)-subBits-1, 0)
	return shift*sub + int(value>>shift)
}

// edges is the first value of a bucket and the first behind it, or twice the same where a bucket has one value.
func edges(bucket int) (low, high uint64) {
	if bucket < 2*sub {
		return uint64(bucket), uint64(bucket)
	}
	shift := bucket/sub - 1
	start := uint64(bucket%sub + sub)
	return start << shift, (start + 1) << shift
}
