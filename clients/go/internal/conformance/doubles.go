package main

import (
	"fmt"
	"math"
	"sort"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// doubles lists the bits of every floating-point number that is set, by its path, sorted by path.
func doubles(message protoreflect.Message) []string {
	found := []string{}
	walk("", message, &found)
	sort.Strings(found)
	return found
}

func walk(path string, message protoreflect.Message, found *[]string) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		here := fmt.Sprintf("%s.%d", path, field.Number())
		switch {
		case field.IsList():
			for at := range value.List().Len() {
				one(fmt.Sprintf("%s[%d]", here, at), field, value.List().Get(at), found)
			}
		case field.IsMap():
			value.Map().Range(func(key protoreflect.MapKey, entry protoreflect.Value) bool {
				one(fmt.Sprintf("%s{%s}", here, key.String()), field.MapValue(), entry, found)
				return true
			})
		default:
			one(here, field, value, found)
		}
		return true
	})
}

func one(path string, field protoreflect.FieldDescriptor, value protoreflect.Value, found *[]string) {
	switch field.Kind() {
	case protoreflect.MessageKind:
		walk(path, value.Message(), found)
	case protoreflect.DoubleKind:
		*found = append(*found, fmt.Sprintf("%s=%016x", path, math.Float64bits(value.Float())))
	case protoreflect.FloatKind:
		*found = append(*found, fmt.Sprintf("%s=%08x", path, math.Float32bits(float32(value.Float()))))
	}
}
