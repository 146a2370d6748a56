package evald

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

const tenantKey = "evald-tenant"

// bearer is the credential of [WithToken].
type bearer struct {
	token  string
	secure bool
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (bearer bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + bearer.token}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (bearer bearer) RequireTransportSecurity() bool { return bearer.secure }

func (settings *settings) unary(ctx context.Context, method string, request, answer any, connection *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	if _, given := ctx.Deadline(); !given {
		limited, cancel := context.WithTimeout(ctx, settings.deadline)
		defer cancel()
		ctx = limited
	}
	return errorOf(invoke(settings.outgoing(ctx), method, request, answer, connection, options...))
}

func (settings *settings) stream(ctx context.Context, description *grpc.StreamDesc, connection *grpc.ClientConn,
	method string, open grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	stream, err := open(settings.outgoing(ctx), description, connection, method, options...)
	if err != nil {
		return nil, errorOf(err)
	}
	return typedStream{stream}, nil
}

func (settings *settings) outgoing(ctx context.Context) context.Context {
	if settings.tenant == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, tenantKey, settings.tenant)
}

// typedStream gives errors as calls with one answer do.
type typedStream struct{ grpc.ClientStream }

func (stream typedStream) Header() (metadata.MD, error) {
	header, err := stream.ClientStream.Header()
	return header, streamError(err)
}

func (stream typedStream) CloseSend() error { return streamError(stream.ClientStream.CloseSend()) }

func (stream typedStream) SendMsg(message any) error {
	return streamError(stream.ClientStream.SendMsg(message))
}

func (stream typedStream) RecvMsg(message any) error {
	return streamError(stream.ClientStream.RecvMsg(message))
}

// streamError leaves the end of a stream as it is: that is no failure.
func streamError(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return errorOf(err)
}
