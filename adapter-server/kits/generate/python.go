package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"sort"
	"strings"
	"text/template"

	"google.golang.org/protobuf/reflect/protoreflect"
)

//go:embed templates/python_stores.tmpl
var pythonStores string

//go:embed templates/python_reasons.tmpl
var pythonReasons string

//go:embed templates/python_v1.tmpl
var pythonV1 string

// Words that Python has for itself, and names that the generated code uses.
var pythonTaken = map[string]bool{
	"from": true, "import": true, "global": true, "lambda": true, "class": true, "def": true, "in": true, "is": true,
	"self": true, "change": true, "request": true, "rest": true,
}

func python(m *model) (map[string][]byte, error) {
	files := map[string][]byte{}
	functions := template.FuncMap{
		"snake": pythonSnake, "doc": pythonDoc, "head": pythonHead, "table": pythonTable,
		"hand": handWritten, "exports": pythonExports, "reasonName": strings.ToLower,
		"comment": func(text string) string { return "# " + strings.ReplaceAll(text, "\n", "\n# ") },
		"code":    func(code string) string { return strings.ToUpper(pythonSnake(code)) },
	}
	for file, text := range map[string]string{
		"python/src/mortise_adapter/stores.py":       pythonStores,
		"python/src/mortise_adapter/fail/reasons.py": pythonReasons,
		"python/src/mortise_adapter/v1/__init__.py":  pythonV1,
	} {
		parsed, err := template.New(file).Funcs(functions).Parse(text)
		if err != nil {
			return nil, err
		}
		var out bytes.Buffer
		if err := parsed.Execute(&out, m); err != nil {
			return nil, err
		}
		files[file] = out.Bytes()
	}
	return files, nil
}

var (
	wordEnd  = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	capitals = regexp.MustCompile(`([A-Z]+)([A-Z][a-z])`)
)

// pythonSnake is get_or_create for GetOrCreate.
func pythonSnake(name string) string {
	name = capitals.ReplaceAllString(name, "${1}_$2")
	return strings.ToLower(wordEnd.ReplaceAllString(name, "${1}_$2"))
}

func pythonDoc(indent, text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), `"""`, `\"\"\"`)
	if strings.HasSuffix(text, `"`) {
		text += " "
	}
	if !strings.Contains(text, "\n") {
		return indent + `"""` + text + `"""`
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if i > 0 && line != "" {
			lines[i] = indent + line
		}
	}
	return indent + `"""` + strings.Join(lines, "\n") + "\n" + indent + `"""`
}

// pythonHead is the head of an author's method.
func pythonHead(m *method) string {
	params := []string{"self"}
	if m.Session {
		params = append(params, "session: Session")
	} else {
		params = append(params, "org: Org")
	}
	if m.Keyed {
		params = append(params, "change: Change["+pythonResult(m)+"]")
	}
	if m.Whole {
		params = append(params, "request: v1."+string(m.In.Name()))
	}
	for _, field := range m.Params {
		params = append(params, pythonParam(m, field)+": "+pythonType(field))
	}
	if m.ClientStream {
		params = append(params, "rest: AsyncIterator[v1."+string(m.In.Name())+"]")
	}
	head := "async def "
	answer := pythonResult(m)
	if m.ServerStream {
		head, answer = "def ", "AsyncIterator[v1."+string(m.Out.Name())+"]"
	}
	return fmt.Sprintf("%s%s(%s) -> %s:", head, pythonSnake(m.Name), strings.Join(params, ", "), answer)
}

