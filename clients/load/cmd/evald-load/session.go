package main

import (
	"context"
	"fmt"
	"time"

	"github.com/evald/evald/clients/load/internal/check"
	"github.com/evald/evald/clients/load/internal/drive"
	"github.com/evald/evald/clients/load/internal/ramp"
	"github.com/evald/evald/clients/load/internal/record"
	"github.com/evald/evald/clients/load/internal/report"
	"github.com/evald/evald/clients/load/internal/schedule"
	"github.com/evald/evald/clients/load/internal/workload"
)

// settle is how long the server gets between two steps of a ramp.
const settle = time.Second

// session is one run of the command.
type session struct {
	options     *options
	load        *workload.Workload
	connections drive.Connections
	// answers are compared over all steps of a run; nil if none are.
	answers *check.Answers
	untyped int64
}

// run does what the options ask for.
func (s *session) run(ctx context.Context) (*report.Report, error) {
	o := s.options
	if o.check {
		s.answers = check.New(s.load.Requests)
	}
	var warmup *report.Warmup
	if o.warmup > 0 {
		// Another seed, so that the measured calls do not begin with those that the server has just seen.
		rate := o.rate
		if o.ramp != "" {
			rate, _, _, _ = steps(o.ramp)
		}
		found, total, err := s.loop(ctx, rate, o.warmup, 0, o.seed+1)
		if err != nil {
			return nil, err
		}
		warmup = report.WarmupOf(found, total)
	}
	measured, err := s.measured(ctx)
	if err != nil {
		return nil, err
	}
	measured.Warmup = warmup
	if s.answers != nil {
		measured.Check = &report.Check{Right: s.answers.Right, Wrong: s.answers.Wrong, Untyped: s.untyped}
	}
	return measured, nil
}

func (s *session) measured(ctx context.Context) (*report.Report, error) {
	o := s.options
	if o.ramp != "" {
		return s.climb(ctx)
	}
	found, total, err := s.loop(ctx, o.rate, o.duration, o.calls, o.seed)
	if err != nil {
		return nil, err
	}
	measured := report.New(found, total)
	s.judge(measured, found)
	return measured, nil
}

// judge says why figures would not mean what they say.
func (s *session) judge(measured *report.Report, found *record.Record) {
	if late := found.Late.Percentile(99); late > s.options.mostLate && s.options.concurrency == 0 {
		measured.Doubt(fmt.Sprintf("1 %% of the calls were sent %v later than planned or more: this machine is the limit, not the server",
			late.Round(time.Microsecond)))
	}
	if measured.Unsent > 0 {
		measured.Doubt(fmt.Sprintf("%d calls were not sent, because %d were in flight: latencies leave them out",
			measured.Unsent, s.options.mostInFlight))
	}
	if measured.Count == 0 {
		measured.Doubt("no call was sent")
	}
}

// loop sends calls for a time, from an open loop if there is a rate.
func (s *session) loop(
	ctx context.Context, rate float64, duration time.Duration, most int, seed uint64,
) (*record.Record, time.Duration, error) {
	o := s.options
	found := record.New(s.load.Requests)
	took := func(outcome *drive.Outcome) {
		found.Took(outcome)
		if s.answers != nil {
			s.answers.Took(outcome)
		}
	}
	calls := schedule.NewCalls(s.load.Weights, o.ends, seed)
	var total time.Duration
	if rate == 0 {
		limit := drive.Limit{Duration: duration}
		if most > 0 {
			limit = drive.Limit{Calls: most}
		}
		total = drive.Closed(ctx, s.connections, s.load.Requests, calls, o.concurrency, limit, took)
	} else {
		arrivals, err := schedule.ParseArrivals(o.arrivals)
		if err != nil {
			return nil, 0, err
		}
		plan := schedule.Open(calls, arrivals, rate, duration, seed)
		total = drive.Open(ctx, s.connections, s.load.Requests, plan, o.mostInFlight, took, found.Unsent)
	}
	s.untyped += found.Untyped()
	return found, total, nil
}

// climb raises the rate until it is too much.
func (s *session) climb(ctx context.Context) (*report.Report, error) {
	rate, factor, each, err := steps(s.options.ramp)
	if err != nil {
		return nil, err
	}
	climbed := &ramp.Ramp{Steps: []ramp.Step{}}
	var best *report.Report
	for seed := s.options.seed; ctx.Err() == nil; seed++ {
		found, total, err := s.loop(ctx, rate, each, 0, seed)
		if err != nil {
			return nil, err
		}
		step := ramp.Judge(rate, found, each, total, s.options.mostP99, s.options.mostLate)
		climbed.Steps = append(climbed.Steps, step)
		climbed.Stopped = step.TooMuch
		if best == nil || step.TooMuch == "" {
			best = report.New(found, total)
		}
		if step.TooMuch != "" {
			break
		}
		climbed.LastGood = rate
		rate *= factor
		time.Sleep(settle)
	}
	best.Ramp = climbed
	if climbed.LastGood == 0 {
		best.Doubt("already the first rate was too much: " + climbed.Stopped)
	}
	return best, nil
}

// describe is the first line of the page.
func (o *options) describe() string {
	what := o.method
	if what == "" {
		what = "Evaluate, rows:weight " + o.mix
	}
	loop := fmt.Sprintf("closed loop, %d callers", o.concurrency)
	switch {
	case o.ramp != "":
		loop = "open loop, ramp " + o.ramp
	case o.rate != 0:
		loop = fmt.Sprintf("open loop, %g calls/s (%s)", o.rate, o.arrivals)
	}
	return fmt.Sprintf("evald-load: %s to %s, %s", what, o.address, loop)
}
