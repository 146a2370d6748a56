package workload

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	evaldv1 "github.com/evald/evald/clients/go/evald/v1"

	"github.com/evald/evald/clients/load/internal/drive"
)

const (
	evaluate = "/evald.v1.EvaluationService/Evaluate"
	// variants of a size, so that not every call of a size is the same.
	variants = 4
	words    = 2000
	// changed is the share of words that a prediction has otherwise than its reference.
	changed    = 0.2
	leastWords = 15
	mostWords  = 35
)

// Size is requests of so many rows, sent so often in relation to the others.
type Size struct {
	Rows   int
	Weight float64
}

// ParseMix reads sizes, for example "1:60,16:30,256:9,4096:1".
func ParseMix(text string) ([]Size, error) {
	var sizes []Size
	for part := range strings.SplitSeq(text, ",") {
		number, weight, _ := strings.Cut(part, ":")
		if weight == "" {
			weight = "1"
		}
		count, err := strconv.Atoi(number)
		share, failed := strconv.ParseFloat(weight, 64)
		if err != nil || failed != nil || count < 1 || !(share > 0 && share < 1e9) {
			return nil, fmt.Errorf("a mix is ROWS:WEIGHT,..., both above 0, for example 1:60,256:9; not %q", part)
		}
		sizes = append(sizes, Size{count, share})
	}
	return sizes, nil
}

// FromMix makes Evaluate requests of these sizes: BLEU and ROUGE-1, 2 and L over sentences of about 25 words, drawn with a seed
// from a vocabulary in which few words are frequent. Without intervals nothing is resampled.
func FromMix(sizes []Size, intervals bool, seed uint64) (*Workload, error) {
	writer := newWriter(seed)
	load := &Workload{}
	for _, size := range sizes {
		for range variants {
			body, err := proto.Marshal(writer.request(size.Rows, intervals))
			if err != nil {
				return nil, err
			}
			load.Requests = append(load.Requests, drive.Request{
				Class: fmt.Sprintf("%d rows", size.Rows), Method: evaluate, Body: body, Rows: size.Rows,
			})
			load.Weights = append(load.Weights, size.Weight/variants)
		}
	}
	return load, nil
}

// writer writes sentences.
type writer struct {
	random     *rand.Rand
	vocabulary []string
}

func newWriter(seed uint64) *writer {
	made := &writer{random: rand.New(rand.NewPCG(seed, 0x776f726473))}
	for range words {
		letters := make([]byte, 2+made.random.IntN(8))
		for place := range letters {
			letters[place] = byte('a' + made.random.IntN(26))
		}
		made.vocabulary = append(made.vocabulary, string(letters))
	}
	return made
}

func (w *writer) request(rows int, intervals bool) *evaldv1.EvaluateRequest {
	spec := &evaldv1.EvaluationSpec{}
	for _, name := range []string{"bleu", "rouge_1", "rouge_2", "rouge_l"} {
		spec.Metrics = append(spec.Metrics, &evaldv1.MetricSpec{Name: name})
	}
	if !intervals {
		spec.Statistics = &evaldv1.StatisticsSpec{Replicates: proto.Uint32(0)}
	}
	request := &evaldv1.EvaluateRequest{Spec: spec}
	for range rows {
		reference, prediction := w.pair()
		request.Instances = append(request.Instances, &evaldv1.Instance{
			References: []string{reference}, Predictions: []*evaldv1.Prediction{{Text: proto.String(prediction)}},
		})
	}
	return request
}

func (w *writer) pair() (reference, prediction string) {
	right := make([]string, leastWords+w.random.IntN(mostWords-leastWords+1))
	for place := range right {
		right[place] = w.word()
	}
	answer := append([]string(nil), right...)
	for place := range answer {
		if w.random.Float64() < changed {
			answer[place] = w.word()
		}
	}
	return strings.Join(right, " "), strings.Join(answer, " ")
}

// word is one of the first words much more often than one of the last.
func (w *writer) word() string {
	place := w.random.Float64()
	return w.vocabulary[int(place*place*words)]
}
