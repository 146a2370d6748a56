// Package evald calls an evald server: it scores systems of natural language processing and tells whether one is better
// than another.
//
// The client is thin. Requests and answers are the generated messages of [evaldv1]; this package adds what every caller
// would otherwise write again: deadlines, retries, message sizes, credentials and typed errors.
//
//	client, err := evald.New("localhost:50051")
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	answer, err := client.Evaluation.Evaluate(ctx, &evaldv1.EvaluateRequest{
//		Spec:      &evaldv1.EvaluationSpec{Metrics: evald.Metrics("bleu", "rouge_l(stemmer=true)")},
//		Instances: []*evaldv1.Instance{evald.TextRow("the cat sat", "the cat sat down")},
//	})
//
// Every failed call of a client gives an [*Error]; [errors.As] finds it.
//
// [evaldv1]: https://pkg.go.dev/github.com/evald/evald/clients/go/evald/v1
package evald
