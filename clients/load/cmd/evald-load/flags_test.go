package main

import (
	"strings"
	"testing"
	"time"
)

func TestFlagsThatContradictAreRefused(t *testing.T) {
	for _, line := range []string{
		"", "--rate 1 --concurrency 1", "--rate -1", "--rate 1 --ramp 1,2,3s", "--rate 1 --calls 5", "--rate 2e6",
		"--concurrency 1 --connections 0", "--rate 1 --cancel 0.6 --deadline-share 0.6", "--rate 1 --cancel -0.1",
		"--rate 1 --method /a.B/C", "--rate 1 --request file", "--rate 1 --method B --request file", "--rate 1 what",
		"--rate 1 --duration 0s", "--rate 1 --timeout -1s",
	} {
		if _, _, err := parse(strings.Fields(line)); err == nil {
			t.Errorf("%q was accepted", line)
		}
	}
	o, _, err := parse(strings.Fields("--rate 1.5 --method /a.B/C --request x --request y --cancel 0.5 --deadline-share 0.5"))
	if err != nil || len(o.requests) != 2 {
		t.Errorf("%v", err)
	}
}

func TestARampIsReadOrRefused(t *testing.T) {
	start, factor, each, err := steps("50,1.5,5s")
	if err != nil || start != 50 || factor != 1.5 || each != 5*time.Second {
		t.Errorf("%g %g %v %v", start, factor, each, err)
	}
	for _, text := range []string{"", "50", "50,1.5", "50,1,5s", "0,2,5s", "50,2,0s", "50,2,5", "x,2,5s", "50,NaN,5s", "50,2,5s,1"} {
		if _, _, _, err := steps(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
