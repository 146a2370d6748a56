package drive

import (
	"context"
	"sync"
	"time"

	"github.com/evald/evald/clients/load/internal/schedule"
)

// Limit ends a closed loop: at a time or after so many calls, whatever comes first; 0 is no limit.
type Limit struct {
	Duration time.Duration
	Calls    int
}

// Closed keeps `concurrency` calls in flight: each caller sends when its last call has ended. Good for what a server can do
// at most; what it says of latencies is that of callers who wait patiently. Calls that are in flight at the end are waited for.
// `took` gets each outcome, from one goroutine at a time.
func Closed(
	ctx context.Context, connections Connections, requests []Request, calls *schedule.Calls, concurrency int, limit Limit,
	took func(*Outcome),
) time.Duration {
	var drawing, telling sync.Mutex
	drawn := 0
	start := time.Now()
	next := func() (schedule.Call, bool) {
		drawing.Lock()
		defer drawing.Unlock()
		over := ctx.Err() != nil || (limit.Calls > 0 && drawn >= limit.Calls)
		if over || (limit.Duration > 0 && time.Since(start) >= limit.Duration) {
			return schedule.Call{}, false
		}
		drawn++
		return calls.Next(), true
	}
	var callers sync.WaitGroup
	for number := range concurrency {
		callers.Go(func() {
			connection := connections[number%len(connections)]
			for call, more := next(); more; call, more = next() {
				call.At = time.Since(start)
				outcome := perform(ctx, connection, &requests[call.Request], call, start)
				telling.Lock()
				took(&outcome)
				telling.Unlock()
			}
		})
	}
	callers.Wait()
	return time.Since(start)
}
