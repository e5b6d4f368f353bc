package main

import (
	"bytes"
	_ "embed"
	"slices"
	"strings"
	"text/template"

	"google.golang.org/protobuf/reflect/protoreflect"
)

//go:embed templates/py_stores.tmpl
var pyStores string

//go:embed templates/py_reasons.tmpl
var pyReasons string

var pyTaken = []string{"from", "import", "global", "in", "is", "class", "def", "pass", "lambda", "self", "org", "session", "change"}

func python(m *model) (map[string][]byte, error) {
	files := map[string][]byte{}
	for path, text := range map[string]string{
		"python/src/mortise_kit/stores.py":  pyStores,
		"python/src/mortise_kit/reasons.py": pyReasons,
	} {
		functions := template.FuncMap{
			"snake": snake, "params": pyParams, "result": pyResult, "shape": pyShape, "hand": handWritten,
			"doc": pyDoc, "modules": pyModules, "lowerName": func(name string) string { return strings.ToLower(name) },
			"join": func(keys []string) string { return strings.Join(keys, ", ") },
		}
		parsed, err := template.New(path).Funcs(functions).Parse(text)
		if err != nil {
			return nil, err
		}
		var out bytes.Buffer
		if err := parsed.Execute(&out, m); err != nil {
			return nil, err
		}
		files[path] = out.Bytes()
	}
	return files, nil
}

// snake is set_value for SetValue.
func snake(name string) string {
	var out strings.Builder
	for i, letter := range name {
		if letter >= 'A' && letter <= 'Z' && i > 0 {
			out.WriteByte('_')
		}
		out.WriteRune(letter)
	}
	return strings.ToLower(out.String())
}

func pyDoc(indent, text string) string {
	text = strings.ReplaceAll(text, `\`, `\\`)
	lines := strings.Split(text, "\n")
	for i, line := range lines[1:] {
		if line != "" {
			lines[i+1] = indent + line
		}
	}
	doc := `"""` + strings.Join(lines, "\n")
	if len(lines) > 1 {
		return doc + "\n" + indent + `"""`
	}
	return doc + `"""`
}

// pyModules are the modules with the messages that the signatures name.
func pyModules(m *model) []string {
	var all []string
	for _, service := range m.Services {
		for _, method := range service.Methods {
			fields := slices.Clone(method.Params)
			if method.Result != nil {
				fields = append(fields, method.Result)
			}
			for _, field := range fields {
				if held := pyHeld(field); held != nil && held.FullName().Parent() == contract {
					all = append(all, pyModule(held))
				}
			}
			all = append(all, pyModule(method.In), pyModule(method.Out))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func pyHeld(field protoreflect.FieldDescriptor) protoreflect.Descriptor {
	if field.IsMap() {
		field = field.MapValue()
	}
	if field.Enum() != nil {
		return field.Enum()
	}
	if field.Message() != nil {
		return field.Message()
	}
	return nil
}

func pyModule(desc protoreflect.Descriptor) string {
	path := desc.ParentFile().Path()
	return strings.TrimSuffix(path[strings.LastIndex(path, "/")+1:], ".proto") + "_pb2"
}

func pyParams(m *method) string {
	params := []string{"self"}
	if m.Session {
		params = append(params, "session: Session")
	} else {
		params = append(params, "org: Org")
	}
	if m.Keyed {
		params = append(params, "change: Change["+pyResult(m)+"]")
	}
	if m.Whole {
		params = append(params, "request: "+pyModule(m.In)+"."+string(m.In.Name()))
	}
	for _, field := range m.Params {
		params = append(params, pyName(field)+": "+pyType(field))
	}
	if m.ClientStream {
		params = append(params, "following: AsyncIterator["+pyModule(m.In)+"."+string(m.In.Name())+"]")
	}
	return strings.Join(params, ", ")
}

func pyResult(m *method) string {
	switch {
	case m.ServerStream:
		return "AsyncIterator[" + pyModule(m.Out) + "." + string(m.Out.Name()) + "]"
	case m.Empty:
		return "None"
	case m.Result != nil:
		return pyType(m.Result)
	}
	return pyModule(m.Out) + "." + string(m.Out.Name())
}

func pyName(field protoreflect.FieldDescriptor) string {
	name := string(field.Name())
	if slices.Contains(pyTaken, name) {
		return name + "_"
	}
	return name
}

func pyType(field protoreflect.FieldDescriptor) string {
	if field.IsMap() {
		return "Mapping[" + pyScalar(field.MapKey()) + ", " + pyScalar(field.MapValue()) + "]"
	}
	base := pyScalar(field)
	switch {
	case field.IsList():
		return "Sequence[" + base + "]"
	case field.HasPresence() && !isRequired(field):
		return base + " | None"
	}
	return base
}

func pyScalar(field protoreflect.FieldDescriptor) string {
	switch field.Kind() {
	case protoreflect.MessageKind:
		switch field.Message().FullName() {
		case "google.protobuf.Timestamp":
			return "Timestamp"
		case "google.protobuf.Duration":
			return "Duration"
		}
		return pyModule(field.Message()) + "." + string(field.Message().Name())
	case protoreflect.EnumKind:
		return pyModule(field.Enum()) + "." + string(field.Enum().Name())
	case protoreflect.StringKind:
		return "str"
	case protoreflect.BytesKind:
		return "bytes"
	case protoreflect.BoolKind:
		return "bool"
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return "float"
	}
	return "int"
}

// pyShape is how a call becomes a call of the author's method.
func pyShape(m *method) string {
	params := make([]string, 0, len(m.Params))
	for _, field := range m.Params {
		params = append(params, `"`+string(field.Name())+`"`)
	}
	list := strings.Join(params, ", ")
	if len(params) == 1 {
		list += ","
	}
	shape := `Shape("` + m.Name + `", "` + snake(m.Name) + `", ` + pyModule(m.In) + "." + string(m.In.Name()) + ", " +
		pyModule(m.Out) + "." + string(m.Out.Name()) + ", params=(" + list + ")"
	if m.Result != nil {
		shape += `, result="` + string(m.Result.Name()) + `"`
	}
	if m.Empty {
		shape += ", empty=True"
	}
	for _, one := range []struct {
		is   bool
		name string
	}{{m.Session, "session"}, {m.Keyed, "keyed"}, {m.Whole, "whole"}, {m.ClientStream, "client_stream"}, {m.ServerStream, "server_stream"}} {
		if one.is {
			shape += ", " + one.name + "=True"
		}
	}
	return shape + ")"
}
