package model

import (
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"
)

// Keys is how many keys of a session a history uses.
const Keys = 3

// Value is the value of a key; empty if the key is absent. No history sets an empty value.
type Value string

// Values is the state of a session's keys, and the answer to ListKeys, which has `+` for
// each key that exists.
type Values [Keys]Value

// Deleted is the answer to a deletion: whether there was something.
type Deleted bool

// Done is the answer that says nothing.
type Done struct{}

// SetValue sets a key.
type SetValue struct {
	Key   int
	Value Value
}

// GetValue reads a key. It is answered with a Value.
type GetValue struct{ Key int }

// DeleteValue deletes a key. It is answered with Deleted.
type DeleteValue struct{ Key int }

// ListKeys names the keys. It is answered with Values.
type ListKeys struct{}

func (SetValue) IsRead() bool    { return false }
func (GetValue) IsRead() bool    { return true }
func (DeleteValue) IsRead() bool { return false }
func (ListKeys) IsRead() bool    { return true }

func (v Value) String() string {
	if v == "" {
		return "absent"
	}
	return string(v)
}

func (v Values) String() string {
	texts := make([]string, Keys)
	for i, value := range v {
		texts[i] = value.String()
	}
	return strings.Join(texts, " ")
}

func (Done) String() string { return "done" }

func (o SetValue) Describe(out any) string {
	return fmt.Sprintf("SetValue(k%d, %s) -> %s", o.Key, o.Value, shown(out))
}

func (o GetValue) Describe(out any) string {
	return fmt.Sprintf("GetValue(k%d) -> %s", o.Key, shown(out))
}

func (o DeleteValue) Describe(out any) string {
	return fmt.Sprintf("DeleteValue(k%d) -> %s", o.Key, shown(out))
}

func (o ListKeys) Describe(out any) string { return fmt.Sprintf("ListKeys() -> %s", shown(out)) }

// SessionValues is the model of the values of a session. The keys are one object: ListKeys
// sees them all.
func SessionValues() porcupine.Model {
	return model(Values{}, func(state any, input Op, output any) (bool, any) {
		values, _ := state.(Values)
		switch op := input.(type) {
		case SetValue:
			values[op.Key] = op.Value
			return true, values
		case GetValue:
			return output == values[op.Key], values
		case DeleteValue:
			existed := Deleted(values[op.Key] != "")
			values[op.Key] = ""
			return output == nil || output == existed, values
		case ListKeys:
			return output == listed(values), values
		}
		return false, values
	}, nil)
}

func listed(values Values) Values {
	for i, value := range values {
		if value != "" {
			values[i] = "+"
		}
	}
	return values
}
