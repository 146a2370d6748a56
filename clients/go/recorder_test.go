package evald_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	evaldv1 "github.com/evald/evald/clients/go/evald/v1"
)

// recorder is a gRPC server that keeps what calls carry and answers as a test says; for what evald itself cannot show.
type recorder struct {
	evaldv1.UnimplementedEvaluationServiceServer
	evaldv1.UnimplementedJudgeServiceServer
	address string
	calls   atomic.Int32
	headers atomic.Pointer[metadata.MD]
	// answer is called with the number of the call, from 1.
	answer func(ctx context.Context, call int32) (*evaldv1.EvaluateResponse, error)
}

func record(t *testing.T, answer func(context.Context, int32) (*evaldv1.EvaluateResponse, error), options ...grpc.ServerOption,
) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	recorder := &recorder{address: listener.Addr().String(), answer: answer}
	server := grpc.NewServer(options...)
	evaldv1.RegisterEvaluationServiceServer(server, recorder)
	evaldv1.RegisterJudgeServiceServer(server, recorder)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return recorder
}

func fine(context.Context, int32) (*evaldv1.EvaluateResponse, error) {
	return &evaldv1.EvaluateResponse{}, nil
}

func (recorder *recorder) count(ctx context.Context) (*evaldv1.EvaluateResponse, error) {
	headers, _ := metadata.FromIncomingContext(ctx)
	recorder.headers.Store(&headers)
	return recorder.answer(ctx, recorder.calls.Add(1))
}

// Evaluate counts the call and answers it.
func (recorder *recorder) Evaluate(ctx context.Context, _ *evaldv1.EvaluateRequest) (*evaldv1.EvaluateResponse, error) {
	return recorder.count(ctx)
}

// PlanJudge fails as the answer does.
func (recorder *recorder) PlanJudge(ctx context.Context, _ *evaldv1.PlanJudgeRequest) (*evaldv1.PlanJudgeResponse, error) {
	_, err := recorder.count(ctx)
	return &evaldv1.PlanJudgeResponse{}, err
}

func (recorder *recorder) header(name string) []string { return recorder.headers.Load().Get(name) }
