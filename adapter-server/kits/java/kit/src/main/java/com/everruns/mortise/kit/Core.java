package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CallContext;
import com.everruns.mortise.adapter.v1.EmitRequest;
import com.everruns.mortise.adapter.v1.EmitResponse;
import com.everruns.mortise.adapter.v1.EventEmitterMethods;
import com.everruns.mortise.kit.AnswerMemory.Key;
import com.everruns.mortise.kit.AnswerMemory.Remembered;
import com.google.protobuf.Message;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.context.Scope;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Where every call of an author's store passes. */
final class Core {
    /** No call is limited by more than this. */
    private static final Duration LONGEST = Duration.ofDays(1);

    private static final MethodRules<EmitRequest> EMIT =
            MethodRules.of(EventEmitterMethods.EMIT, EmitRequest::getContext);

    private final Turns turns = new Turns();
    private final AnswerMemory memory;
    private final Threads threads;
    private final Duration callTime;
    private final CallLog log;
    private final InFlight inFlight;
    private final FenceRules fences;

    Core(AnswerMemory memory, Threads threads, Duration callTime, CallLog log, InFlight inFlight, FenceRules fences) {
        this.fences = fences;
        this.memory = memory;
        this.threads = threads;
        this.callTime = callTime;
        this.log = log;
        this.inFlight = inFlight;
    }

    /** What an author's method does for a request. */
    interface Plain<Q, T> {
        T run(Q request) throws Exception;
    }

    /** What an author's method does for a change. */
    interface Keyed<Q, T> {
        T run(Q request, Change<T> change) throws Exception;
    }

    /** What an author's method does for a request whose answer is a stream. */
    interface Streamed<Q, A> {
        void run(Q request, Sender<A> to) throws Exception;
    }

    /** What an author's method does for a change that comes in several messages. */
    interface Uploaded<Q, T> {
        T run(Q first, Change<T> change, Iterator<Q> rest) throws Exception;
    }

    /** Serves a call that changes nothing, or whose change may happen again. */
    <Q extends Message, A extends Message, T> ServerMethodDefinition<Q, A> plain(
            MethodDescriptor<Q, A> method, Function<Q, CallContext> context, Codec<T, A> codec, Plain<Q, T> run) {
        MethodRules<Q> rules = MethodRules.of(method, context);
        return ServerMethodDefinition.create(
                method, ServerCalls.asyncUnaryCall((Q request, StreamObserver<A> caller) -> {
                    onCancel(caller, () -> {});
                    answer(rules, request, new Answer<>(caller), () -> Change.wrap(codec, run.run(request), method));
                }));
    }

    /** Serves a change that happens once under its request_id. */
    <Q extends Message, A extends Message, T> ServerMethodDefinition<Q, A> keyed(
            MethodDescriptor<Q, A> method, Function<Q, CallContext> context, Codec<T, A> codec, Keyed<Q, T> run) {
        MethodRules<Q> rules = MethodRules.of(method, context);
        return ServerMethodDefinition.create(
                method, ServerCalls.asyncUnaryCall((Q request, StreamObserver<A> caller) -> {
                    onCancel(caller, () -> {});
                    Body<A> body = () -> once(rules, request, method, codec, c -> run.run(request, c));
                    answer(rules, request, new Answer<>(caller), body);
                }));
    }

    /** Serves a change that comes in several messages. */
    <Q extends Message, A extends Message, T> ServerMethodDefinition<Q, A> upload(
            MethodDescriptor<Q, A> method, Function<Q, CallContext> context, Codec<T, A> codec, Uploaded<Q, T> run) {
        MethodRules<Q> rules = MethodRules.of(method, context);
        return ServerMethodDefinition.create(
                method, ServerCalls.asyncClientStreamingCall((StreamObserver<A> observer) -> {
                    ServerCallStreamObserver<A> caller = (ServerCallStreamObserver<A>) observer;
                    UploadBegin<Q, A> begin = new UploadBegin<>();
                    begin.upload = new Upload<>(
                            rules,
                            caller,
                            first -> threads.stream(() -> {
                                Body<A> body =
                                        () -> once(rules, first, method, codec, c -> run.run(first, c, begin.upload));
                                answer(rules, first, new Answer<>(caller), body);
                            }));
                    return begin.upload;
                }));
    }

    private static final class UploadBegin<Q extends Message, A> {
        private Upload<Q, A> upload;
    }

    /** Serves a call whose answer comes in several messages. */
    <Q extends Message, A extends Message> ServerMethodDefinition<Q, A> streamed(
            MethodDescriptor<Q, A> method, Function<Q, CallContext> context, Streamed<Q, A> run) {
        MethodRules<Q> rules = MethodRules.of(method, context);
        return ServerMethodDefinition.create(
                method, ServerCalls.asyncServerStreamingCall((Q request, StreamObserver<A> observer) -> {
                    OpenStream<A> stream = new OpenStream<>((ServerCallStreamObserver<A>) observer);
                    if (opened(stream)) {
                        threads.stream(() -> stream(rules, request, stream, run));
                    }
                }));
    }

