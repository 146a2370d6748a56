package evald

import (
	"math"

	evaldv1 "github.com/evald/evald/clients/go/evald/v1"
)

// Metrics names metrics by their text forms, for example "bleu" and "rouge_l(stemmer=true)".
func Metrics(forms ...string) []*evaldv1.MetricSpec {
	specs := make([]*evaldv1.MetricSpec, len(forms))
	for at, form := range forms {
		specs[at] = &evaldv1.MetricSpec{Name: form}
	}
	return specs
}

// Inline names systems whose predictions are in the rows, in this order.
func Inline(names ...string) []*evaldv1.System {
	systems := make([]*evaldv1.System, len(names))
	for at, name := range names {
		systems[at] = &evaldv1.System{Name: name}
	}
	return systems
}

// Model is a system that the server answers for with one of its models, which reads the rows' input "text".
func Model(name, alias string) *evaldv1.System {
	return &evaldv1.System{Name: name, Source: &evaldv1.System_Model{Model: &evaldv1.ModelSource{Alias: alias}}}
}

// TextRow is a row of texts: its reference, and what each system wrote. Empty texts are real, empty answers.
func TextRow(reference string, predictions ...string) *evaldv1.Instance {
	row := &evaldv1.Instance{References: []string{reference}}
	for _, prediction := range predictions {
		row.Predictions = append(row.Predictions, &evaldv1.Prediction{Text: &prediction})
	}
	return row
}

// LabelRow is a row of a classification: its gold label, and the label that each system gave.
func LabelRow(gold string, predictions ...string) *evaldv1.Instance {
	row := &evaldv1.Instance{Labels: []string{gold}}
	for _, prediction := range predictions {
		row.Predictions = append(row.Predictions, &evaldv1.Prediction{Labels: []string{prediction}})
	}
	return row
}

// InputRow is a row for models of the server: the text that they read, and the gold label.
func InputRow(text, gold string) *evaldv1.Instance {
	return &evaldv1.Instance{Inputs: map[string]string{"text": text}, Labels: []string{gold}}
}

// Number is an optional number of an answer; NaN if it is unset, where the generated getters say 0.
func Number(optional *float64) float64 {
	if optional == nil {
		return math.NaN()
	}
	return *optional
}
