package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/evald/evald/clients/load/internal/ramp"
)

// shown are the percentages of the page.
var shown = []float64{50, 90, 99, 99.9}

// WriteText writes a report as a page for a person.
func WriteText(out io.Writer, r *Report, what string) error {
	fmt.Fprintf(out, "%s\n%d calls in %.1f s, %.1f calls/s; answered %.1f calls/s, %.0f rows/s\n\n",
		what, r.Count, r.Total.Seconds(), r.RPS, r.Goodput, float64(r.RowsAnswered)/r.Total.Seconds())
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "ms\tmean\tp50\tp90\tp99\tp99.9\tslowest\t\n")
	row(table, "from the intended time", Durations{r.Average, r.Fastest, r.Slowest, r.LatencyDistribution})
	row(table, "from the real time", r.Service)
	row(table, "sent late by", r.Lateness)
	if len(r.Classes) > 1 {
		for _, class := range r.Classes {
			row(table, fmt.Sprintf("%s (%d of %d)", class.Name, class.Answered, class.Count), class.Intended)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprint(table, "\nended\tby\tcalls\t\n")
	for _, ending := range r.Endings {
		fmt.Fprintf(table, "%s\t%s\t%d\t\n", strings.TrimSpace(ending.Code+" "+ending.Reason), ending.Maker, ending.Count)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if r.Unsent > 0 {
		fmt.Fprintf(out, "not sent: %d calls, because too many were in flight\n", r.Unsent)
	}
	if r.Check != nil {
		fmt.Fprintf(out, "checked: %d answers right, %d wrong; %d statuses without a reason\n",
			r.Check.Right, r.Check.Wrong, r.Check.Untyped)
	}
	if r.Ramp != nil {
		if err := steps(out, r.Ramp); err != nil {
			return err
		}
	}
	for _, why := range r.Invalid {
		fmt.Fprintf(out, "INVALID: %s\n", why)
	}
	return nil
}

// steps writes a ramp; the figures above it are those of its last good step.
func steps(out io.Writer, r *ramp.Ramp) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\ncalls/s\tanswered/s\tp50 ms\tp99 ms\tsent late p99 ms\t\n")
	for _, step := range r.Steps {
		fmt.Fprintf(table, "%.1f\t%.1f\t%s\t%s\t%s\t %s\n",
			step.Rate, step.Answered, milliseconds(step.P50), milliseconds(step.P99), milliseconds(step.Late), step.TooMuch)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "last good rate: %.1f calls/s; then: %s\n", r.LastGood, r.Stopped)
	return err
}

func row(out io.Writer, name string, d Durations) {
	fmt.Fprintf(out, "%s\t%s\t", name, milliseconds(d.Average))
	for _, percentage := range shown {
		for _, latency := range d.LatencyDistribution {
			if latency.Percentage == percentage {
				fmt.Fprintf(out, "%s\t", milliseconds(latency.Latency))
			}
		}
	}
	fmt.Fprintf(out, "%s\t\n", milliseconds(d.Slowest))
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.3f", float64(d)/float64(time.Millisecond))
}