    private <Q extends Message, A extends Message> void stream(
            MethodRules<Q> rules, Q request, OpenStream<A> stream, Streamed<Q, A> run) {
        long began = System.nanoTime();
        inFlight.begin();
        try {
            if (!stream.begin()) {
                return;
            }
            rules.check(request);
            within(rules.context().apply(request), () -> {
                run.run(request, stream);
                return null;
            });
            stream.complete();
        } catch (Throwable thrown) {
            if (!stream.isEnded()) {
                stream.fail(log.ended(rules.name(), request, rules.context().apply(request), began, thrown));
            }
        } finally {
            stream.leave();
            inFlight.remove(stream);
            inFlight.end();
        }
    }

    /** Stores one event of a stream, as {@code Emit} does. */
    void emit(EventEmitter store, EmitRequest request, StreamObserver<EmitResponse> then) {
        CallContext call = request.getContext();
        Codec<EmitResponse, EmitResponse> codec = new Codec<>(v -> v, a -> a);
        Body<EmitResponse> body = () -> once(
                EMIT,
                request,
                EventEmitterMethods.EMIT,
                codec,
                c -> store.emit(Org.of(call), c, request.getEvent(), request.getProposedEventId()));
        answer(EMIT, request, Answer.within(then), body);
    }

    /** Takes a stream that the kit serves itself, unless the adapter stops. */
    boolean opened(OpenStream<?> stream) {
        boolean isOpen = inFlight.add(stream);
        if (!isOpen) {
            stream.fail(OpenStream.stopping());
        }
        return isOpen;
    }

    /** Forgets a stream that has ended. */
    void closed(OpenStream<?> stream) {
        inFlight.remove(stream);
    }

    /** What is done to answer a call. */
    interface Body<A> {
        A run() throws Exception;
    }

    /** Answers a call with what the body makes, in time. No exception leaves it. */
    <Q extends Message, A> void answer(MethodRules<Q> rules, Q request, Answer<A> answer, Body<A> body) {
        long began = System.nanoTime();
        CallContext call = rules.context().apply(request);
        inFlight.begin();
        Runnable late = () -> answer.fail(log.ended(
                rules.name(), request, call, began, new InterruptedException("the store did not answer in time")));
        try (Attempt attempt = Attempt.begin(threads.clock(), limit(rules), late)) {
            try {
                rules.check(request);
                answer.send(within(call, body));
            } catch (Throwable thrown) {
                if (!attempt.isLate()) {
                    answer.fail(log.ended(rules.name(), request, call, began, thrown));
                }
            }
        } finally {
            inFlight.end();
        }
    }

    private Duration limit(MethodRules<?> rules) {
        Deadline deadline = Context.current().getDeadline();
        Duration own = rules.isLong() || callTime.isZero() ? LONGEST : callTime;
        if (deadline == null) {
            return own;
        }
        // Some time is left to answer in.
        Duration theirs = Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS) / 10 * 9);
        return theirs.compareTo(own) < 0 ? theirs : own;
    }

    /** Runs the author's code with the call and its trace at hand. */
    private static <A> A within(CallContext call, Body<A> body) throws Exception {
        Context context = Context.current().withValue(Call.KEY, call);
        Context before = context.attach();
        try (Scope ignored = Tracing.current().makeCurrent()) {
            return body.run();
        } finally {
            context.detach(before);
        }
    }

    private interface Changing<T> {
        T run(Change<T> change) throws Exception;
    }

    private <Q extends Message, A extends Message, T> A once(
            MethodRules<Q> rules, Q request, MethodDescriptor<?, A> method, Codec<T, A> codec, Changing<T> run)
            throws Exception {
        CallContext call = rules.context().apply(request);
        Key key = new Key(call.getOrgId(), call.getRequestId());
        try (Turns.Leave ignored = turns.take(key)) {
            Change<T> change = new Change<>(key, method, codec, fences.of(rules, request));
            Optional<Remembered> before = memory.recall(key);
            if (before.isPresent()) {
                T value = change.again(before.get().method(), before.get().answer());
                return Change.wrap(codec, value, method);
            }
            A answer = Change.wrap(codec, run.run(change), method);
            if (!change.isJudged()) {
                log.tookNoNotice(method.getFullMethodName());
            }
            if (!change.isKept()) {
                log.remembered(method.getFullMethodName(), memory);
                memory.remember(key, new Remembered(method.getFullMethodName(), answer.toByteArray()));
            }
            return answer;
        }
    }

    static void onCancel(StreamObserver<?> caller, Runnable then) {
        ((ServerCallStreamObserver<?>) caller).setOnCancelHandler(then);
    }
}
