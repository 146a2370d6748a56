package evald_test

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	evald "github.com/evald/evald/clients/go"
	evaldv1 "github.com/evald/evald/clients/go/evald/v1"
)

func evaluation(metrics ...string) *evaldv1.EvaluateRequest {
	return &evaldv1.EvaluateRequest{
		Spec:      &evaldv1.EvaluationSpec{Metrics: evald.Metrics(metrics...)},
		Instances: []*evaldv1.Instance{evald.TextRow("the cat sat", "the cat sat"), evald.TextRow("a dog", "a cat")},
	}
}

func failureOf(t *testing.T, err error) *evald.Error {
	t.Helper()
	var failure *evald.Error
	if !errors.As(err, &failure) {
		t.Fatalf("no *evald.Error: %v", err)
	}
	return failure
}

func TestEvaluateGivesValues(t *testing.T) {
	answer, err := server(t).Evaluation.Evaluate(t.Context(), evaluation("exact_match", "rouge_1"))
	if err != nil {
		t.Fatal(err)
	}
	metrics := answer.Systems[0].Metrics
	if got := evald.Number(metrics[0].Estimate.Value); got != 50 {
		t.Errorf("exact_match is %v, not 50", got)
	}
	if got := evald.Number(metrics[1].Estimate.Value); got != 0.75 {
		t.Errorf("rouge_1 is %v, not 0.75", got)
	}
}

func TestNumberTellsUnsetFromZero(t *testing.T) {
	zero := 0.0
	if evald.Number(&zero) != 0 || !math.IsNaN(evald.Number(nil)) {
		t.Error("unset is NaN, zero is 0")
	}
}

func TestWrongFieldsAreNamed(t *testing.T) {
	_, err := server(t).Evaluation.Evaluate(t.Context(), evaluation("blue"))
	failure := failureOf(t, err)
	if failure.Code != codes.InvalidArgument || failure.CodeName() != "INVALID_ARGUMENT" || status.Code(err) != failure.Code {
		t.Errorf("code %v, %s", failure.Code, failure.CodeName())
	}
	if failure.Reason != "UNKNOWN_METRIC" || failure.Domain != evald.Domain || failure.Metadata["nearest"] != "bleu" {
		t.Errorf("reason %q of %q, metadata %v", failure.Reason, failure.Domain, failure.Metadata)
	}
	if len(failure.Violations) != 1 || failure.Violations[0].Field != "spec.metrics[0].name" {
		t.Errorf("violations %v", failure.Violations)
	}
	if text := err.Error(); !strings.HasPrefix(text, "evald: InvalidArgument (UNKNOWN_METRIC): spec.metrics[0].name: ") {
		t.Errorf("text %q", text)
	}
}

func TestUnknownModelIsNotFound(t *testing.T) {
	_, err := server(t).Models.GetModel(t.Context(), &evaldv1.GetModelRequest{Alias: "nobody"})
	if failure := failureOf(t, err); failure.Code != codes.NotFound || failure.Reason == "" {
		t.Error(failure)
	}
}

func TestADeadlineIsTyped(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
	defer cancel()
	_, err := server(t).Evaluation.Evaluate(ctx, evaluation("bleu"))
	if failure := failureOf(t, err); failure.Code != codes.DeadlineExceeded {
		t.Error(failure)
	}
}

func TestWaitReady(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := server(t).WaitReady(ctx); err != nil {
		t.Error(err)
	}
}

func stream(t *testing.T, ctx context.Context) evaldv1.ModelService_StreamPredictClient {
	t.Helper()
	stream, err := server(t).Models.StreamPredict(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func batch(alias string, texts ...string) *evaldv1.StreamPredictRequest {
	request := &evaldv1.StreamPredictRequest{}
	if alias != "" {
		request.Header = &evaldv1.StreamPredictHeader{Alias: alias}
	}
	for _, text := range texts {
		request.Instances = append(request.Instances, evald.InputRow(text, ""))
		request.Instances[len(request.Instances)-1].Labels = nil
	}
	return request
}

func TestAStreamPredictsAndEnds(t *testing.T) {
	stream := stream(t, t.Context())
	for _, request := range []*evaldv1.StreamPredictRequest{batch("support-tuned", "cancel my plan"), batch("", "thanks", "why?")} {
		if err := stream.Send(request); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	for _, rows := range []int{1, 2} {
		answer, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if len(answer.Predictions) != rows {
			t.Errorf("%d predictions for %d rows", len(answer.Predictions), rows)
		}
	}
	// The end of a stream is the bare io.EOF that generated code and callers compare with.
	if _, err := stream.Recv(); err != io.EOF { //nolint:errorlint
		t.Errorf("the end is %v", err)
	}
}

func TestAWrongMessageOfAStreamIsTyped(t *testing.T) {
	stream := stream(t, t.Context())
	if err := stream.Send(batch("nobody", "a")); err != nil {
		t.Fatal(err)
	}
	_, err := stream.Recv()
	if failure := failureOf(t, err); failure.Code != codes.NotFound {
		t.Error(failure)
	}
}

func TestACancelledStreamIsTyped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stream := stream(t, ctx)
	if err := stream.Send(batch("support-tuned", "a")); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err := stream.Recv()
	if failure := failureOf(t, err); failure.Code != codes.Canceled {
		t.Error(failure)
	}
}
