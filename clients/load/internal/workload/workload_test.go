package workload

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	evaldv1 "github.com/evald/evald/clients/go/evald/v1"
)

func TestAMixIsReadOrRefused(t *testing.T) {
	sizes, err := ParseMix("1:60,16:30.5,256")
	if err != nil || len(sizes) != 3 || sizes[1] != (Size{16, 30.5}) || sizes[2] != (Size{256, 1}) {
		t.Errorf("%v %v", sizes, err)
	}
	for _, text := range []string{"", "1:0", "0:1", "-1:1", "1:-1", "1:NaN", "a:1", "1:x", "1:1,", "1:1e99"} {
		if _, err := ParseMix(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestRequestsHaveTheirRowsAndDependOnTheSeed(t *testing.T) {
	load, err := FromMix([]Size{{3, 2}, {17, 1}}, false, 1)
	if err != nil || len(load.Requests) != 2*variants || load.Weights[0] != 2.0/variants {
		t.Fatalf("%d requests, %v", len(load.Requests), err)
	}
	var request evaldv1.EvaluateRequest
	if err := proto.Unmarshal(load.Requests[variants].Body, &request); err != nil {
		t.Fatal(err)
	}
	if len(request.Instances) != 17 || load.Requests[variants].Rows != 17 || len(request.Spec.Metrics) != 4 {
		t.Errorf("%d rows", len(request.Instances))
	}
	if request.Spec.Statistics.Replicates == nil {
		t.Error("intervals were not turned off")
	}
	tokens := 0
	for _, row := range request.Instances {
		tokens += len(strings.Fields(row.References[0]))
		if row.References[0] == row.Predictions[0].GetText() {
			t.Error("a prediction is right in every word")
		}
	}
	if mean := tokens / len(request.Instances); mean < leastWords || mean > mostWords {
		t.Errorf("%d words a text", mean)
	}
	same, _ := FromMix([]Size{{3, 2}}, false, 1)
	other, _ := FromMix([]Size{{3, 2}}, false, 2)
	if !bytes.Equal(same.Requests[0].Body, load.Requests[0].Body) || bytes.Equal(other.Requests[0].Body, same.Requests[0].Body) {
		t.Error("texts do not depend on the seed alone")
	}
}

func TestFilesKnowTheirRows(t *testing.T) {
	load, _ := FromMix([]Size{{5, 1}}, true, 1)
	file := filepath.Join(t.TempDir(), "five")
	if err := os.WriteFile(file, load.Requests[0].Body, 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := FromFiles(evaluate, []string{file})
	if err != nil || read.Requests[0].Rows != 5 || read.Requests[0].Class != "five" {
		t.Errorf("%+v %v", read, err)
	}
	for _, method := range []string{"/grpc.health.v1.Health/Check", "/evald.v1.CatalogService/ListMetrics"} {
		if read, err = FromFiles(method, []string{file}); err != nil || read.Requests[0].Rows != 0 {
			t.Errorf("rows of %s", method)
		}
	}
	if _, err := FromFiles(evaluate, []string{file + "-"}); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestMethodsAreChecked(t *testing.T) {
	for _, method := range []string{"Evaluate", "/Evaluate", "evald.v1.EvaluationService/Evaluate", "/evald.v1.JudgeService/Judge"} {
		if CheckMethod(method) == nil {
			t.Errorf("%q was accepted", method)
		}
	}
	for _, method := range []string{evaluate, "/grpc.health.v1.Health/Check"} {
		if err := CheckMethod(method); err != nil {
			t.Error(err)
		}
	}
}
