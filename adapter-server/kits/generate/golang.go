package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/format"
	"strings"
	"text/template"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

//go:embed templates/go_stores.tmpl
var goStores string

//go:embed templates/go_errors.tmpl
var goErrors string

// Words that Go has for itself, and names that the generated functions use.
var goTaken = map[string]string{"type": "kind", "range": "span", "ctx": "ctxValue", "s": "sValue", "o": "oValue", "c": "cValue"}

func golang(m *model) (map[string][]byte, error) {
	files := map[string][]byte{}
	for path, text := range map[string]string{
		"go/kit/stores.gen.go":   goStores,
		"go/fail/reasons.gen.go": goErrors,
	} {
		functions := template.FuncMap{
			"doc": goDoc, "params": goParams, "results": goResults, "arguments": goArguments,
			"result": goResultType, "wrap": goWrap, "unwrap": goUnwrap, "camel": camel, "lower": lower,
			"reasonName": goReasonName, "reasonParams": goReasonParams, "hand": handWritten,
			"const": func(name string) string { return "ErrorReason_ERROR_REASON_" + name },
		}
		parsed, err := template.New(path).Funcs(functions).Parse(text)
		if err != nil {
			return nil, err
		}
		var out bytes.Buffer
		if err := parsed.Execute(&out, m); err != nil {
			return nil, err
		}
		source, err := format.Source(out.Bytes())
		if err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", path, err, out.String())
		}
		files[path] = source
	}
	return files, nil
}

// handWritten says whether the kit answers a method itself: a stream of changes is built
// on the method for one change.
func handWritten(m *method) bool { return m.ClientStream && m.ServerStream }

func goDoc(indent, text string) string {
	lines := strings.Split(text, "\n")
	return indent + "// " + strings.Join(lines, "\n"+indent+"// ")
}

// goParams is what stands between the parentheses of an author's method.
func goParams(m *method) string {
	params := []string{"ctx context.Context"}
	if m.Session {
		params = append(params, "s Session")
	} else {
		params = append(params, "o Org")
	}
	if m.Keyed {
		params = append(params, fmt.Sprintf("c Change[%s]", goResultType(m)))
	}
	if m.Whole {
		params = append(params, "r *adapterv1."+goMessage(m.In))
	}
	for _, field := range m.Params {
		params = append(params, goParam(field)+" "+goType(field))
	}
	if m.ClientStream {
		params = append(params, "next func() (*adapterv1."+goMessage(m.In)+", error)")
	}
	if m.ServerStream {
		params = append(params, "send func(*adapterv1."+goMessage(m.Out)+") error")
	}
	return strings.Join(params, ", ")
}

func goResults(m *method) string {
	if m.ServerStream || m.Empty {
		return "error"
	}
	return "(" + goResultType(m) + ", error)"
}

// goArguments is the call of an author's method from a request r.
func goArguments(m *method) string {
	arguments := []string{"ctx"}
	if m.Session {
		arguments = append(arguments, "sessionOf(r)")
	} else {
		arguments = append(arguments, "orgOf(r)")
	}
	if m.Keyed {
		arguments = append(arguments, "c")
	}
	if m.Whole {
		arguments = append(arguments, "r")
	}
	for _, field := range m.Params {
		name := goField(field)
		switch {
		case isTime(field) && isRequired(field):
			arguments = append(arguments, "r.Get"+name+"().AsTime()")
		case isTime(field):
			arguments = append(arguments, "timeOf(r.Get"+name+"())")
		case field.HasOptionalKeyword() && field.Kind() != protoreflect.BytesKind:
			arguments = append(arguments, "r."+name)
		default:
			arguments = append(arguments, "r.Get"+name+"()")
		}
	}
	if m.ClientStream {
		arguments = append(arguments, "next")
	}
	if m.ServerStream {
		arguments = append(arguments, "send")
	}
	return strings.Join(arguments, ", ")
}

