package main

import (
	"bytes"
	_ "embed"
	"regexp"
	"strings"
	"text/template"

	"google.golang.org/protobuf/reflect/protoreflect"
)

//go:embed templates/typescript_stores.tmpl
var typescriptStores string

//go:embed templates/typescript_errors.tmpl
var typescriptErrors string

//go:embed templates/typescript_messages.tmpl
var typescriptMessages string

func typescript(m *model) (map[string][]byte, error) {
	files := map[string][]byte{}
	functions := template.FuncMap{
		"doc": tsDoc, "params": tsParams, "results": tsResults, "answer": tsAnswer,
		"camel": camel, "lower": lower, "hand": handWritten,
		"feature":      func(name string) string { return strings.TrimPrefix(name, "FEATURE_") },
		"module":       func(path string) string { return strings.TrimSuffix(path, ".proto") },
		"code":         tsCode,
		"reasonName":   func(name string) string { return lower(camel(name)) },
		"reasonParams": tsReasonParams,
	}
	for path, text := range map[string]string{
		"typescript/src/stores.gen.ts":   typescriptStores,
		"typescript/src/reasons.gen.ts":  typescriptErrors,
		"typescript/src/messages.gen.ts": typescriptMessages,
	} {
		parsed, err := template.New(path).Funcs(functions).Parse(text)
		if err != nil {
			return nil, err
		}
		var out bytes.Buffer
		if err := parsed.Execute(&out, m); err != nil {
			return nil, err
		}
		files[path] = append(bytes.TrimRight(out.Bytes(), "\n"), '\n')
	}
	return files, nil
}

// tsDoc is a text as the lines of a comment that is open already.
func tsDoc(indent, text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "*/", "*\\/"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(indent+" * "+line, " ")
	}
	return strings.Join(lines, "\n")
}

// tsParams is what stands between the parentheses of an author's method.
func tsParams(m *method) string {
	scope := "ForOrg"
	switch {
	case m.ClientStream:
		scope = "Upload"
	case m.Session:
		scope = "ForSession"
	}
	input := "input: " + scope + "<pb." + string(m.In.Name()) + ">"
	if m.Keyed {
		return input + ", change: Change<" + tsResult(m) + ">"
	}
	return input + ", call: Call"
}

func tsResults(m *method) string {
	if m.ServerStream {
		return "Answers<" + tsResult(m) + ">"
	}
	return "Result<" + tsResult(m) + ">"
}

// tsResult is what an author's method answers: nothing, the one field of the answer, or
// the answer.
func tsResult(m *method) string {
	switch {
	case m.Empty:
		return "void"
	case m.Result != nil:
		return tsType(m.Result)
	}
	return tsInit(m.Out)
}

// tsAnswer is how the runtime makes the answer: `nothing`, `message`, or a field's name.
func tsAnswer(m *method) string {
	switch {
	case m.Empty:
		return "nothing"
	case m.Result != nil:
		return m.Result.JSONName()
	}
	return "message"
}

func tsType(field protoreflect.FieldDescriptor) string {
	switch {
	case field.IsMap():
		return "Record<string, " + tsScalar(field.MapValue()) + ">"
	case field.IsList():
		return "readonly " + tsScalar(field) + "[]"
	case field.HasPresence() && !isRequired(field):
		return tsScalar(field) + " | undefined"
	}
	return tsScalar(field)
}

func tsScalar(field protoreflect.FieldDescriptor) string {
	switch field.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return tsInit(field.Message())
	case protoreflect.EnumKind:
		return "pb." + string(field.Enum().Name())
	case protoreflect.BytesKind:
		return "Uint8Array"
	case protoreflect.StringKind:
		return "string"
	case protoreflect.BoolKind:
		return "boolean"
	case protoreflect.Int64Kind, protoreflect.Uint64Kind, protoreflect.Sint64Kind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return "bigint"
	}
	return "number"
}

func tsInit(desc protoreflect.MessageDescriptor) string {
	return "Init<typeof pb." + string(desc.Name()) + "Schema>"
}

var wordStart = regexp.MustCompile(`([a-z])([A-Z])`)

// tsCode is NOT_FOUND for NotFound.
func tsCode(code string) string {
	return strings.ToUpper(wordStart.ReplaceAllString(code, "${1}_${2}"))
}

func tsReasonParams(one *reason) string {
	var params strings.Builder
	for _, key := range one.Metadata {
		params.WriteString(lower(camel(key)) + ": string, ")
	}
	return params.String() + "text: string"
}
