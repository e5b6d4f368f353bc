package main

import (
	"bytes"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

//go:embed templates/java_*.tmpl
var javaTemplates embed.FS

const (
	javaKit   = "java/kit/src/generated/java/com/everruns/mortise/kit/"
	javaStubs = "java/adapter-v1/src/generated/java/com/everruns/mortise/adapter/v1/"
	javaTypes = "com.everruns.mortise.adapter.v1."
)

// Words that Java has for itself, and names that the generated methods use.
var javaTaken = []string{"default", "package", "interface", "enum", "class", "in", "change", "request", "rest", "to"}

// javaService is a service with what its file imports.
type javaService struct {
	*service
	names   map[string]bool
	imports map[string]bool
}

func java(m *model) (map[string][]byte, error) {
	names := map[string]bool{}
	for _, one := range m.Services {
		names[one.Name] = true
	}
	files := map[string][]byte{}
	render := func(path, name string, data any, functions template.FuncMap) error {
		parsed, err := template.New(name).Funcs(javaFunctions).Funcs(functions).ParseFS(javaTemplates, "templates/"+name)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := parsed.Execute(&out, data); err != nil {
			return err
		}
		files[path] = out.Bytes()
		return nil
	}
	for _, one := range m.Services {
		for folder, kind := range map[string]string{javaKit + one.Name: "store", javaKit + one.Name + "Binding": "binding", javaStubs + one.Name + "Methods": "methods"} {
			used := &javaService{service: one, names: names, imports: map[string]bool{}}
			// The first pass finds what the file imports.
			for range 2 {
				if err := render(folder+".java", "java_"+kind+".tmpl", used, used.functions()); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := render(javaKit+"Bindings.java", "java_bindings.tmpl", m, nil); err != nil {
		return nil, err
	}
	return files, render(javaKit+"Fail.java", "java_fail.tmpl", m, nil)
}

var javaFunctions = template.FuncMap{
	"doc": javaDoc, "hand": handWritten, "lower": lower, "camel": camel, "constant": javaConstant,
	"reasonName": javaReasonName, "reasonParams": javaReasonParams, "code": javaCode, "strings": javaStrings,
	"para": func(text string) string { return "<p>" + text },
}

func (s *javaService) functions() template.FuncMap {
	return template.FuncMap{
		"imports": func() []string { return slices.Sorted(maps.Keys(s.imports)) },
		"params":  s.params, "returns": s.returns, "result": s.result, "arguments": s.arguments,
		"wrap": s.wrap, "unwrap": s.unwrap, "message": s.message,
		"use": s.use, "kind": javaKind, "lambda": javaLambda,
		"methods": func() string { return s.use(javaTypes + s.Name + "Methods") },
		"outer": func() string {
			return s.use(javaTypes + s.Desc.ParentFile().Options().(*descriptorpb.FileOptions).GetJavaOuterClassname())
		},
	}
}

// use is the name of a class in the file, which imports it unless its name is taken.
func (s *javaService) use(class string) string {
	name := class[strings.LastIndex(class, ".")+1:]
	if strings.HasPrefix(class, javaTypes) && s.names[name] {
		return class
	}
	if !strings.HasPrefix(class, "java.lang.") {
		s.imports[class] = true
	}
	return name
}

func (s *javaService) message(desc protoreflect.Descriptor) string {
	return s.use(javaTypes + string(desc.Name()))
}

// params is what stands between the parentheses of an author's method.
func (s *javaService) params(m *method) string {
	params := []string{"Org in"}
	if m.Session {
		params[0] = "SessionRef in"
	}
	if m.Keyed {
		params = append(params, "Change<"+s.result(m)+"> change")
	}
	if m.Whole {
		params = append(params, s.message(m.In)+" request")
	}
	for _, field := range m.Params {
		params = append(params, s.fieldType(field, false)+" "+javaParam(field))
	}
	if m.ClientStream {
		params = append(params, s.use("java.util.Iterator")+"<"+s.message(m.In)+"> rest")
	}
	if m.ServerStream {
		params = append(params, "Sender<"+s.message(m.Out)+"> to")
	}
	return strings.Join(params, ", ")
}

func (s *javaService) returns(m *method) string {
	switch {
	case m.ServerStream, m.Empty:
		return "void"
	case m.Result != nil && !isTime(m.Result):
		return s.fieldType(m.Result, false)
	}
	return s.message(m.Out)
}

// result is what an author's method returns, as the argument of a type.
func (s *javaService) result(m *method) string {
	switch {
	case m.Empty:
		return "Void"
	case m.Result != nil && !isTime(m.Result):
		return s.fieldType(m.Result, true)
	}
	return s.message(m.Out)
}

// javaKind is the method of the kit's core that serves a method.
func javaKind(m *method) string {
	switch {
	case m.ClientStream:
		return "upload"
	case m.Keyed:
		return "keyed"
	}
	return "plain"
}

func javaLambda(m *method) string {
	switch {
	case m.ClientStream:
		return "(r, c, rest)"
	case m.Keyed:
		return "(r, c)"
	}
	return "r"
}

// arguments is the call of an author's method from a request r and a change c.
func (s *javaService) arguments(m *method) string {
	arguments := []string{"Org.of(r.getContext())"}
	if m.Session {
		arguments[0] = "SessionRef.of(r.getContext(), r.getSessionId())"
	}
	if m.Keyed {
		arguments = append(arguments, "c")
	}
	if m.Whole {
		arguments = append(arguments, "r")
	}
	for _, field := range m.Params {
		arguments = append(arguments, s.read("r", field))
	}
	if m.ClientStream {
		arguments = append(arguments, "rest")
	}
	if m.ServerStream {
		arguments = append(arguments, "to")
	}
	return strings.Join(arguments, ", ")
}

// read takes a field from a message.
func (s *javaService) read(from string, field protoreflect.FieldDescriptor) string {
	value := from + ".get" + javaField(field)
	switch {
	case field.IsMap():
		return value + "Map()"
	case field.IsList():
		return value + "List()"
	}
	value += "()"
	if isTime(field) {
		value = "Times.instant(" + value + ")"
	}
	if mayBeAbsent(field) {
		optional := s.use("java.util.Optional")
		return from + ".has" + javaField(field) + "() ? " + optional + ".of(" + value + ") : " + optional + ".empty()"
	}
	return value
}

// wrap makes the answer of a result v.
func (s *javaService) wrap(m *method) string {
	out := s.message(m.Out)
	if m.Empty {
		return "v -> " + out + ".getDefaultInstance()"
	}
	if m.Result == nil || isTime(m.Result) {
		return "v -> v"
	}
	field := javaField(m.Result)
	switch {
	case m.Result.IsMap():
		return "v -> " + out + ".newBuilder().putAll" + field + "(v).build()"
	case m.Result.IsList():
		return "v -> " + out + ".newBuilder().addAll" + field + "(v).build()"
	case mayBeAbsent(m.Result):
		return "v -> v.map(it -> " + out + ".newBuilder().set" + field + "(it).build()).orElse(" + out + ".getDefaultInstance())"
	}
	return "v -> " + out + ".newBuilder().set" + field + "(v).build()"
}

// unwrap makes the result of an answer.
func (s *javaService) unwrap(m *method) string {
	switch {
	case m.Empty:
		return "a -> null"
	case m.Result == nil || isTime(m.Result):
		return "a -> a"
	}
	return "a -> " + s.read("a", m.Result)
}

func mayBeAbsent(field protoreflect.FieldDescriptor) bool {
	return field.HasPresence() && !isRequired(field) || field.HasOptionalKeyword()
}

// fieldType is the type of a field; boxed as the argument of another type.
func (s *javaService) fieldType(field protoreflect.FieldDescriptor, boxed bool) string {
	switch {
	case field.IsMap():
		return s.use("java.util.Map") + "<" + s.scalar(field.MapKey(), true) + ", " + s.scalar(field.MapValue(), true) + ">"
	case field.IsList():
		return s.use("java.util.List") + "<" + s.scalar(field, true) + ">"
	case mayBeAbsent(field):
		return s.use("java.util.Optional") + "<" + s.scalar(field, true) + ">"
	}
	return s.scalar(field, boxed)
}

func (s *javaService) scalar(field protoreflect.FieldDescriptor, boxed bool) string {
	primitive, box := "", ""
	switch field.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		switch {
		case isTime(field):
			return s.use("java.time.Instant")
		case !strings.HasPrefix(string(field.Message().FullName()), contract):
			return s.use("com.google.protobuf." + string(field.Message().Name()))
		}
		return s.message(field.Message())
	case protoreflect.EnumKind:
		return s.message(field.Enum())
	case protoreflect.StringKind:
		return "String"
	case protoreflect.BytesKind:
		return s.use("com.google.protobuf.ByteString")
	case protoreflect.BoolKind:
		primitive, box = "boolean", "Boolean"
	case protoreflect.DoubleKind:
		primitive, box = "double", "Double"
	case protoreflect.FloatKind:
		primitive, box = "float", "Float"
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		primitive, box = "int", "Integer"
	default:
		primitive, box = "long", "Long"
	}
	if boxed {
		return box
	}
	return primitive
}

// javaField is the name that protoc gives the accessors of a field, without get.
func javaField(field protoreflect.FieldDescriptor) string { return camel(string(field.Name())) }

func javaParam(field protoreflect.FieldDescriptor) string {
	name := lower(javaField(field))
	if slices.Contains(javaTaken, name) {
		return name + "Value"
	}
	return name
}

// javaConstant is GET_AGENT for GetAgent.
func javaConstant(name string) string {
	var out strings.Builder
	for i, letter := range name {
		if i > 0 && letter >= 'A' && letter <= 'Z' {
			out.WriteByte('_')
		}
		out.WriteRune(letter)
	}
	return strings.ToUpper(out.String())
}

// javaDoc is a comment of the contract as Javadoc.
func javaDoc(indent, text string) string {
	var out strings.Builder
	for i, part := range strings.Split(text, "`") {
		part = strings.ReplaceAll(part, "*/", "*&#47;")
		if i%2 == 1 {
			out.WriteString("{@code " + part + "}")
			continue
		}
		out.WriteString(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;").Replace(part))
	}
	lines := strings.Split(strings.Replace(out.String(), "&lt;p&gt;", "<p>", 1), "\n")
	for i, line := range lines {
		if i > 0 && lines[i-1] == "" && line != "" {
			line = "<p>" + line
			lines[i] = line
		}
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight(indent+" * "+line, " ")
	}
	return strings.Join(lines, "\n")
}

func javaReasonName(name string) string { return lower(camel(name)) }

func javaReasonParams(one *reason) string {
	params := make([]string, 0, len(one.Metadata)+1)
	for _, key := range one.Metadata {
		params = append(params, "String "+lower(camel(key)))
	}
	return strings.Join(append(params, "String text"), ", ")
}

// javaCode is NOT_FOUND for NotFound, as gRPC's library for Java has it.
func javaCode(one *reason) string { return javaConstant(one.Code) }

func javaStrings(all []string) string {
	quoted := make([]string, len(all))
	for i, one := range all {
		quoted[i] = fmt.Sprintf("%q", one)
	}
	return strings.Join(quoted, ", ")
}
