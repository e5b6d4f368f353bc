package kit

import (
	"log/slog"
	"strings"

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

// scrubbed is a text of others for the log, such as the error of a library, without the
// secrets of the request that it may quote.
func scrubbed(text string, r proto.Message) string {
	if r == nil {
		return text
	}
	walk(r.ProtoReflect(), func(_ protoreflect.Message, field protoreflect.FieldDescriptor, value protoreflect.Value) {
		if !isText(field) {
			return
		}
		if secret := value.String(); len(secret) >= secretBytesMin {
			text = strings.ReplaceAll(text, secret, mark)
		}
	})
	return text
}

const (
	mark = "[redacted]"
	// A shorter text is found everywhere, and is hardly a secret.
	secretBytesMin = 4
)

func isText(field protoreflect.FieldDescriptor) bool {
	return field.Kind() == protoreflect.StringKind && !field.IsList() && !field.IsMap()
}

func redact(m protoreflect.Message) {
	walk(m, func(holder protoreflect.Message, field protoreflect.FieldDescriptor, _ protoreflect.Value) {
		if isText(field) {
			holder.Set(field, protoreflect.ValueOfString(mark))
		} else {
			holder.Clear(field)
		}
	})
}

// walk finds each secret field of a message and of what it holds.
func walk(m protoreflect.Message, found func(protoreflect.Message, protoreflect.FieldDescriptor, protoreflect.Value)) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		secret, _ := proto.GetExtension(field.Options(), adapterv1.E_Secret).(bool)
		switch {
		case secret:
			found(m, field, value)
		case field.IsList() && field.Message() != nil:
			for i := range value.List().Len() {
				walk(value.List().Get(i).Message(), found)
			}
		case field.IsMap() && field.MapValue().Message() != nil:
			value.Map().Range(func(_ protoreflect.MapKey, held protoreflect.Value) bool {
				walk(held.Message(), found)
				return true
			})
		case field.Message() != nil && !field.IsList() && !field.IsMap():
			walk(value.Message(), found)
		}
		return true
	})
}
