package kit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/fail"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// core is what every call goes through.
type core struct {
	memory      Memory
	turns       turns
	unavailable []func(error) bool
	log         *slog.Logger
	callTime    time.Duration
	// stopping ends when the adapter is told to stop: open streams end with it.
	stopping context.Context
	// troubled is told when the store could not answer.
	troubled func()
	// fenced holds the services that check fences.
	fenced   map[string]bool
	unfenced adapterv1.UnfencedChanges
	// warned holds the methods whose answers only the process remembers.
	warned onceEach
}

// method is what the contract says of one method.
type method[A proto.Message] struct {
	service, name, full string
	keyed               bool
	// Every request names a session in its context.
	needsSession bool
	// The server waits for a third party, so the call may take long.
	long bool
	// Whether it takes notice of fences, in a service that checks them.
	fencing   adapterv1.Fencing
	newAnswer func() A
}

func newMethod[Q request, A proto.Message](service, name string, keyed bool) *method[A] {
	var none A
	kind := none.ProtoReflect().Type()
	m := &method[A]{
		service: service, name: name, full: service + "/" + name, keyed: keyed,
		newAnswer: func() A { return kind.New().Interface().(A) },
	}
	desc, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return m
	}
	described := desc.(protoreflect.ServiceDescriptor)
	store, _ := proto.GetExtension(described.Options(), adapterv1.E_Store).(*adapterv1.Store)
	m.needsSession = store.GetSessionInContext()
	own := described.Methods().ByName(protoreflect.Name(name))
	semantics, _ := proto.GetExtension(own.Options(), adapterv1.E_Semantics).(*adapterv1.Semantics)
	m.fencing = semantics.GetFencing()
	m.long = semantics.GetDeadline() == adapterv1.Deadline_DEADLINE_LONG
	return m
}

// plain serves a call that changes nothing, or whose change may happen again.
func plain[A proto.Message, Q request](
	ctx context.Context, k *core, m *method[A], r Q, run func(context.Context) (A, error),
) (answer A, err error) {
	defer k.ended(ctx, m.full, r, time.Now(), &err)
	defer recovered(k, m.full, r, &err)
	if err = check(r, m.keyed, true, m.needsSession); err != nil {
		return answer, err
	}
	ctx, done := k.bounded(ctx, m.long, r)
	defer done()
	return run(ctx)
}

// keyed serves a change that happens once under its request_id.
func keyed[T any, A proto.Message, Q request](
	ctx context.Context, k *core, m *method[A], r Q, with codec[T, A], run func(context.Context, Change[T]) (T, error),
) (answer A, err error) {
	return plain(ctx, k, m, r, func(ctx context.Context) (A, error) {
		return once(ctx, k, m, r, with, run)
	})
}

func once[T any, A proto.Message, Q request](
	ctx context.Context, k *core, m *method[A], r Q, with codec[T, A], run func(context.Context, Change[T]) (T, error),
) (none A, err error) {
	key := Key{Org: r.GetContext().GetOrgId(), RequestID: r.GetContext().GetRequestId()}
	leave, err := k.turns.take(ctx, key)
	if err != nil {
		return none, err
	}
	defer leave()
	fencing, err := k.fencing(m.service, m.fencing, r)
	if err != nil {
		return none, err
	}
	change := newChange(m, key, with, fencing)
	before, stored, found, err := k.memory.Recall(ctx, key)
	if err != nil {
		return none, err
	}
	if found {
		v, err := change.Again(before, stored)
		if err != nil {
			return none, err
		}
		return with.wrap(v), nil
	}
	v, err := run(ctx, change)
	if err != nil {
		return none, err
	}
	answer := with.wrap(v)
	if !change.judged.Load() && !fencing.isNothing() {
		k.tookNoNotice(m.full)
	}
	if change.kept.Load() {
		return answer, nil
	}
	stored, err = proto.Marshal(answer)
	if err != nil {
		return none, err
	}
	k.rememberedInProcess(m.full)
	return answer, k.memory.Remember(ctx, key, m.full, stored)
}

func (k *core) rememberedInProcess(method string) {
	if _, inProcess := k.memory.(*ProcessMemory); inProcess && k.warned.first(method) {
		k.log.Warn("answers are remembered in this process alone; after a restart, a change that is sent again happens again",
			"method", method, "remedy", "use redismemory or sqlmemory in the method, or set kit.Memory")
	}
}

func (k *core) tookNoNotice(method string) {
	if k.warned.first(method + " fence") {
		k.log.Error("a change was made without a look at its fence, which its store says it checks",
			"method", method, "remedy", "make it with redismemory or sqlmemory, or call their Admit")
	}
}

