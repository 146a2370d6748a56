// Package report writes what a run found: JSON for programs, in the names of ghz where the meaning is the same, and a page of text.
package report

import (
	"time"

	"google.golang.org/grpc/codes"

	"github.com/evald/evald/clients/load/internal/histogram"
	"github.com/evald/evald/clients/load/internal/ramp"
	"github.com/evald/evald/clients/load/internal/record"
)

// Percentages that reports tell.
var percentages = []float64{10, 25, 50, 75, 90, 95, 99, 99.9}

// marks is the number of buckets of the histogram, as ghz has them.
const marks = 10

// Report is the JSON. Durations are nanoseconds, as in ghz, but for the marks of the histogram, which are seconds.
type Report struct {
	// What ghz has, too. Latencies are those of answered calls, from the intended time.
	Date                   time.Time        `json:"date"`
	EndReason              string           `json:"endReason"`
	Options                any              `json:"options"`
	Count                  int64            `json:"count"`
	Total                  time.Duration    `json:"total"`
	Average                time.Duration    `json:"average"`
	Fastest                time.Duration    `json:"fastest"`
	Slowest                time.Duration    `json:"slowest"`
	RPS                    float64          `json:"rps"`
	ErrorDistribution      map[string]int64 `json:"errorDistribution"`
	StatusCodeDistribution map[string]int64 `json:"statusCodeDistribution"`
	LatencyDistribution    []Latency        `json:"latencyDistribution"`
	Histogram              []Mark           `json:"histogram"`

	// Whether the figures mean what they say, and if not, why.
	Valid   bool     `json:"valid"`
	Invalid []string `json:"invalid"`
	// Calls a second that were answered.
	Goodput float64 `json:"goodput"`
	// Calls whose headers were sent: those that a server can count.
	Reached int64 `json:"reached"`
	// Calls that were planned and not sent, because too many were in flight.
	Unsent       int64 `json:"unsent"`
	RowsSent     int64 `json:"rowsSent"`
	RowsAnswered int64 `json:"rowsAnswered"`
	// How much later than planned calls were sent.
	Lateness Durations `json:"lateness"`
	// From when calls were really sent.
	Service Durations `json:"service"`
	Endings []Ending  `json:"endings"`
	Classes []Class   `json:"classes"`
	Warmup  *Warmup   `json:"warmup,omitempty"`
	Check   *Check    `json:"check,omitempty"`
	// Of a ramp; all other figures are then those of the last good step.
	Ramp *ramp.Ramp `json:"ramp,omitempty"`
	// RelativeError bounds the error of percentiles between the extremes.
	RelativeError float64 `json:"relativeError"`
}

// Latency is a percentile.
type Latency struct {
	Percentage float64       `json:"percentage"`
	Latency    time.Duration `json:"latency"`
}

// Mark is a bucket that ends at a number of seconds.
type Mark struct {
	Mark      float64 `json:"mark"`
	Count     int64   `json:"count"`
	Frequency float64 `json:"frequency"`
}

// Durations summarizes a histogram.
type Durations struct {
	Average             time.Duration `json:"average"`
	Fastest             time.Duration `json:"fastest"`
	Slowest             time.Duration `json:"slowest"`
	LatencyDistribution []Latency     `json:"latencyDistribution"`
}

// Ending counts calls that ended alike.
type Ending struct {
	// Code as gRPC's specification and Prometheus metrics write it, for example DEADLINE_EXCEEDED.
	Code   string       `json:"code"`
	Reason string       `json:"reason"`
	Maker  record.Maker `json:"maker"`
	Count  int64        `json:"count"`
}

// Class is requests of one kind.
type Class struct {
	Name         string    `json:"name"`
	Count        int64     `json:"count"`
	Answered     int64     `json:"answered"`
	Unsent       int64     `json:"unsent"`
	RowsSent     int64     `json:"rowsSent"`
	RowsAnswered int64     `json:"rowsAnswered"`
	Intended     Durations `json:"intended"`
	Service      Durations `json:"service"`
}

// Warmup is what was sent before anything was measured.
type Warmup struct {
	Total        time.Duration `json:"total"`
	Count        int64         `json:"count"`
	Reached      int64         `json:"reached"`
	RowsAnswered int64         `json:"rowsAnswered"`
	Endings      []Ending      `json:"endings"`
}

