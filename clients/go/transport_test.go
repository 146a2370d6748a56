package evald_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	evald "github.com/evald/evald/clients/go"
	evaldv1 "github.com/evald/evald/clients/go/evald/v1"
)

func TestMetadataArrives(t *testing.T) {
	recorder := record(t, fine)
	client := open(t, recorder.address, evald.WithPlaintextToken("secret-1"), evald.WithTenant("team a"))
	if _, err := client.Evaluation.Evaluate(t.Context(), evaluation("bleu")); err != nil {
		t.Fatal(err)
	}
	if got := recorder.header("authorization"); !slices.Equal(got, []string{"Bearer secret-1"}) {
		t.Errorf("authorization %q", got)
	}
	if got := recorder.header("evald-tenant"); !slices.Equal(got, []string{"team a"}) {
		t.Errorf("evald-tenant %q", got)
	}
}

func TestNothingIsSentUnasked(t *testing.T) {
	recorder := record(t, fine)
	if _, err := open(t, recorder.address).Evaluation.Evaluate(t.Context(), evaluation("bleu")); err != nil {
		t.Fatal(err)
	}
	if recorder.header("authorization") != nil || recorder.header("evald-tenant") != nil {
		t.Error(recorder.headers.Load())
	}
}

func TestUnavailableIsTriedAgain(t *testing.T) {
	recorder := record(t, func(_ context.Context, call int32) (*evaldv1.EvaluateResponse, error) {
		if call < 3 {
			return nil, status.Error(codes.Unavailable, "shutting down")
		}
		return &evaldv1.EvaluateResponse{}, nil
	})
	if _, err := open(t, recorder.address).Evaluation.Evaluate(t.Context(), evaluation("bleu")); err != nil {
		t.Fatal(err)
	}
	if calls := recorder.calls.Load(); calls != 3 {
		t.Errorf("%d calls", calls)
	}
}