// goResultType is what an author's method returns beside the error.
func goResultType(m *method) string {
	switch {
	case m.Empty:
		return "Nothing"
	case m.Result != nil && !isTime(m.Result):
		return goType(m.Result)
	}
	return "*adapterv1." + goMessage(m.Out)
}

// goWrap makes the answer of a result v.
func goWrap(m *method) string {
	out := "&adapterv1." + goMessage(m.Out)
	switch {
	case m.Empty:
		return out + "{}"
	case m.Result != nil && !isTime(m.Result):
		return out + "{" + goField(m.Result) + ": v}"
	}
	return "v"
}

// goUnwrap makes the result of an answer a.
func goUnwrap(m *method) string {
	switch {
	case m.Empty:
		return "Nothing{}"
	case m.Result != nil && !isTime(m.Result):
		return "a." + goField(m.Result)
	}
	return "a"
}

func goType(field protoreflect.FieldDescriptor) string {
	if field.IsMap() {
		return "map[" + goType(field.MapKey()) + "]" + goType(field.MapValue())
	}
	base := goScalar(field)
	switch {
	case field.IsList():
		return "[]" + base
	case isTime(field) && isRequired(field):
		return "time.Time"
	case isTime(field):
		return "*time.Time"
	case field.HasOptionalKeyword() && field.Kind() != protoreflect.BytesKind && field.Message() == nil:
		return "*" + base
	}
	return base
}

func goScalar(field protoreflect.FieldDescriptor) string {
	switch field.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		switch field.Message().FullName() {
		case "google.protobuf.Timestamp":
			return "*timestamppb.Timestamp"
		case "google.protobuf.Duration":
			return "*durationpb.Duration"
		}
		return "*adapterv1." + goMessage(field.Message())
	case protoreflect.EnumKind:
		return "adapterv1." + string(field.Enum().Name())
	case protoreflect.BytesKind:
		return "[]byte"
	case protoreflect.DoubleKind:
		return "float64"
	case protoreflect.FloatKind:
		return "float32"
	}
	return field.Kind().String()
}

func isRequired(field protoreflect.FieldDescriptor) bool {
	rules := proto.GetExtension(field.Options(), pb.E_Field).(*pb.FieldRules)
	return rules.GetRequired() && rules.GetWhen() == pb.Condition_CONDITION_UNSPECIFIED
}

func isTime(field protoreflect.FieldDescriptor) bool {
	return field.Message() != nil && field.Message().FullName() == "google.protobuf.Timestamp" && !field.IsList()
}

func goMessage(desc protoreflect.MessageDescriptor) string { return string(desc.Name()) }

// goField is the name that protoc-gen-go gives a field.
func goField(field protoreflect.FieldDescriptor) string {
	var out strings.Builder
	for word := range strings.SplitSeq(string(field.Name()), "_") {
		if word != "" {
			out.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return out.String()
}

// goParam is the name of a parameter: sessionID for session_id.
func goParam(field protoreflect.FieldDescriptor) string {
	words := strings.Split(string(field.Name()), "_")
	for i, word := range words {
		switch {
		case i > 0 && (word == "id" || word == "json" || word == "url"):
			words[i] = strings.ToUpper(word)
		case i > 0:
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	name := strings.Join(words, "")
	if other, taken := goTaken[name]; taken {
		return other
	}
	return name
}

func lower(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// goReasonName is the constructor of a reason: LLM and SQL stay capitals.
func goReasonName(name string) string {
	out := camel(name)
	for _, word := range []string{"Llm", "Sql"} {
		if strings.HasPrefix(out, word) {
			out = strings.ToUpper(word) + strings.TrimPrefix(out, word)
		}
	}
	return strings.ReplaceAll(out, "RequestId", "RequestID")
}

func goReasonParams(one *reason) string {
	params := make([]string, 0, len(one.Metadata)+1)
	for _, key := range one.Metadata {
		words := strings.Split(key, "_")
		for i, word := range words[1:] {
			words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		}
		params = append(params, strings.Join(words, ""))
	}
	if len(params) == 0 {
		return "text string"
	}
	return strings.Join(params, ", ") + ", text string"
}
