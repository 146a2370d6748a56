package evald

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	health "google.golang.org/grpc/health/grpc_health_v1"

	evaldv1 "github.com/evald/evald/clients/go/evald/v1"
)

// Client is a connection to an evald server; goroutines may share it. Its fields are the services of the server.
type Client struct {
	Evaluation  evaldv1.EvaluationServiceClient
	Models      evaldv1.ModelServiceClient
	Catalog     evaldv1.CatalogServiceClient
	Templates   evaldv1.TemplateServiceClient
	Calibration evaldv1.CalibrationServiceClient
	Judges      evaldv1.JudgeServiceClient

	connection *grpc.ClientConn
}

// New makes a client of the server at an address such as "localhost:50051". It connects when the first call is made.
//
// The connection is not encrypted unless [WithTLS] is given. With "dns:///evald-headless:50051" calls take turns among all
// addresses that the name has, as those of a headless Service; with any other address they share one connection.
func New(address string, options ...Option) (*Client, error) {
	settings := defaults()
	for _, option := range options {
		option(&settings)
	}
	if err := settings.check(address); err != nil {
		return nil, err
	}
	connection, err := grpc.NewClient(address, settings.dialOptions(strings.HasPrefix(address, "dns:"))...)
	if err != nil {
		return nil, wrongSetting("address", err.Error())
	}
	return &Client{
		Evaluation:  evaldv1.NewEvaluationServiceClient(connection),
		Models:      evaldv1.NewModelServiceClient(connection),
		Catalog:     evaldv1.NewCatalogServiceClient(connection),
		Templates:   evaldv1.NewTemplateServiceClient(connection),
		Calibration: evaldv1.NewCalibrationServiceClient(connection),
		Judges:      evaldv1.NewJudgeServiceClient(connection),
		connection:  connection,
	}, nil
}

// Connection is what the services call through; for services of other packages, such as reflection.
func (client *Client) Connection() *grpc.ClientConn { return client.connection }

// Close ends the connection and the calls in progress.
func (client *Client) Close() error { return client.connection.Close() }

// WaitReady waits until the server and all of its models answer. When the context ends before, the error says what was
// missing; its code is DeadlineExceeded or Canceled.
func (client *Client) WaitReady(ctx context.Context) error {
	service := health.NewHealthClient(client.connection)
	problem := "no answer"
	for {
		// Ready means that every model can answer; the server as a whole serves earlier.
		answer, err := service.Check(ctx, &health.HealthCheckRequest{Service: "readiness"}, grpc.WaitForReady(true))
		if err == nil && answer.Status == health.HealthCheckResponse_SERVING {
			return nil
		}
		var failure *Error
		switch {
		case err == nil:
			problem = "it is loading models, a model failed, or it is shutting down"
		case errors.As(err, &failure) && ctx.Err() == nil:
			problem = failure.Message
		}
		select {
		case <-ctx.Done():
			return notReady(ctx.Err(), client.connection.Target(), problem)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func notReady(cause error, target, problem string) *Error {
	code := codes.DeadlineExceeded
	if errors.Is(cause, context.Canceled) {
		code = codes.Canceled
	}
	return &Error{Code: code, Reason: ReasonNotReady, Message: fmt.Sprintf("%s is not ready: %s", target, problem)}
}
