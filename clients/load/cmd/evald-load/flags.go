package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/evald/evald/clients/load/internal/schedule"
	"github.com/evald/evald/clients/load/internal/workload"
)

// options are the flags of the command.
type options struct {
	address     string
	connections int

	method    string
	requests  []string
	mix       string
	intervals bool
	seed      uint64

	rate         float64
	arrivals     string
	ramp         string
	mostP99      time.Duration
	concurrency  int
	duration     time.Duration
	calls        int
	warmup       time.Duration
	mostInFlight int
	mostLate     time.Duration

	ends  schedule.Ends
	check bool
	json  string
}

const usage = `evald-load sends calls to a server of evald and tells how it answered.

  evald-load --rate 200 --duration 30s               open loop: calls come when they come, whatever the server does
  evald-load --concurrency 8 --duration 30s          closed loop: 8 callers, each waits for its answer
  evald-load --ramp 50,1.5,5s                        open loop at rates 50, 75, 112.5, ... for 5 s each, until it is too much

Exit codes: 0; 1 an answer was wrong or a status has no reason (--check); 2 wrong usage, or no server; 3 the figures are
not valid, and the last lines say why. Flags:
`

// parse reads the flags.
func parse(arguments []string) (*options, *flag.FlagSet, error) {
	o := &options{}
	f := flag.NewFlagSet("evald-load", flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprint(f.Output(), usage)
		f.PrintDefaults()
	}
	f.StringVar(&o.address, "address", "127.0.0.1:50051", "server, as HOST:PORT")
	f.IntVar(&o.connections, "connections", 1, "connections, used in turn")
	f.StringVar(&o.method, "method", "", "what to call with --request, as /package.Service/Method")
	f.Func("request", "`file` with a serialized request of the method; may be given several times", func(file string) error {
		o.requests = append(o.requests, file)
		return nil
	})
	f.StringVar(&o.mix, "mix", "1:60,16:30,256:9,4096:1", "without --request: rows and weights of generated Evaluate requests")
	f.BoolVar(&o.intervals, "intervals", false, "generated requests ask for intervals")
	f.Uint64Var(&o.seed, "seed", 1, "seed of texts, times and choices")
	f.Float64Var(&o.rate, "rate", 0, "open loop: calls a second")
	f.StringVar(&o.arrivals, "arrivals", string(schedule.Poisson), "open loop: poisson or constant")
	f.StringVar(&o.ramp, "ramp", "", "open loop at rising rates: `START,FACTOR,DURATION` of a step, for example 50,1.5,5s")
	f.DurationVar(&o.mostP99, "ramp-p99", time.Second, "the ramp ends at a step whose p99 is above")
	f.IntVar(&o.concurrency, "concurrency", 0, "closed loop: callers")
	f.DurationVar(&o.duration, "duration", 10*time.Second, "how long calls are sent")
	f.IntVar(&o.calls, "calls", 0, "closed loop: end after so many calls instead of the duration")
	f.DurationVar(&o.warmup, "warmup", 0, "send the same for so long before, and do not count it")
	f.IntVar(&o.mostInFlight, "max-in-flight", 1000, "open loop: what would be more is not sent, and counted")
	f.DurationVar(&o.mostLate, "max-lateness", 10*time.Millisecond,
		"open loop: the figures are not valid if more than 1 % of the calls are sent later than planned by more")
	f.Float64Var(&o.ends.CancelShare, "cancel", 0, "share of calls that are cancelled, 0 to 1")
	f.DurationVar(&o.ends.CancelWithin, "cancel-within", 5*time.Millisecond, "they are cancelled after a time between 0 and this")
	f.Float64Var(&o.ends.TightShare, "deadline-share", 0, "share of calls with a tight deadline, 0 to 1")
	f.DurationVar(&o.ends.TightWithin, "tight-deadline", 5*time.Millisecond, "their deadline is between 0 and this")
	f.DurationVar(&o.ends.Timeout, "timeout", 60*time.Second, "deadline of all other calls")
	f.BoolVar(&o.check, "check", false, "compare answers of equal requests, and fail if one is wrong or an error has no reason")
	f.StringVar(&o.json, "json", "", "write the results into this `file`; - is standard output, and the page goes to standard error")
	if err := f.Parse(arguments); err != nil {
		return nil, nil, err
	}
	if f.NArg() > 0 {
		return nil, nil, fmt.Errorf("what is %q?", f.Arg(0))
	}
	return o, f, o.validate()
}

func (o *options) validate() error {
	loops := 0
	for _, given := range []bool{o.rate != 0, o.ramp != "", o.concurrency != 0} {
		if given {
			loops++
		}
	}
	share := func(value float64) bool { return value >= 0 && value <= 1 }
	switch {
	case loops != 1:
		return errors.New("give one of --rate, --ramp and --concurrency")
	case o.rate < 0 || o.concurrency < 0 || o.calls < 0 || o.rate > 1e6:
		return errors.New("--rate, --concurrency and --calls must be above 0, and the rate at most 1e6")
	case o.connections < 1 || o.mostInFlight < 1:
		return errors.New("--connections and --max-in-flight must be at least 1")
	case o.duration <= 0 || o.ends.Timeout <= 0 || o.warmup < 0:
		return errors.New("--duration and --timeout must be above 0, --warmup not below")
	case !share(o.ends.CancelShare) || !share(o.ends.TightShare) || !share(o.ends.CancelShare+o.ends.TightShare):
		return errors.New("--cancel and --deadline-share must be between 0 and 1, and so must be their sum")
	case (o.method == "") != (len(o.requests) == 0):
		return errors.New("--method and --request need each other")
	case o.calls > 0 && o.concurrency == 0:
		return errors.New("--calls is for --concurrency; an open loop has a --duration")
	case o.method != "":
		return workload.CheckMethod(o.method)
	}
	return nil
}

// steps reads a ramp.
func steps(text string) (start, factor float64, each time.Duration, err error) {
	parts := strings.Split(text, ",")
	if len(parts) == 3 {
		var failed [3]error
		start, failed[0] = strconv.ParseFloat(parts[0], 64)
		factor, failed[1] = strconv.ParseFloat(parts[1], 64)
		each, failed[2] = time.ParseDuration(parts[2])
		if errors.Join(failed[:]...) == nil && start > 0 && start <= 1e6 && factor > 1 && factor <= 100 && each > 0 {
			return start, factor, each, nil
		}
	}
	return 0, 0, 0, fmt.Errorf("--ramp is START,FACTOR,DURATION with a factor above 1, for example 50,1.5,5s; not %q", text)
}