// keyedUpload serves a change that comes in several messages.
func keyedUpload[T any, A proto.Message, Q request](
	ctx context.Context, k *core, m *method[A], receive func() (Q, error), with codec[T, A],
	run func(context.Context, Q, Change[T], func() (Q, error)) (T, error),
) (answer A, err error) {
	first, err := receive()
	if errors.Is(err, io.EOF) {
		return answer, fail.InvalidField("context", "is missing, because the stream is empty; send one message at least")
	}
	if err != nil {
		return answer, err
	}
	next := func() (Q, error) {
		message, err := receive()
		if err == nil {
			err = check(message, m.keyed, false, false)
		}
		return message, err
	}
	return keyed(ctx, k, m, first, with, func(ctx context.Context, c Change[T]) (T, error) {
		return run(ctx, first, c, next)
	})
}

// streamed serves a call whose answer comes in several messages.
func streamed[A proto.Message, Q request](
	ctx context.Context, k *core, m *method[A], r Q, send func(A) error, run func(context.Context, func(A) error) error,
) (err error) {
	defer k.ended(ctx, m.full, r, time.Now(), &err)
	defer recovered(k, m.full, r, &err)
	if err = check(r, m.keyed, true, m.needsSession); err != nil {
		return err
	}
	ctx, done := context.WithCancelCause(context.WithValue(ctx, callKey{}, r.GetContext()))
	defer done(nil)
	defer context.AfterFunc(k.stopping, func() { done(errStopping) })()
	return run(ctx, send)
}

var errStopping = fail.Unavailable("the adapter is stopping; connect again")

// bounded limits how long the store may take: a store that hangs is one that cannot
// answer now, and the caller must hear it in time to send the call again.
func (k *core) bounded(ctx context.Context, long bool, r request) (context.Context, context.CancelFunc) {
	ctx = context.WithValue(ctx, callKey{}, r.GetContext())
	if long || k.callTime <= 0 {
		return context.WithCancel(ctx)
	}
	limit := k.callTime
	if deadline, has := ctx.Deadline(); has {
		// Some time is left to answer in.
		limit = min(limit, time.Until(deadline)*9/10)
	}
	return context.WithTimeoutCause(ctx, limit, errSlow)
}

var errSlow = errors.New("the store did not answer in time")

// recovered turns a panic of an author's method into an error: no call ends the process.
func recovered(k *core, method string, r proto.Message, err *error) {
	if panicked := recover(); panicked != nil {
		k.log.Error("a method panicked", "method", method, "panic", scrubbed(fmt.Sprint(panicked), r), "stack", string(debug.Stack()))
		*err = fail.Internal("the adapter failed; its log has the cause")
	}
}

// ended makes what an author's method returned an error of the contract, and logs it.
func (k *core) ended(ctx context.Context, method string, r request, began time.Time, err *error) {
	if *err == nil {
		return
	}
	call, cause := r.GetContext(), *err
	refusal := k.refusal(ctx, cause)
	*err = refusal
	level := slog.LevelInfo
	attributes := []any{
		"method", method, "reason", refusal.Name(), "org", call.GetOrgId(), "session", call.GetSessionId(),
		"turn", call.GetTurnId(), "took", time.Since(began).Round(time.Microsecond).String(), "text", scrubbed(refusal.Short(), r),
	}
	switch refusal.Reason {
	case adapterv1.ErrorReason_ERROR_REASON_UNAVAILABLE:
		if isCallerGone(ctx, cause) {
			level = slog.LevelDebug
			break
		}
		level = slog.LevelWarn
		k.troubled()
	case adapterv1.ErrorReason_ERROR_REASON_INTERNAL:
		level = slog.LevelError
	}
	var own *fail.Error
	if !errors.As(cause, &own) {
		attributes = append(attributes, "cause", scrubbed(cause.Error(), r))
	}
	k.log.Log(ctx, level, "a call failed", append(attributes, traceOf(ctx)...)...)
}

// refusal is the error of the contract for what an author's method returned.
func (k *core) refusal(ctx context.Context, err error) *fail.Error {
	var own *fail.Error
	switch {
	case errors.As(err, &own):
		return own
	case isCallerGone(ctx, err):
		return fail.Unavailable("the caller is gone")
	case k.isUnavailable(err), isUnavailable(err):
		return fail.Unavailable("the store cannot answer now")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fail.Unavailable("the store did not answer in time")
	}
	return fail.Internal("the adapter failed; its log has the cause")
}

// isCallerGone says whether a call ended because its caller no longer waits.
func isCallerGone(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

func (k *core) isUnavailable(err error) bool {
	for _, says := range k.unavailable {
		if says(err) {
			return true
		}
	}
	return false
}