// Check is what comparing answers found.
type Check struct {
	// Answers that were compared with the first one of the same request, and those that differed.
	Right int64 `json:"right"`
	Wrong int64 `json:"wrong"`
	// Calls whose status owes a reason.
	Untyped int64 `json:"untyped"`
}

// New is the report of a record.
func New(found *record.Record, total time.Duration) *Report {
	all := &found.All
	report := &Report{
		EndReason: "normal", Count: all.Calls, Total: total, Valid: true, Invalid: []string{},
		Average: all.Intended.Mean(), Fastest: all.Intended.Least(), Slowest: all.Intended.Most(),
		RPS: float64(all.Calls) / total.Seconds(), Goodput: float64(all.Answered) / total.Seconds(),
		ErrorDistribution: found.Errors, StatusCodeDistribution: map[string]int64{},
		LatencyDistribution: latencies(&all.Intended), Histogram: buckets(&all.Intended),
		Reached: all.Reached, Unsent: all.Unsent, RowsSent: all.RowsSent, RowsAnswered: all.RowsAnswered,
		Lateness: durations(&found.Late), Service: durations(&all.Service),
		Endings: endings(found), RelativeError: histogram.RelativeError,
	}
	for ending, count := range found.Endings {
		report.StatusCodeDistribution[ending.Code.String()] += count
	}
	for _, class := range found.Classes() {
		report.Classes = append(report.Classes, Class{
			Name: class.Name, Count: class.Calls, Answered: class.Answered, Unsent: class.Unsent,
			RowsSent: class.RowsSent, RowsAnswered: class.RowsAnswered,
			Intended: durations(&class.Intended), Service: durations(&class.Service),
		})
	}
	return report
}

// Doubt marks the figures as not meaning what they say.
func (r *Report) Doubt(why string) {
	r.Valid = false
	r.Invalid = append(r.Invalid, why)
}

// WarmupOf is the part of a report that tells what was sent before.
func WarmupOf(found *record.Record, total time.Duration) *Warmup {
	return &Warmup{total, found.All.Calls, found.All.Reached, found.All.RowsAnswered, endings(found)}
}

func durations(h *histogram.Histogram) Durations {
	return Durations{h.Mean(), h.Least(), h.Most(), latencies(h)}
}

func latencies(h *histogram.Histogram) []Latency {
	found := make([]Latency, 0, len(percentages))
	for _, percentage := range percentages {
		found = append(found, Latency{percentage, h.Percentile(percentage)})
	}
	return found
}

// buckets are equally wide from the fastest to the slowest; the first mark is the fastest itself, as in ghz.
func buckets(h *histogram.Histogram) []Mark {
	found := []Mark{}
	if h.Count() == 0 {
		return found
	}
	low := time.Duration(-1)
	for number := range marks + 1 {
		high := h.Least() + (h.Most()-h.Least())*time.Duration(number)/marks
		count := h.Between(low, high)
		found = append(found, Mark{high.Seconds(), count, float64(count) / float64(h.Count())})
		low = high
	}
	return found
}

func endings(found *record.Record) []Ending {
	list := []Ending{}
	for _, ending := range found.SortedEndings() {
		list = append(list, Ending{names[ending.Code], ending.Reason, ending.Maker, found.Endings[ending]})
	}
	return list
}

var names = map[codes.Code]string{
	codes.OK: "OK", codes.Canceled: "CANCELLED", codes.Unknown: "UNKNOWN", codes.InvalidArgument: "INVALID_ARGUMENT",
	codes.DeadlineExceeded: "DEADLINE_EXCEEDED", codes.NotFound: "NOT_FOUND", codes.AlreadyExists: "ALREADY_EXISTS",
	codes.PermissionDenied: "PERMISSION_DENIED", codes.ResourceExhausted: "RESOURCE_EXHAUSTED",
	codes.FailedPrecondition: "FAILED_PRECONDITION", codes.Aborted: "ABORTED", codes.OutOfRange: "OUT_OF_RANGE",
	codes.Unimplemented: "UNIMPLEMENTED", codes.Internal: "INTERNAL", codes.Unavailable: "UNAVAILABLE",
	codes.DataLoss: "DATA_LOSS", codes.Unauthenticated: "UNAUTHENTICATED",
}
