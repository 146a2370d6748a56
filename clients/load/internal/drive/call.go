package drive

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"github.com/evald/evald/clients/load/internal/schedule"
)

// Request is a message that is sent again and again.
type Request struct {
	// Class names requests of one kind, for example "256 rows".
	Class string
	// Method is the full name, as /package.Service/Method.
	Method string
	Body   []byte
	// Rows of the message; 0 if it is not known.
	Rows int
}

// Outcome is how one call went; times count from the start of the run.
type Outcome struct {
	Call schedule.Call
	// Sent is when it was really sent, End when it ended.
	Sent, End time.Duration
	// Status is nil if it was answered.
	Status *status.Status
	// Reached tells that its headers were sent, so that the server can know of it. A call that ends within microseconds never
	// leaves this process.
	Reached bool
	// Left tells that the caller had gone, by cancelling or at its deadline, when the call ended.
	Left bool
	// Answer is the serialised message; nil if the call failed.
	Answer []byte
}

// Intended is how long a caller waited that wanted an answer at the planned time: the time that users see.
func (o *Outcome) Intended() time.Duration { return o.End - o.Call.At }

// Service is how long the call took from when it was sent.
func (o *Outcome) Service() time.Duration { return o.End - o.Sent }

// Late is how much later than planned it was sent: the generator's own part.
func (o *Outcome) Late() time.Duration { return o.Sent - o.Call.At }

// reachedKey is where a call's context holds the Reached of its outcome.
type reachedKey struct{}

// watch marks calls whose headers are sent. gRPC tells it in the goroutine of the call.
type watch struct{}

func (watch) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if _, is := event.(*stats.OutHeader); is {
		*ctx.Value(reachedKey{}).(*bool) = true
	}
}

func (watch) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (watch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (watch) HandleConn(context.Context, stats.ConnStats)                       {}

// perform makes one call.
func perform(
	ctx context.Context, connection *grpc.ClientConn, request *Request, call schedule.Call, start time.Time,
) Outcome {
	ctx, stop := context.WithTimeout(ctx, call.Timeout)
	defer stop()
	if call.CancelAfter > 0 {
		timer := time.AfterFunc(call.CancelAfter, stop)
		defer timer.Stop()
	}
	outcome := Outcome{Call: call, Sent: time.Since(start)}
	err := connection.Invoke(context.WithValue(ctx, reachedKey{}, &outcome.Reached), request.Method, &request.Body, &outcome.Answer)
	outcome.End = time.Since(start)
	if err != nil {
		outcome.Status, outcome.Left, outcome.Answer = status.Convert(err), ctx.Err() != nil, nil
	}
	return outcome
}
