package evald_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	evald "github.com/evald/evald/clients/go"
	evaldv1 "github.com/evald/evald/clients/go/evald/v1"
)

// address is that of a server, such as "localhost:50051".
var address = os.Getenv("EVALD_ADDRESS")

func Example() {
	client, err := evald.New(address)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	answer, err := client.Evaluation.Evaluate(context.Background(), &evaldv1.EvaluateRequest{
		Spec:      &evaldv1.EvaluationSpec{Metrics: evald.Metrics("exact_match", "rouge_1")},
		Instances: []*evaldv1.Instance{evald.TextRow("the cat sat", "the cat sat"), evald.TextRow("a dog", "a cat")},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, metric := range answer.Systems[0].Metrics {
		fmt.Println(metric.Metric, evald.Number(metric.Estimate.Value))
	}
	// Output:
	// exact_match 50
	// rouge_1 0.75
}

func ExampleError() {
	client, err := evald.New(address)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.Evaluation.Evaluate(context.Background(), &evaldv1.EvaluateRequest{
		Spec:      &evaldv1.EvaluationSpec{Metrics: evald.Metrics("blue")},
		Instances: []*evaldv1.Instance{evald.TextRow("the cat sat", "the cat sat")},
	})
	var failure *evald.Error
	if errors.As(err, &failure) && failure.Reason == "UNKNOWN_METRIC" {
		fmt.Println(failure.Violations[0].Field, "could be", failure.Metadata["nearest"])
	}
	// Output: spec.metrics[0].name could be bleu
}

func ExampleClient_compare() {
	client, err := evald.New(address)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	var rows []*evaldv1.Instance
	for range 20 {
		rows = append(rows, evald.LabelRow("billing", "billing", "billing"), evald.LabelRow("praise", "billing", "praise"))
	}
	answer, err := client.Evaluation.Compare(context.Background(), &evaldv1.CompareRequest{
		Spec:      &evaldv1.EvaluationSpec{Systems: evald.Inline("old", "new"), Metrics: evald.Metrics("accuracy")},
		Instances: rows,
	})
	if err != nil {
		log.Fatal(err)
	}
	one := answer.Comparisons[0]
	fmt.Printf("%+.2f, p %.1e, %s\n", evald.Number(one.Difference.Value), evald.Number(one.PAdjusted), one.Decision)
	// Output: +0.50, p 1.9e-06, DECISION_IMPROVED
}
