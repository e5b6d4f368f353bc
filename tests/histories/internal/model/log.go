package model

import (
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"
)

// Token names an event, and the message that it creates. All tokens have TokenLen bytes:
// `p` for a plain event, `m` for one with a message, `s` and `t` for the same of a stream;
// two digits for the client and three for its count.
type Token string

// TokenLen is the length of a Token.
const TokenLen = 6

// NewToken names the event of a client.
func NewToken(streamed, message bool, client, count int) Token {
	kind := map[[2]bool]string{
		{false, false}: "p", {false, true}: "m", {true, false}: "s", {true, true}: "t",
	}[[2]bool{streamed, message}]
	return Token(fmt.Sprintf("%s%02d%03d", kind, client, count))
}

// HasMessage says whether the event creates a message.
func (t Token) HasMessage() bool { return t != "" && (t[0] == 'm' || t[0] == 't') }

func (t Token) isStreamed() bool { return t != "" && (t[0] == 's' || t[0] == 't') }

// Log is the tokens of the events of a session one after another; it is the state, and
// what reads are answered with.
type Log string

// Stored is the answer to an emit.
type Stored struct {
	Sequence int64
	EventID  string
}

// Run is consecutive events that follow a sequence number. Broken says what is wrong with
// their numbers, and then no state explains the answer.
type Run struct {
	Events Log
	Broken string
}

// Emit stores an event. It is answered with Stored.
type Emit struct{ Token Token }

// ReadEvents reads the events after a number, at most Limit unless it is zero. It is
// answered with a Run.
type ReadEvents struct {
	After int64
	Limit uint64
}

// Follow is what a follower was sent after a number. Its output is a Run.
type Follow struct{ After int64 }

// LoadMessages reads all messages. It is answered with a Log of their tokens.
type LoadMessages struct{}

// CountMessages counts messages. It is answered with a Count.
type CountMessages struct{}

// GetMessage reads one message. It is answered with Found.
type GetMessage struct{ Token Token }

// Count is a number of messages.
type Count uint64

// Found says whether there is such a message.
type Found bool

func (Emit) IsRead() bool          { return false }
func (ReadEvents) IsRead() bool    { return true }
func (Follow) IsRead() bool        { return true }
func (LoadMessages) IsRead() bool  { return true }
func (CountMessages) IsRead() bool { return true }
func (GetMessage) IsRead() bool    { return true }

func (l Log) len() int64 { return int64(len(l) / TokenLen) }

// Tokens takes the log apart.
func (l Log) Tokens() []Token {
	tokens := make([]Token, 0, l.len())
	for at := 0; at+TokenLen <= len(l); at += TokenLen {
		tokens = append(tokens, Token(l[at:at+TokenLen]))
	}
	return tokens
}

func (l Log) String() string {
	texts := make([]string, 0, l.len())
	for _, token := range l.Tokens() {
		texts = append(texts, string(token))
	}
	return "[" + strings.Join(texts, " ") + "]"
}

func (r Run) String() string {
	if r.Broken != "" {
		return r.Broken
	}
	return r.Events.String()
}

func (o Emit) Describe(out any) string {
	if stored, ok := out.(Stored); ok {
		return fmt.Sprintf("%s -> sequence %d", o.name(), stored.Sequence)
	}
	return fmt.Sprintf("%s -> %s", o.name(), shown(out))
}

func (o Emit) name() string {
	if o.Token.isStreamed() {
		return fmt.Sprintf("EmitStream(%s)", o.Token)
	}
	return fmt.Sprintf("Emit(%s)", o.Token)
}

func (o ReadEvents) Describe(out any) string {
	return fmt.Sprintf("ReadEvents(after %d, limit %d) -> %s", o.After, o.Limit, shown(out))
}

func (o Follow) Describe(out any) string {
	return fmt.Sprintf("FollowEvents(after %d) -> %s", o.After, shown(out))
}

func (LoadMessages) Describe(out any) string {
	return fmt.Sprintf("LoadMessages() -> %s", shown(out))
}

func (CountMessages) Describe(out any) string {
	return fmt.Sprintf("CountMessages() -> %s", shown(out))
}

func (o GetMessage) Describe(out any) string {
	return fmt.Sprintf("GetMessage(%s) -> %s", o.Token, shown(out))
}

// EventLog is the model of the events of a session and of the messages that they create.
func EventLog() porcupine.Model {
	return model(Log(""), func(state any, input Op, output any) (bool, any) {
		log, _ := state.(Log)
		switch op := input.(type) {
		case Emit:
			return append1(log, op.Token, output)
		case ReadEvents:
			run, ok := output.(Run)
			return ok && run.Broken == "" && run.Events == cut(log, op.After, op.Limit), log
		case Follow:
			run, ok := output.(Run)
			rest := cut(log, op.After, 0)
			return ok && run.Broken == "" && strings.HasPrefix(string(rest), string(run.Events)), log
		case LoadMessages:
			return output == messages(log), log
		case CountMessages:
			return output == Count(messages(log).len()), log
		case GetMessage:
			return output == Found(holds(log, op.Token)), log
		}
		return false, log
	}, nil)
}

// append1 stores an event once. Events of a stream are stored in the order in which they
// were sent.
func append1(log Log, token Token, output any) (bool, any) {
	if stored, ok := output.(Stored); ok && stored.Sequence != log.len()+1 {
		return false, log
	}
	if token.isStreamed() && count(token) != streamed(log, client(token))+1 {
		return false, log
	}
	return true, log + Log(token)
}

func client(token Token) string { return string(token[1:3]) }

func count(token Token) int {
	var n int
	if _, err := fmt.Sscanf(string(token[3:]), "%d", &n); err != nil {
		return -1
	}
	return n
}

// streamed is the count of the last event of a client's stream.
func streamed(log Log, of string) int {
	for at := len(log) - TokenLen; at >= 0; at -= TokenLen {
		token := Token(log[at : at+TokenLen])
		if token.isStreamed() && client(token) == of {
			return count(token)
		}
	}
	return 0
}

func cut(log Log, after int64, limit uint64) Log {
	from := min(int(after)*TokenLen, len(log))
	to := len(log)
	if limit > 0 {
		to = min(to, from+int(limit)*TokenLen)
	}
	return log[from:to]
}

func messages(log Log) Log {
	var found strings.Builder
	for at := 0; at+TokenLen <= len(log); at += TokenLen {
		if token := Token(log[at : at+TokenLen]); token.HasMessage() {
			found.WriteString(string(token))
		}
	}
	return Log(found.String())
}

func holds(log Log, token Token) bool {
	for at := 0; at+TokenLen <= len(log); at += TokenLen {
		if Token(log[at:at+TokenLen]) == token {
			return true
		}
	}
	return false
}