func TestALargeRequestIsTriedAgainToo(t *testing.T) {
	recorder := record(t, func(_ context.Context, call int32) (*evaldv1.EvaluateResponse, error) {
		if call < 2 {
			return nil, status.Error(codes.Unavailable, "shutting down")
		}
		return &evaldv1.EvaluateResponse{}, nil
	})
	request := evaluation("bleu")
	// Under the 4 MiB that a plain server accepts, and far over the 256 KiB that gRPC keeps for retries by itself.
	request.Instances = append(request.Instances, evald.TextRow(strings.Repeat("x", 3<<20), ""))
	if _, err := open(t, recorder.address).Evaluation.Evaluate(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if calls := recorder.calls.Load(); calls != 2 {
		t.Errorf("%d calls", calls)
	}
}

func TestNothingElseIsTriedAgain(t *testing.T) {
	for _, code := range []codes.Code{codes.ResourceExhausted, codes.Internal, codes.InvalidArgument, codes.Aborted} {
		recorder := record(t, func(context.Context, int32) (*evaldv1.EvaluateResponse, error) {
			return nil, status.Error(code, "no")
		})
		_, err := open(t, recorder.address).Evaluation.Evaluate(t.Context(), evaluation("bleu"))
		if failure := failureOf(t, err); failure.Code != code || failure.Reason != "" || recorder.calls.Load() != 1 {
			t.Errorf("%v after %d calls", failure, recorder.calls.Load())
		}
	}
}

func TestJudgesAreNotAskedAgain(t *testing.T) {
	recorder := record(t, func(context.Context, int32) (*evaldv1.EvaluateResponse, error) {
		return nil, status.Error(codes.Unavailable, "no")
	})
	_, err := open(t, recorder.address).Judges.PlanJudge(t.Context(), &evaldv1.PlanJudgeRequest{})
	if failure := failureOf(t, err); failure.Code != codes.Unavailable || recorder.calls.Load() != 1 {
		t.Errorf("%v after %d calls", failure, recorder.calls.Load())
	}
}

func TestNoServerIsUnavailable(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// Port 1 of this machine: nobody listens there.
	_, err := open(t, "127.0.0.1:1").Evaluation.Evaluate(ctx, evaluation("bleu"))
	if failure := failureOf(t, err); failure.Code != codes.Unavailable || failure.Reason != "" {
		t.Error(failure)
	}
}

func TestTheDefaultDeadlineIsForCallsWithoutOne(t *testing.T) {
	left := make(chan time.Duration, 2)
	recorder := record(t, func(ctx context.Context, _ int32) (*evaldv1.EvaluateResponse, error) {
		deadline, given := ctx.Deadline()
		if !given {
			return nil, status.Error(codes.Internal, "no deadline")
		}
		left <- time.Until(deadline)
		return &evaldv1.EvaluateResponse{}, nil
	})
	client := open(t, recorder.address, evald.WithDeadline(time.Hour))
	own, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
	defer cancel()
	for _, ctx := range []context.Context{t.Context(), own} {
		if _, err := client.Evaluation.Evaluate(ctx, evaluation("bleu")); err != nil {
			t.Fatal(err)
		}
	}
	if first, second := <-left, <-left; first > time.Hour || second < 2*time.Hour {
		t.Errorf("%v and %v left", first, second)
	}
}

func TestADeadlineEndsTheCallOnBothSides(t *testing.T) {
	ended := make(chan error, 1)
	recorder := record(t, func(ctx context.Context, _ int32) (*evaldv1.EvaluateResponse, error) {
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	})
	client := open(t, recorder.address, evald.WithDeadline(200*time.Millisecond))
	_, err := client.Evaluation.Evaluate(t.Context(), evaluation("bleu"))
	if failure := failureOf(t, err); failure.Code != codes.DeadlineExceeded {
		t.Error(failure)
	}
	if recorder.calls.Load() > 0 && <-ended == nil {
		t.Error("the server went on")
	}
}

func TestCancellingEndsTheCallOnBothSides(t *testing.T) {
	began, ended := make(chan struct{}), make(chan struct{})
	recorder := record(t, func(ctx context.Context, _ int32) (*evaldv1.EvaluateResponse, error) {
		close(began)
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	_, err := open(t, recorder.address).Evaluation.Evaluate(ctx, evaluation("bleu"))
	if failure := failureOf(t, err); failure.Code != codes.Canceled {
		t.Error(failure)
	}
	<-ended
}

func TestDetailsAreRead(t *testing.T) {
	recorder := record(t, func(context.Context, int32) (*evaldv1.EvaluateResponse, error) {
		full, err := status.New(codes.ResourceExhausted, "too much").WithDetails(
			&errdetails.ErrorInfo{Reason: "OTHER", Domain: "proxy"},
			&errdetails.ErrorInfo{Reason: "OVERLOADED", Domain: "evald", Metadata: map[string]string{"limit": "calls"}},
			&errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)},
			&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "a[1]", Description: "b"}}},
			&errdetails.Help{},
		)
		if err != nil {
			return nil, err
		}
		return nil, full.Err()
	})
	_, err := open(t, recorder.address).Evaluation.Evaluate(t.Context(), evaluation("bleu"))
	failure := failureOf(t, err)
	if failure.Reason != "OVERLOADED" || failure.Domain != "evald" || failure.Metadata["limit"] != "calls" {
		t.Error(failure)
	}
	if failure.RetryAfter != 1500*time.Millisecond || !slices.Equal(failure.Violations, []evald.Violation{{"a[1]", "b"}}) {
		t.Error(failure.RetryAfter, failure.Violations)
	}
	if len(status.Convert(err).Details()) != 5 {
		t.Error("the status of gRPC is kept whole")
	}
	if text := failure.Error(); text != "evald: ResourceExhausted (OVERLOADED): too much; a[1]: b" {
		t.Error(text)
	}
}

func TestOversizedMessagesAreWrongRequests(t *testing.T) {
	recorder := record(t, func(context.Context, int32) (*evaldv1.EvaluateResponse, error) {
		note := &evaldv1.Note{Text: strings.Repeat("x", 2000)}
		return &evaldv1.EvaluateResponse{Notes: []*evaldv1.Note{note}}, nil
	})
	large := evaluation("bleu")
	large.Instances = append(large.Instances, evald.TextRow(strings.Repeat("x", 2000), ""))
	tooLarge := evaluation("bleu")
	tooLarge.Instances = append(tooLarge.Instances, evald.TextRow(strings.Repeat("x", 5<<20), ""))
	for name, one := range map[string]struct {
		client  *evald.Client
		request *evaldv1.EvaluateRequest
	}{
		"sending":   {open(t, recorder.address, evald.WithMessageBytes(1000)), large},
		"receiving": {open(t, recorder.address, evald.WithMessageBytes(1000)), evaluation("bleu")},
		"server":    {open(t, recorder.address), tooLarge},
	} {
		_, err := one.client.Evaluation.Evaluate(t.Context(), one.request)
		failure := failureOf(t, err)
		if failure.Code != codes.InvalidArgument || failure.Reason != evald.ReasonMessageTooLarge || status.Code(err) != failure.Code {
			t.Errorf("%s: %v", name, failure)
		}
	}
}
