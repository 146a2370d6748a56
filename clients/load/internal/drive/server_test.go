package drive

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/evald/evald/clients/load/internal/schedule"
)

// serve starts a server that answers every method by `answer`, and opens connections to it.
func serve(t *testing.T, connections int, answer func(ctx context.Context, request []byte) ([]byte, error)) Connections {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(
		grpc.ForceServerCodecV2(passThrough{}),
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
			var request []byte
			if err := stream.RecvMsg(&request); err != nil {
				return err
			}
			answered, err := answer(stream.Context(), request)
			if err != nil {
				return err
			}
			return stream.SendMsg(&answered)
		}),
	)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	opened, err := Connect(context.Background(), listener.Addr().String(), connections)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened
}

var requests = []Request{{Class: "a", Method: "/test.Service/Echo", Body: []byte("body"), Rows: 2}}

// every plans calls in equal distances.
func every(distance time.Duration, calls int) []schedule.Call {
	plan := make([]schedule.Call, calls)
	for number := range plan {
		plan[number] = schedule.Call{At: time.Duration(number) * distance, Timeout: time.Minute}
	}
	return plan
}
