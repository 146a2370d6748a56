// Conformance sends the requests of a file to a server and writes down what this client was answered, so that it can be
// compared bit for bit with the clients of other languages: conformance ADDRESS CASES ANSWERS
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	evald "github.com/evald/evald/clients/go"
	_ "github.com/evald/evald/clients/go/evald/v1"
)

// Case is one call; tests/clients/cases.py writes them.
type Case struct {
	Name string `json:"name"`
	// Service and Method name an RPC, for example "evald.v1.ModelService" and "Predict".
	Service string `json:"service"`
	Method  string `json:"method"`
	// Requests are messages, each a text in the JSON of protobuf; several only for streams.
	Requests []string `json:"requests"`
	// DeadlineSeconds is 0 for the default.
	DeadlineSeconds float64 `json:"deadline_seconds"`
}

// Answer is what a call gave: messages, or a failure.
type Answer struct {
	Messages []Message `json:"messages"`
	Failure  *Failure  `json:"failure"`
}

// Message is an answer as this program sees it.
type Message struct {
	// Wire is the message written again by this language.
	Wire []byte `json:"wire"`
	// Doubles are the bits of every floating-point number that is set, as "path=16 hex digits" in the order of fields.
	Doubles []string `json:"doubles"`
}

// Failure is an error as this client tells it.
type Failure struct {
	Code       string            `json:"code"`
	Reason     string            `json:"reason"`
	Domain     string            `json:"domain"`
	Message    string            `json:"message"`
	Metadata   map[string]string `json:"metadata"`
	Violations [][2]string       `json:"violations"`
}

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, casesFile, answersFile string) error {
	text, err := os.ReadFile(casesFile)
	if err != nil {
		return err
	}
	var cases []Case
	if err := json.Unmarshal(text, &cases); err != nil {
		return err
	}
	client, err := evald.New(address)
	if err != nil {
		return err
	}
	defer client.Close()
	ready, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := client.WaitReady(ready); err != nil {
		return err
	}
	answers := map[string]Answer{}
	for _, one := range cases {
		if answers[one.Name], err = ask(client, one); err != nil {
			return fmt.Errorf("%s: %w", one.Name, err)
		}
	}
	if text, err = json.Marshal(answers); err != nil {
		return err
	}
	return os.WriteFile(answersFile, text, 0o600)
}

func ask(client *evald.Client, one Case) (Answer, error) {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(one.Service + "." + one.Method))
	if err != nil {
		return Answer{}, err
	}
	method := found.(protoreflect.MethodDescriptor)
	var requests []proto.Message
	for _, text := range one.Requests {
		request := create(method.Input())
		if err := protojson.Unmarshal([]byte(text), request); err != nil {
			return Answer{}, err
		}
		requests = append(requests, request)
	}
	ctx := context.Background()
	if one.DeadlineSeconds > 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(one.DeadlineSeconds*float64(time.Second)))
		defer cancel()
		ctx = limited
	}
	messages, err := call(ctx, client.Connection(), method, requests)
	answer := Answer{Messages: []Message{}}
	var failure *evald.Error
	if errors.As(err, &failure) {
		answer.Failure = failureOf(failure)
	} else if err != nil {
		return answer, err
	}
	for _, message := range messages {
		wire, err := proto.Marshal(message)
		if err != nil {
			return answer, err
		}
		answer.Messages = append(answer.Messages, Message{Wire: wire, Doubles: doubles(message.ProtoReflect())})
	}
	return answer, nil
}

// create makes a message of the generated type, as programs use it.
func create(descriptor protoreflect.MessageDescriptor) proto.Message {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName())
	if err != nil {
		return dynamicpb.NewMessage(descriptor)
	}
	return kind.New().Interface()
}

func call(ctx context.Context, connection *grpc.ClientConn, method protoreflect.MethodDescriptor, requests []proto.Message,
) ([]proto.Message, error) {
	path := fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())
	if !method.IsStreamingClient() && !method.IsStreamingServer() {
		answer := create(method.Output())
		if err := connection.Invoke(ctx, path, requests[0], answer); err != nil {
			return nil, err
		}
		return []proto.Message{answer}, nil
	}
	description := &grpc.StreamDesc{ClientStreams: method.IsStreamingClient(), ServerStreams: method.IsStreamingServer()}
	stream, err := connection.NewStream(ctx, description, path)
	if err != nil {
		return nil, err
	}
	for _, request := range requests {
		// io.EOF says that the call has ended; why is told by receiving.
		if err := stream.SendMsg(request); err != nil && err != io.EOF {
			return nil, err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	var answers []proto.Message
	for {
		answer := create(method.Output())
		switch err := stream.RecvMsg(answer); err {
		case nil:
			answers = append(answers, answer)
		case io.EOF:
			return answers, nil
		default:
			return answers, err
		}
	}
}

func failureOf(failure *evald.Error) *Failure {
	told := &Failure{
		Code:       failure.CodeName(),
		Reason:     failure.Reason,
		Domain:     failure.Domain,
		Message:    failure.Message,
		Metadata:   map[string]string{},
		Violations: [][2]string{},
	}
	for key, value := range failure.Metadata {
		told.Metadata[key] = value
	}
	for _, violation := range failure.Violations {
		told.Violations = append(told.Violations, [2]string{violation.Field, violation.Description})
	}
	return told
}
