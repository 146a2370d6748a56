package drive

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/evald/evald/clients/load/internal/schedule"
)

// Open sends the calls of a plan at their times, whatever the server does, over the connections in turn. A call that would be
// more than `mostInFlight` is not sent: `unsent` gets it instead. `took` and `unsent` run in one goroutine at a time. Returns
// how long it took until the last call had ended.
func Open(
	ctx context.Context, connections Connections, requests []Request, plan []schedule.Call, mostInFlight int,
	took func(*Outcome), unsent func(schedule.Call),
) time.Duration {
	var telling sync.Mutex
	var flying sync.WaitGroup
	var inFlight atomic.Int64
	start := time.Now()
	for number, call := range plan {
		if !sleepUntil(ctx, start, call.At) {
			break
		}
		if inFlight.Load() >= int64(mostInFlight) {
			telling.Lock()
			unsent(call)
			telling.Unlock()
			continue
		}
		inFlight.Add(1)
		flying.Go(func() {
			outcome := perform(ctx, connections[number%len(connections)], &requests[call.Request], call, start)
			inFlight.Add(-1)
			telling.Lock()
			took(&outcome)
			telling.Unlock()
		})
	}
	flying.Wait()
	return time.Since(start)
}

// sleepUntil waits for a time from the start; false if the run was ended meanwhile.
func sleepUntil(ctx context.Context, start time.Time, at time.Duration) bool {
	if wait := at - time.Since(start); wait > 0 {
		time.Sleep(wait)
	}
	return ctx.Err() == nil
}
