// Command evald-load sends calls to a server of evald, from an open or a closed loop, and tells how it answered.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/evald/evald/clients/load/internal/drive"
	"github.com/evald/evald/clients/load/internal/report"
	"github.com/evald/evald/clients/load/internal/workload"
)

const (
	exitWrong   = 1
	exitUsage   = 2
	exitInvalid = 3
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(arguments []string, out, problems io.Writer) int {
	o, flags, err := parse(arguments)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	var found *report.Report
	if err == nil {
		found, err = measure(o)
	}
	if err == nil {
		found.Options = given(flags)
		err = write(o, found, out, problems)
	}
	switch {
	case err != nil:
		fmt.Fprintf(problems, "evald-load: %v\n", err)
		return exitUsage
	case found.Check != nil && (found.Check.Wrong > 0 || found.Check.Untyped > 0):
		return exitWrong
	case !found.Valid:
		return exitInvalid
	}
	return 0
}

// measure connects and runs what the options ask for. An interrupt ends the run early; what was found until then is told.
func measure(o *options) (*report.Report, error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	load, err := requests(o)
	if err != nil {
		return nil, err
	}
	connections, err := drive.Connect(ctx, o.address, o.connections)
	if err != nil {
		return nil, err
	}
	s := &session{options: o, load: load, connections: connections}
	date := time.Now()
	found, err := s.run(ctx)
	if err != nil {
		return nil, errors.Join(err, connections.Close())
	}
	found.Date = date
	if ctx.Err() != nil {
		found.EndReason = "cancel"
		found.Doubt("the run was interrupted")
	}
	return found, connections.Close()
}

func requests(o *options) (*workload.Workload, error) {
	if o.method != "" {
		return workload.FromFiles(o.method, o.requests)
	}
	sizes, err := workload.ParseMix(o.mix)
	if err != nil {
		return nil, err
	}
	return workload.FromMix(sizes, o.intervals, o.seed)
}

// given are all flags with their values, so that a result says how to get it again.
func given(flags *flag.FlagSet) map[string]string {
	values := map[string]string{}
	flags.VisitAll(func(one *flag.Flag) { values[one.Name] = one.Value.String() })
	return values
}

func write(o *options, found *report.Report, out, problems io.Writer) error {
	page := out
	if o.json != "" {
		data, err := json.MarshalIndent(found, "", "  ")
		if err != nil {
			return err
		}
		data = append(data, '\n')
		if o.json == "-" {
			page = problems
			_, err = out.Write(data)
		} else {
			err = os.WriteFile(o.json, data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return report.WriteText(page, found, o.describe())
}
