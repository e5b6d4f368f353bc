package kit

import (
	"fmt"
	"slices"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/fail"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Lease is the last lease of a session, as it is stored. Times are in microseconds.
type Lease struct {
	Session string
	// Fence is the highest that was granted for the session; 0 if none was.
	Fence uint64
	// EndsAt is by the clock of the storage; 0 if it was released.
	EndsAt int64
	// TimeLeftMax is what was left of it when it was last granted or renewed.
	TimeLeftMax     int64
	Holder, Address string
}

// LeftByWall is what is left of it by the clock of the storage; 0 if it has ended.
func (l *Lease) LeftByWall(now int64) int64 {
	return max(0, min(l.EndsAt-now, l.TimeLeftMax))
}

// Fencing is what leases decide of a change. The highest fence of a session is known where
// its leases are granted: a store checks fences if the leases of its sessions lie in its
// own database, where the check and the change are one transaction.
type Fencing struct {
	// Session is the session of the fence; empty if the change came without one.
	Session string
	Fence   uint64
	// Unleased is a session that the change may change only while nothing leases it: it
	// came without the fence of this session, and the adapter refuses such changes.
	Unleased string
}

// Sessions are those whose leases decide, in the order in which to lock them.
func (f Fencing) Sessions() []string {
	var all []string
	for _, one := range []string{f.Session, f.Unleased} {
		if one != "" {
			all = append(all, one)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (f Fencing) isNothing() bool { return f.Session == "" && f.Unleased == "" }

func (f Fencing) judge(leases map[string]Lease, now int64) error {
	if f.Session != "" {
		if own, found := leases[f.Session]; !found || own.Fence != f.Fence {
			return Stale(f.Session, &own, now)
		}
	}
	if other, found := leases[f.Unleased]; found && other.LeftByWall(now) > 0 {
		text := f.Unleased + " is leased; a change without the fence of its lease is not accepted meanwhile"
		return fenced(f.Unleased, &other, text)
	}
	return nil
}

// Stale is FENCED: a fence is not the highest of a session, whose last lease this is; nil
// if it has none.
func Stale(session string, last *Lease, now int64) error {
	if last != nil && last.LeftByWall(now) == 0 {
		last = nil
	}
	return fenced(session, last, fmt.Sprintf(
		"the fence is not the highest that was granted for %s; its lease has passed on or was never granted", session))
}

func fenced(session string, running *Lease, text string) error {
	refusal := fail.Fenced(session, text)
	if running != nil {
		refusal.Metadata["holder"], refusal.Metadata["address"] = running.Holder, running.Address
	}
	return refusal
}

// fencing is what leases decide of a request.
func (k *core) fencing(service string, how adapterv1.Fencing, r request) (Fencing, error) {
	if how == adapterv1.Fencing_FENCING_UNSPECIFIED || !k.fenced[service] {
		return Fencing{}, nil
	}
	call := r.GetContext()
	if call.GetFence() != 0 && call.GetSessionId() == "" {
		return Fencing{}, fail.InvalidField("context.session_id",
			"is empty, but the call has a fence; send the session that the fence belongs to")
	}
	f := Fencing{Fence: call.GetFence()}
	if f.Fence != 0 {
		f.Session = call.GetSessionId()
	}
	if how == adapterv1.Fencing_FENCING_SESSION {
		if target := targetOf(r); target != f.Session && k.refuses(r) {
			f.Unleased = target
		}
	}
	return f, nil
}

// eventful is a request that stores an event.
type eventful interface {
	GetEvent() *adapterv1.NewEvent
}

func targetOf(r request) string {
	if emit, is := r.(eventful); is {
		return emit.GetEvent().GetSessionId()
	}
	m := r.ProtoReflect()
	if field := m.Descriptor().Fields().ByName("session_id"); field != nil && field.Kind() == protoreflect.StringKind {
		return m.Get(field).String()
	}
	return ""
}

// refuses says whether a change without a fence is refused while its session is leased.
func (k *core) refuses(r request) bool {
	var event *adapterv1.NewEvent
	if emit, is := r.(eventful); is {
		event = emit.GetEvent()
	}
	// What comes from outside of a turn, no lease keeps out.
	fromOutside := event.GetType() == "input.message" || event.GetType() == "turn.cancelled"
	switch k.unfenced {
	case adapterv1.UnfencedChanges_UNFENCED_CHANGES_EXCEPT_TURN_EVENTS:
		return event.GetContext() != nil && event.GetContext().TurnId != nil && !fromOutside
	case adapterv1.UnfencedChanges_UNFENCED_CHANGES_REFUSED:
		return !fromOutside
	}
	return false
}

// UnfencedChanges says what becomes of changes without a fence while their session is
// leased, where a store checks fences. Unless stated, events of turns are refused.
func UnfencedChanges(policy adapterv1.UnfencedChanges) Option {
	return func(a *Adapter) { a.core.unfenced = policy }
}