// pythonTable is the entry of a method in the table of its service.
func pythonTable(m *method) string {
	arguments, params := []string{"org_of(r)"}, "r"
	if m.Session {
		arguments[0] = "session_of(r)"
	}
	if m.Keyed {
		arguments, params = append(arguments, "c"), "r, c"
	}
	if m.Whole {
		arguments = append(arguments, "r")
	}
	for _, field := range m.Params {
		value := "r." + string(field.Name())
		if pythonTaken[string(field.Name())] && field.Name() != "request" && field.Name() != "change" && field.Name() != "rest" {
			value = fmt.Sprintf("getattr(r, %q)", field.Name())
		}
		if pythonOptional(field) {
			value = fmt.Sprintf("%s if r.HasField(%q) else None", value, field.Name())
		}
		arguments = append(arguments, value)
	}
	if m.ClientStream {
		arguments, params = append(arguments, "rest"), params+", rest"
	}
	call := fmt.Sprintf("lambda %s: store.%s(%s)", params, pythonSnake(m.Name), strings.Join(arguments, ", "))
	parts := []string{"v1." + string(m.In.Name()), "v1." + string(m.Out.Name()), call}
	make := "reading"
	switch {
	case m.ServerStream:
		make = "streaming"
	case m.ClientStream:
		make = "uploading"
	case m.Keyed:
		make = "changing"
	}
	if !m.ServerStream {
		parts = append(parts, pythonWrap(m))
	}
	if m.Keyed {
		parts = append(parts, pythonUnwrap(m))
	}
	return fmt.Sprintf("%q: %s(\n            %s,\n        ),", m.Name, make, strings.Join(parts, ",\n            "))
}

// pythonResult is what an author's method returns.
func pythonResult(m *method) string {
	switch {
	case m.Empty:
		return "None"
	case m.Result != nil:
		return pythonType(m.Result)
	}
	return "v1." + string(m.Out.Name())
}

func pythonWrap(m *method) string {
	out := "v1." + string(m.Out.Name())
	switch {
	case m.Empty:
		return "lambda v: " + out + "()"
	case m.Result != nil:
		return fmt.Sprintf("lambda v: %s(%s=v)", out, m.Result.Name())
	}
	return "lambda v: v"
}

func pythonUnwrap(m *method) string {
	switch {
	case m.Empty:
		return "lambda a: None"
	case m.Result == nil:
		return "lambda a: a"
	case pythonOptional(m.Result):
		return fmt.Sprintf("lambda a: a.%s if a.HasField(%q) else None", m.Result.Name(), m.Result.Name())
	}
	return "lambda a: a." + string(m.Result.Name())
}

// pythonOptional says whether a field may be absent.
func pythonOptional(field protoreflect.FieldDescriptor) bool {
	return field.HasPresence() && !field.IsList() && !isRequired(field)
}

func pythonType(field protoreflect.FieldDescriptor) string {
	if field.IsMap() {
		return "Mapping[" + pythonScalar(field.MapKey()) + ", " + pythonScalar(field.MapValue()) + "]"
	}
	base := pythonScalar(field)
	switch {
	case field.IsList():
		return "Sequence[" + base + "]"
	case pythonOptional(field):
		return base + " | None"
	}
	return base
}

func pythonScalar(field protoreflect.FieldDescriptor) string {
	switch field.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		name := field.Message().FullName()
		if strings.HasPrefix(string(name), "google.protobuf.") {
			return string(name.Name())
		}
		return "v1." + string(name.Name())
	case protoreflect.EnumKind:
		return "v1." + string(field.Enum().Name()) + ".ValueType"
	case protoreflect.BytesKind:
		return "bytes"
	case protoreflect.StringKind:
		return "str"
	case protoreflect.BoolKind:
		return "bool"
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return "float"
	}
	return "int"
}

// pythonParam is the name of a parameter.
func pythonParam(m *method, field protoreflect.FieldDescriptor) string {
	name := string(field.Name())
	if pythonTaken[name] || name == "session" && m.Session || name == "org" && !m.Session {
		return name + "_"
	}
	return name
}

// pythonExports are the imports of the messages and enums of one file.
func pythonExports(file protoreflect.FileDescriptor) string {
	var names []string
	for i := range file.Messages().Len() {
		names = append(names, string(file.Messages().Get(i).Name()))
	}
	for i := range file.Enums().Len() {
		names = append(names, string(file.Enums().Get(i).Name()))
	}
	sort.Strings(names)
	module := strings.TrimSuffix(path.Base(file.Path()), ".proto") + "_pb2"
	lines := make([]string, len(names))
	for i, name := range names {
		lines[i] = fmt.Sprintf("from mortise_adapter.v1.%s import %s as %s", module, name, name)
	}
	return strings.Join(lines, "\n")
}
