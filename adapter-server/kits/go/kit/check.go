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
	m := r.ProtoReflect()
	plan := planOf(m.Descriptor())
	// Paths are spelled only for a request that is refused.
	if (checker{keyed: keyed, first: first}).message("", plan, m) == nil {
		return nil
	}
	return checker{keyed: keyed, first: first, spells: true}.message("", plan, m)
}

type checker struct{ keyed, first, spells bool }

// plan is what to look at in a message.
type plan struct {
	fields  []fieldPlan
	choices []protoreflect.OneofDescriptor
	isTime  bool
}

type fieldPlan struct {
	desc  protoreflect.FieldDescriptor
	name  string
	rules *adapterv1.FieldRules
	// How deep the JSON in the field may nest; 0 if it is no JSON.
	depth int
	// The field holds messages, to be looked at by this plan.
	holds *plan
	// The field may be absent and empty, which differ.
	presence bool
	// The field is one of a choice.
	chosen bool
}

var (
	plans  sync.Map // of *plan by descriptor
	making sync.Mutex
)

func planOf(desc protoreflect.MessageDescriptor) *plan {
	if found, ok := plans.Load(desc); ok {
		return found.(*plan)
	}
	making.Lock()
	defer making.Unlock()
	made := map[protoreflect.FullName]*plan{}
	whole := newPlan(desc, made)
	plans.Store(desc, whole)
	return whole
}

// newPlan makes the plan of a message and of what it holds, which may be itself.
func newPlan(desc protoreflect.MessageDescriptor, made map[protoreflect.FullName]*plan) *plan {
	if found, ok := made[desc.FullName()]; ok {
		return found
	}
	one := &plan{isTime: desc.FullName() == timestampName}
	made[desc.FullName()] = one
	for i := range desc.Fields().Len() {
		if field := newFieldPlan(desc.Fields().Get(i), made); field.rules != nil || field.depth > 0 || field.holds != nil {
			one.fields = append(one.fields, field)
		}
	}
	for i := range desc.Oneofs().Len() {
		choice := desc.Oneofs().Get(i)
		if must, _ := proto.GetExtension(choice.Options(), adapterv1.E_ExactlyOne).(bool); must {
			one.choices = append(one.choices, choice)
		}
	}
	return one
}

func newFieldPlan(field protoreflect.FieldDescriptor, made map[protoreflect.FullName]*plan) fieldPlan {
	rules, _ := proto.GetExtension(field.Options(), adapterv1.E_Field).(*adapterv1.FieldRules)
	one := fieldPlan{
		desc: field, name: string(field.Name()), rules: rules, depth: jsonDepth(field), presence: field.HasPresence(),
		chosen: field.ContainingOneof() != nil && !field.ContainingOneof().IsSynthetic(),
	}
	if held := heldBy(field); held != nil {
		one.holds = newPlan(held, made)
	}
	return one
}

func heldBy(field protoreflect.FieldDescriptor) protoreflect.MessageDescriptor {
	if field.IsMap() {
		return field.MapValue().Message()
	}
	return field.Message()
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

func (c checker) message(path string, plan *plan, m protoreflect.Message) error {
	if plan.isTime {
		return c.time(path, m)
	}
	for i := range plan.fields {
		if err := c.field(path, &plan.fields[i], m); err != nil {
			return err
		}
	}
	for _, choice := range plan.choices {
		if m.WhichOneof(choice) == nil {
			return fail.InvalidField(c.within(path, string(choice.Name())), "is missing; set one of its fields")
		}
	}
	return nil
}

var timestampName = (&timestamppb.Timestamp{}).ProtoReflect().Descriptor().FullName()

func (c checker) time(path string, m protoreflect.Message) error {
	if stamp, is := m.Interface().(*timestamppb.Timestamp); is && stamp.CheckValid() != nil {
		return fail.InvalidField(path, "is no time in the years 1 to 9999; send seconds and nanoseconds")
	}
	return nil
}

func (c checker) field(at string, field *fieldPlan, m protoreflect.Message) error {
	path := c.within(at, field.name)
	required := field.rules.GetRequired() && c.holds(field.rules.GetWhen())
	switch {
	case field.desc.IsMap():
		return c.entries(path, field, m.Get(field.desc).Map())
	case field.desc.IsList():
		return c.list(path, field, m.Get(field.desc).List(), required)
	case field.presence && !m.Has(field.desc):
		if required && !field.chosen {
			return fail.InvalidField(path, "is missing; it is REQUIRED")
		}
		return nil
	case field.holds != nil:
		return c.message(path, field.holds, m.Get(field.desc).Message())
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
	if field.holds == nil && field.depth == 0 {
		return nil
	}
	entries.Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
		at := path
		if c.spells {
			at = fmt.Sprintf("%s[%q]", path, key.String())
		}
		if field.holds != nil {
			err = c.message(at, field.holds, value.Message())
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
		at := path
		if c.spells {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		var err error
		if field.holds != nil {
			err = c.message(at, field.holds, list.Get(i).Message())
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
	digits, found := strings.CutPrefix(text, kind)
	if found && len(digits) == 33 && digits[0] == '_' && isLowerHex(digits[1:]) {
		return nil
	}
	return fail.InvalidField(path, fmt.Sprintf("is %s; send `%s_` and 32 lower-case hex digits", shown(text), kind))
}

func isLowerHex(text string) bool {
	for _, letter := range []byte(text) {
		if (letter < '0' || letter > '9') && (letter < 'a' || letter > 'f') {
			return false
		}
	}
	return true
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

func (c checker) within(path, name string) string {
	if !c.spells || path == "" {
		return name
	}
	return path + "." + name
}
