package kit

import (
	"log/slog"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Redacted shows a message of the contract in a log without what is secret in it.
func Redacted(message proto.Message) slog.LogValuer { return redacted{message} }

type redacted struct{ message proto.Message }

// LogValue implements slog.LogValuer.
func (r redacted) LogValue() slog.Value {
	shown := proto.Clone(r.message)
	redact(shown.ProtoReflect())
	text, err := protojson.Marshal(shown)
	if err != nil {
		return slog.StringValue("a message that cannot be shown")
	}
	return slog.StringValue(string(text))
}

func redact(m protoreflect.Message) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		secret, _ := proto.GetExtension(field.Options(), adapterv1.E_Secret).(bool)
		switch {
		case secret && field.Kind() == protoreflect.StringKind && !field.IsList() && !field.IsMap():
			m.Set(field, protoreflect.ValueOfString("[redacted]"))
		case secret:
			m.Clear(field)
		case field.IsList() && field.Message() != nil:
			for i := range value.List().Len() {
				redact(value.List().Get(i).Message())
			}
		case field.IsMap() && field.MapValue().Message() != nil:
			value.Map().Range(func(_ protoreflect.MapKey, held protoreflect.Value) bool {
				redact(held.Message())
				return true
			})
		case field.Message() != nil && !field.IsList() && !field.IsMap():
			redact(value.Message())
		}
		return true
	})
}
