package drive

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/evald/evald/clients/load/internal/schedule"
)

func TestAnOpenLoopSendsWhateverTheServerDoes(t *testing.T) {
	const calls = 60
	var arrived sync.WaitGroup
	arrived.Add(calls)
	// Nobody is answered before all have come: a loop that waits for an answer would wait forever.
	connections := serve(t, 2, func(_ context.Context, request []byte) ([]byte, error) {
		arrived.Done()
		arrived.Wait()
		return request, nil
	})
	answered := 0
	Open(context.Background(), connections, requests, every(time.Millisecond, calls), calls, func(o *Outcome) {
		if o.Status == nil && string(o.Answer) == "body" {
			answered++
		}
	}, func(schedule.Call) { t.Error("a call was not sent") })
	if answered != calls {
		t.Errorf("%d of %d answered", answered, calls)
	}
}

func TestAStallShowsInAllCallsThatItWouldHaveHit(t *testing.T) {
	const stall = time.Second
	var busy sync.Mutex
	var first sync.Once
	connections := serve(t, 1, func(_ context.Context, request []byte) ([]byte, error) {
		busy.Lock()
		defer busy.Unlock()
		first.Do(func() { time.Sleep(stall) })
		return request, nil
	})
	slow, slowest := 0, time.Duration(0)
	// One call every 10 ms; those of the first half second wait half a second or more.
	Open(context.Background(), connections, requests, every(10*time.Millisecond, 100), 1000, func(o *Outcome) {
		if o.Intended() >= stall/2 {
			slow++
		}
		slowest = max(slowest, o.Intended())
	}, func(schedule.Call) { t.Error("a call was not sent") })
	if slow < 45 || slowest < stall {
		t.Errorf("%d calls waited half a second, the slowest %v", slow, slowest)
	}
}

func TestLatencyCountsFromTheIntendedTime(t *testing.T) {
	outcome := Outcome{Call: schedule.Call{At: time.Second}, Sent: 3 * time.Second, End: 4 * time.Second}
	if outcome.Intended() != 3*time.Second || outcome.Service() != time.Second || outcome.Late() != 2*time.Second {
		t.Errorf("%v %v %v", outcome.Intended(), outcome.Service(), outcome.Late())
	}
}

func TestWhatCannotBeSentIsCounted(t *testing.T) {
	release := make(chan struct{})
	connections := serve(t, 1, func(_ context.Context, request []byte) ([]byte, error) {
		<-release
		return request, nil
	})
	took, unsent := 0, 0
	Open(context.Background(), connections, requests, every(0, 50), 5, func(*Outcome) { took++ }, func(schedule.Call) {
		unsent++
		if unsent == 45 {
			close(release)
		}
	})
	if took != 5 || unsent != 45 {
		t.Errorf("%d sent, %d not", took, unsent)
	}
}

func TestCallersLeave(t *testing.T) {
	connections := serve(t, 1, func(ctx context.Context, _ []byte) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	plan := []schedule.Call{
		{Timeout: time.Minute, CancelAfter: 20 * time.Millisecond},
		{Timeout: 20 * time.Millisecond},
		{Timeout: 1},
	}
	ends := map[codes.Code]bool{}
	Open(context.Background(), connections, requests, plan, len(plan), func(o *Outcome) {
		ends[o.Status.Code()] = o.Left
		if o.Reached == (o.Call.Timeout == 1) {
			t.Errorf("%+v reached the server: %v", o.Call, o.Reached)
		}
	}, nil)
	if !ends[codes.Canceled] || !ends[codes.DeadlineExceeded] {
		t.Errorf("%v", ends)
	}
}

func TestAClosedLoopKeepsSoManyCallsInFlight(t *testing.T) {
	var inFlight, most atomic.Int64
	connections := serve(t, 2, func(_ context.Context, request []byte) ([]byte, error) {
		now := inFlight.Add(1)
		defer inFlight.Add(-1)
		for known := most.Load(); now > known && !most.CompareAndSwap(known, now); known = most.Load() {
		}
		return request, nil
	})
	calls := schedule.NewCalls([]float64{1}, schedule.Ends{Timeout: time.Minute}, 1)
	took := 0
	Closed(context.Background(), connections, requests, calls, 4, Limit{Calls: 500}, func(*Outcome) { took++ })
	if took != 500 || most.Load() > 4 {
		t.Errorf("%d calls, %d at once", took, most.Load())
	}
	took = 0
	total := Closed(context.Background(), connections, requests, calls, 2, Limit{Duration: 50 * time.Millisecond}, func(*Outcome) { took++ })
	if took == 0 || total < 50*time.Millisecond {
		t.Errorf("%d calls in %v", took, total)
	}
}

func TestAnInterruptedRunEnds(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	connections := serve(t, 1, func(_ context.Context, request []byte) ([]byte, error) {
		stop()
		return request, nil
	})
	Open(ctx, connections, requests, every(time.Millisecond, 1_000_000), 10, func(*Outcome) {}, func(schedule.Call) {})
	if ctx.Err() == nil {
		t.Error("it was not interrupted")
	}
}

func TestNoServerIsAnError(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Connect(ctx, "127.0.0.1:1", 1); err == nil {
		t.Error("connected to nothing")
	}
}
