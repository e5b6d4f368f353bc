package kit

import (
	"fmt"
	"strings"
	"sync"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/fail"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// check refuses what the contract forbids, by the options of the fields, and names the
// field. first says whether it is the first message of a stream.
func check(r request, keyed, first, needsSession bool) error {
	call := r.GetContext()
	if first {
		if call == nil {
			return fail.InvalidField("context", "is missing; every call has one")
		}
		if call.GetOrgId() == 0 {
			return fail.InvalidField("context.org_id", "is 0; send the internal id of the org")
		}
		if needsSession && call.GetSessionId() == "" {
			return fail.InvalidField("context.session_id", "is empty; send `session_` and 32 lower-case hex digits")
		}
	}
	return checker{keyed: keyed, first: first}.message("", r.ProtoReflect())
}

type checker struct{ keyed, first bool }

// plan is what to look at in a message.
type plan struct {
	fields  []fieldPlan
	choices []protoreflect.OneofDescriptor
}

type fieldPlan struct {
	desc  protoreflect.FieldDescriptor
	name  string
	rules *adapterv1.FieldRules
	// How deep the JSON in the field may nest; 0 if it is no JSON.
	depth int
	// The field holds messages.
	holds bool
	// The field may be absent and empty, which differ.
	presence bool
	// The field is one of a choice.
	chosen bool
}

var plans sync.Map

func planOf(desc protoreflect.MessageDescriptor) *plan {
	if found, ok := plans.Load(desc.FullName()); ok {
		return found.(*plan)
	}
	made := &plan{}
	for i := range desc.Fields().Len() {
		field := desc.Fields().Get(i)
		rules, _ := proto.GetExtension(field.Options(), adapterv1.E_Field).(*adapterv1.FieldRules)
		one := fieldPlan{
			desc: field, name: string(field.Name()), rules: rules, depth: jsonDepth(field),
			holds: holdsMessage(field), presence: field.HasPresence(),
			chosen: field.ContainingOneof() != nil && !field.ContainingOneof().IsSynthetic(),
		}
		if rules != nil || one.depth > 0 || one.holds {
			made.fields = append(made.fields, one)
		}
	}
	for i := range desc.Oneofs().Len() {
		choice := desc.Oneofs().Get(i)
		if must, _ := proto.GetExtension(choice.Options(), adapterv1.E_ExactlyOne).(bool); must {
			made.choices = append(made.choices, choice)
		}
	}
	plans.Store(desc.FullName(), made)
	return made
}

func holdsMessage(field protoreflect.FieldDescriptor) bool {
	if field.IsMap() {
		return field.MapValue().Message() != nil
	}
	return field.Message() != nil
}

func jsonDepth(field protoreflect.FieldDescriptor) int {
	kind := field.Kind()
	if field.IsMap() {
		kind = field.MapValue().Kind()
	}
	switch {
	case kind != protoreflect.StringKind || !strings.HasSuffix(string(field.Name()), "_json"):
		return 0
	case field.Name() == "data_json":
		return payloadDepthMax
	}
	return valueDepthMax
}

func (c checker) message(path string, m protoreflect.Message) error {
	if stamp, is := m.Interface().(*timestamppb.Timestamp); is {
		if err := stamp.CheckValid(); err != nil {
			return fail.InvalidField(path, "is no time in the years 1 to 9999; send seconds and nanoseconds")
		}
		return nil
	}
	plan := planOf(m.Descriptor())
	for i := range plan.fields {
		field := &plan.fields[i]
		if err := c.field(within(path, field.name), field, m); err != nil {
			return err
		}
	}
	for _, choice := range plan.choices {
		if m.WhichOneof(choice) == nil {
			return fail.InvalidField(within(path, string(choice.Name())), "is missing; set one of its fields")
		}
	}
	return nil
}

func (c checker) field(path string, field *fieldPlan, m protoreflect.Message) error {
	required := field.rules.GetRequired() && c.holds(field.rules.GetWhen())
	has := m.Has(field.desc)
	switch {
	case field.desc.IsMap():
		return c.entries(path, field, m.Get(field.desc).Map())
	case field.desc.IsList():
		return c.list(path, field, m.Get(field.desc).List(), required)
	case field.presence && !has && required && !field.chosen:
		return fail.InvalidField(path, "is missing; it is REQUIRED")
	case field.presence && !has:
		return nil
	case field.holds:
		return c.message(path, m.Get(field.desc).Message())
	}
	return c.scalar(path, field, m.Get(field.desc), required)
}

func (c checker) holds(when adapterv1.Condition) bool {
	switch when {
	case adapterv1.Condition_CONDITION_UNSPECIFIED:
		return true
	case adapterv1.Condition_CONDITION_KEYED:
		return c.keyed && c.first
	case adapterv1.Condition_CONDITION_FIRST_MESSAGE:
		return c.first
	}
	return false
}

func (c checker) entries(path string, field *fieldPlan, entries protoreflect.Map) (err error) {
	if !field.holds && field.depth == 0 {
		return nil
	}
	entries.Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
		at := fmt.Sprintf("%s[%q]", path, key.String())
		if field.holds {
			err = c.message(at, value.Message())
		} else {
			err = openValue(at, value.String(), field.depth)
		}
		return err == nil
	})
	return err
}

