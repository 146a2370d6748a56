// Quickstart asks an evald server whether a new system is better: go run ./examples/quickstart localhost:50051
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	evald "github.com/evald/evald/clients/go"
	evaldv1 "github.com/evald/evald/clients/go/evald/v1"
)

var (
	texts = [][2]string{ // reference and what a system wrote
		{"the cat sat on the mat", "the cat is on the mat"},
		{"there is a dog in the garden", "there is a dog in the garden"},
		{"rain is likely today", "it may rain today"},
		{"the train leaves at nine", "the train leaves at ten"},
	}
	labels = [][3]string{ // right answer, baseline's, candidate's
		{"cancel", "cancel", "cancel"},
		{"billing", "technical", "billing"},
		{"technical", "technical", "technical"},
		{"billing", "praise", "praise"},
		{"praise", "praise", "praise"},
	}
	tickets = [][2]string{ // text and right answer; the answers of both models come from the server
		{"The price was fair, but I tried to unsubscribe on Friday and the family plan is still running!", "cancel"},
		{"I need a corrected invoice with our company address", "billing"},
		{"The firmware of the doorbell is stuck at 99 percent", "technical"},
		{"Just wanted to say that the lamp works like a charm", "praise"},
		{"Which speaker would you pick for a small hallway?", "question"},
		{"I was charged twice for the yearly plan", "billing"},
	}
)

func main() {
	address := "localhost:50051"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if err := run(context.Background(), address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address string) error {
	client, err := evald.New(address)
	if err != nil {
		return err
	}
	defer client.Close()
	ready, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := client.WaitReady(ready); err != nil {
		return err
	}
	for _, step := range []func(context.Context, *evald.Client) error{evaluate, compareLabels, compareModels, refused} {
		if err := step(ctx, client); err != nil {
			return err
		}
	}
	return nil
}

func textRows() []*evaldv1.Instance {
	var rows []*evaldv1.Instance
	for range 10 {
		for _, text := range texts {
			rows = append(rows, evald.TextRow(text[0], text[1]))
		}
	}
	return rows
}

func evaluate(ctx context.Context, client *evald.Client) error {
	answer, err := client.Evaluation.Evaluate(ctx, &evaldv1.EvaluateRequest{
		Spec:      &evaldv1.EvaluationSpec{Metrics: evald.Metrics("bleu", "rouge_l")},
		Instances: textRows(),
	})
	if err != nil {
		return err
	}
	for _, metric := range answer.Systems[0].Metrics {
		one := metric.Estimate
		fmt.Printf("%s: %.4f [%.4f, %.4f]\n", metric.Metric, evald.Number(one.Value), evald.Number(one.Low), evald.Number(one.High))
	}
	return nil
}

func compareLabels(ctx context.Context, client *evald.Client) error {
	var rows []*evaldv1.Instance
	for range 20 {
		for _, label := range labels {
			rows = append(rows, evald.LabelRow(label[0], label[1], label[2]))
		}
	}
	return compare(ctx, client, "labels", &evaldv1.CompareRequest{
		Spec: &evaldv1.EvaluationSpec{
			Systems: evald.Inline("baseline", "candidate"),
			Metrics: evald.Metrics("accuracy", "f1(average=macro)"),
		},
		Instances: rows,
	})
}

func compareModels(ctx context.Context, client *evald.Client) error {
	var rows []*evaldv1.Instance
	for _, ticket := range tickets {
		rows = append(rows, evald.InputRow(ticket[0], ticket[1]))
	}
	return compare(ctx, client, "models", &evaldv1.CompareRequest{
		Spec: &evaldv1.EvaluationSpec{
			Systems: []*evaldv1.System{evald.Model("base", "support-base"), evald.Model("tuned", "support-tuned")},
			Metrics: evald.Metrics("accuracy"),
		},
		Instances: rows,
	})
}

// compare prints one line a metric: difference, interval, p-value after the correction, verdict.
func compare(ctx context.Context, client *evald.Client, what string, request *evaldv1.CompareRequest) error {
	answer, err := client.Evaluation.Compare(ctx, request)
	if err != nil {
		return err
	}
	for _, one := range answer.Comparisons {
		difference := one.Difference
		fmt.Printf("%s, %s: %.4f -> %.4f, %+.4f [%+.4f, %+.4f], p %.2e, %s\n", what, one.Metric,
			evald.Number(one.BaselineValue), evald.Number(one.CandidateValue), evald.Number(difference.Value),
			evald.Number(difference.Low), evald.Number(difference.High), evald.Number(one.PAdjusted),
			strings.ToLower(strings.TrimPrefix(one.Decision.String(), "DECISION_")))
	}
	return nil
}

// refused shows an error that a program can act on.
func refused(ctx context.Context, client *evald.Client) error {
	_, err := client.Evaluation.Evaluate(ctx, &evaldv1.EvaluateRequest{
		Spec:      &evaldv1.EvaluationSpec{Metrics: evald.Metrics("blue")},
		Instances: textRows(),
	})
	var failure *evald.Error
	if !errors.As(err, &failure) || len(failure.Violations) == 0 {
		return err
	}
	fmt.Printf("refused: %s %s, %s, nearest %s\n", failure.CodeName(), failure.Reason, failure.Violations[0].Field,
		failure.Metadata["nearest"])
	return nil
}
