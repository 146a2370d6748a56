// Package check compares what equal requests are told: evald answers them equally, but for what it measured.
package check

import (
	"crypto/sha256"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/evald/evald/clients/load/internal/drive"
	"github.com/evald/evald/clients/load/internal/record"
	"github.com/evald/evald/clients/load/internal/workload"
)

// measured is the name of the field that tells what answering took.
const measured = "cost"

// Answers remembers what each request was told first.
type Answers struct {
	requests []drive.Request
	first    map[int][sha256.Size]byte
	// Right answers equal the first one of their request, which counts, too; Wrong ones do not, or cannot be read.
	Right, Wrong int64
}

// New compares answers to these requests.
func New(requests []drive.Request) *Answers {
	return &Answers{requests: requests, first: map[int][sha256.Size]byte{}}
}

// Took compares an answer. Errors that depend on the request alone are answers, too; those of the moment are not compared.
func (a *Answers) Took(outcome *drive.Outcome) {
	number := outcome.Call.Request
	var told []byte
	readable := true
	switch ending := record.EndingOf(outcome); {
	case ending.Code == codes.OK:
		told, readable = constant(a.requests[number].Method, outcome.Answer)
	case definite(ending.Code):
		told = []byte(ending.Code.String() + " " + ending.Reason)
	default:
		return
	}
	digest := sha256.Sum256(told)
	first, known := a.first[number]
	if !known && readable {
		a.first[number], first = digest, digest
	}
	if readable && first == digest {
		a.Right++
	} else {
		a.Wrong++
	}
}

func definite(code codes.Code) bool {
	switch code {
	case codes.Canceled, codes.DeadlineExceeded, codes.Unavailable, codes.ResourceExhausted, codes.Aborted:
		return false
	}
	return true
}

// constant is an answer without what was measured, in one order of fields; as it came if the method is not evald's.
func constant(method string, answer []byte) ([]byte, bool) {
	known := workload.Method(method)
	if known == nil {
		return answer, true
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(known.Output().FullName())
	if err != nil {
		return answer, true
	}
	message := kind.New()
	if proto.Unmarshal(answer, message.Interface()) != nil {
		return nil, false
	}
	if field := message.Descriptor().Fields().ByName(protoreflect.Name(measured)); field != nil {
		message.Clear(field)
	}
	same, err := proto.MarshalOptions{Deterministic: true}.Marshal(message.Interface())
	return same, err == nil
}