func (c checker) list(path string, field *fieldPlan, list protoreflect.List, required bool) error {
	if required && field.rules.GetNotEmpty() && list.Len() == 0 {
		return fail.InvalidField(path, "is empty; send one at least")
	}
	for i := range list.Len() {
		at := fmt.Sprintf("%s[%d]", path, i)
		var err error
		if field.holds {
			err = c.message(at, list.Get(i).Message())
		} else {
			err = c.scalar(at, field, list.Get(i), required)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c checker) scalar(path string, field *fieldPlan, value protoreflect.Value, required bool) error {
	switch field.desc.Kind() {
	case protoreflect.StringKind:
		return c.text(path, field, value.String(), required)
	case protoreflect.BytesKind:
		return atMost(path, len(value.Bytes()), field.rules)
	case protoreflect.EnumKind:
		number := value.Enum()
		if required && (number == 0 || field.desc.Enum().Values().ByNumber(number) == nil) {
			return fail.InvalidField(path, fmt.Sprintf("is %d; send a value of %s other than 0", number, field.desc.Enum().Name()))
		}
	}
	return nil
}

func (c checker) text(path string, field *fieldPlan, text string, required bool) error {
	if required && field.rules.GetNotEmpty() && text == "" {
		return fail.InvalidField(path, "is empty; it is REQUIRED")
	}
	if err := atMost(path, len(text), field.rules); err != nil {
		return err
	}
	if kind := field.rules.GetId(); kind != "" && (required || text != "" || field.presence) {
		if err := id(path, text, kind); err != nil {
			return err
		}
	}
	if field.name == "request_id" && c.keyed && strings.ContainsRune(text, 0) {
		return fail.InvalidField(path, "contains NUL; send a UUID")
	}
	if field.depth > 0 && (required || text != "" || field.presence) {
		return openValue(path, text, field.depth)
	}
	return nil
}

func atMost(path string, size int, rules *adapterv1.FieldRules) error {
	if most := rules.GetMaxBytes(); most > 0 && uint64(size) > most {
		return fail.InvalidField(path, fmt.Sprintf("has %d bytes; send %d at most", size, most))
	}
	return nil
}

func id(path, text, kind string) error {
	if kind == "uuid" {
		if isUUID(text) {
			return nil
		}
		return fail.InvalidField(path, fmt.Sprintf("is %s; send a UUID, 32 hex digits in the form 8-4-4-4-12", shown(text)))
	}
	digits, found := strings.CutPrefix(text, kind+"_")
	if found && len(digits) == 32 && strings.Trim(digits, "0123456789abcdef") == "" {
		return nil
	}
	return fail.InvalidField(path, fmt.Sprintf("is %s; send `%s_` and 32 lower-case hex digits", shown(text), kind))
}

func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, letter := range []byte(text) {
		isDash := i == 8 || i == 13 || i == 18 || i == 23
		if isDash != (letter == '-') || !isDash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(letter)) {
			return false
		}
	}
	return true
}

// shown is a text that a refusal quotes, which travels in headers.
func shown(text string) string {
	const most = 80
	if len(text) > most {
		return fmt.Sprintf("%q... (%d bytes)", strings.ToValidUTF8(text[:most], ""), len(text))
	}
	return fmt.Sprintf("%q", text)
}

func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
