// Package workload makes the requests of a run: from files, or texts of its own.
package workload

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	// Makes the methods and messages of evald known to the registry.
	_ "github.com/evald/evald/clients/go/evald/v1"

	"github.com/evald/evald/clients/load/internal/drive"
)

// Workload is requests and how often each is sent, in relation to the others.
type Workload struct {
	Requests []drive.Request
	Weights  []float64
}

// FromFiles reads serialised requests of one method, one a file, to be sent equally often.
func FromFiles(method string, files []string) (*Workload, error) {
	load := &Workload{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		request := drive.Request{Class: filepath.Base(file), Method: method, Body: body, Rows: rows(method, body)}
		load.Requests = append(load.Requests, request)
		load.Weights = append(load.Weights, 1)
	}
	return load, nil
}

// Method finds a method of evald by its full name, as /package.Service/Method; nil if evald has no such method.
func Method(path string) protoreflect.MethodDescriptor {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "."))
	if found, err := protoregistry.GlobalFiles.FindDescriptorByName(name); err == nil {
		if method, is := found.(protoreflect.MethodDescriptor); is {
			return method
		}
	}
	return nil
}

// CheckMethod says what is wrong with the name of a method; methods that are not evald's may be called, streams may not.
func CheckMethod(path string) error {
	if !strings.HasPrefix(path, "/") || strings.Count(path, "/") != 2 {
		return fmt.Errorf("a method is written /package.Service/Method, not %q", path)
	}
	if method := Method(path); method != nil && (method.IsStreamingClient() || method.IsStreamingServer()) {
		return fmt.Errorf("%s is a stream; only methods with one answer can be called", path)
	}
	return nil
}

// rows counts the instances of a request; 0 if it has none or cannot be read, which is for the server to say.
func rows(method string, body []byte) int {
	known := Method(method)
	if known == nil {
		return 0
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(known.Input().FullName())
	field := known.Input().Fields().ByName("instances")
	if err != nil || field == nil {
		return 0
	}
	message := kind.New()
	if proto.Unmarshal(body, message.Interface()) != nil {
		return 0
	}
	return message.Get(field).List().Len()
}
