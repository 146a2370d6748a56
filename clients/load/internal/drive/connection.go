// Package drive sends calls: when a plan says so, or when the call before has ended.
package drive

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
)

// passThrough hands serialised messages over as they are, so that a call costs the generator as little as possible.
type passThrough struct{}

func (passThrough) Name() string { return "proto" }

func (passThrough) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*message.(*[]byte))}, nil
}

func (passThrough) Unmarshal(data mem.BufferSlice, message any) error {
	*message.(*[]byte) = data.Materialize()
	return nil
}

// Connections are open channels to one server.
type Connections []*grpc.ClientConn

// Connect opens so many channels and waits until each is ready, so that no call pays for a handshake.
func Connect(ctx context.Context, address string, count int) (Connections, error) {
	connections := make(Connections, 0, count)
	for range count {
		connection, err := grpc.NewClient(address,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			// A call that is sent twice would be counted once here and twice by the server.
			grpc.WithDisableRetry(),
			grpc.WithStatsHandler(watch{}),
			grpc.WithDefaultCallOptions(
				grpc.ForceCodecV2(passThrough{}),
				grpc.MaxCallRecvMsgSize(math.MaxInt32),
				grpc.MaxCallSendMsgSize(math.MaxInt32),
			),
		)
		if err == nil {
			connections = append(connections, connection)
			err = ready(ctx, connection)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cannot connect to %s: %w", address, err), connections.Close())
		}
	}
	return connections, nil
}

// Close closes all channels.
func (c Connections) Close() error {
	var failed error
	for _, connection := range c {
		failed = errors.Join(failed, connection.Close())
	}
	return failed
}

func ready(ctx context.Context, connection *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	connection.Connect()
	for {
		state := connection.GetState()
		if state == connectivity.Ready {
			return nil
		}
		if !connection.WaitForStateChange(ctx, state) {
			return fmt.Errorf("it is %s after 30 seconds", state)
		}
	}
}
