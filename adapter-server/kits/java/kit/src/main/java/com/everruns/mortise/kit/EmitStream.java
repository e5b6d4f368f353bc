package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.EmitAck;
import com.everruns.mortise.adapter.v1.EmitFailure;
import com.everruns.mortise.adapter.v1.EmitRequest;
import com.everruns.mortise.adapter.v1.EmitResponse;
import com.everruns.mortise.adapter.v1.EmitStreamRequest;
import com.everruns.mortise.adapter.v1.EmitStreamResponse;
import com.everruns.mortise.adapter.v1.ErrorReason;
import com.everruns.mortise.adapter.v1.EventEmitterMethods;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;

/**
 * Stores events one after the other through the author's {@code emit}, so that a request_id of both
 * methods is the same change.
 */
final class EmitStream implements StreamObserver<EmitStreamRequest> {
    private final EventEmitter store;
    private final Core core;
    private final OpenStream<EmitStreamResponse> stream;
    private final ServerCallStreamObserver<EmitStreamResponse> caller;

    private EmitStream(
            EventEmitter store,
            Core core,
            OpenStream<EmitStreamResponse> stream,
            ServerCallStreamObserver<EmitStreamResponse> caller) {
        this.store = store;
        this.core = core;
        this.stream = stream;
        this.caller = caller;
    }

    static ServerMethodDefinition<EmitStreamRequest, EmitStreamResponse> method(EventEmitter store, Core core) {
        ServerCallHandler<EmitStreamRequest, EmitStreamResponse> handler =
                ServerCalls.asyncBidiStreamingCall((StreamObserver<EmitStreamResponse> observer) -> {
                    ServerCallStreamObserver<EmitStreamResponse> caller =
                            (ServerCallStreamObserver<EmitStreamResponse>) observer;
                    caller.disableAutoRequest();
                    OpenStream<EmitStreamResponse> stream = new OpenStream<>(caller);
                    if (core.opened(stream)) {
                        caller.request(1);
                    }
                    return new EmitStream(store, core, stream, caller);
                });
        return ServerMethodDefinition.create(
                EventEmitterMethods.EMIT_STREAM,
                (call, headers) -> handler.startCall(new HeadersFirst<>(call), headers));
    }

    /** Sends the headers at once: a caller waits for them before it sends its first event. */
    private static final class HeadersFirst<Q, A> extends SimpleForwardingServerCall<Q, A> {
        HeadersFirst(ServerCall<Q, A> call) {
            super(call);
            call.sendHeaders(new Metadata());
        }

        @Override
        public void sendHeaders(Metadata headers) {
            // They are sent.
        }
    }

    @Override
    public void onNext(EmitStreamRequest event) {
        EmitRequest.Builder request = EmitRequest.newBuilder().setProposedEventId(event.getProposedEventId());
        if (event.hasContext()) {
            request.setContext(event.getContext());
        }
        if (event.hasEvent()) {
            request.setEvent(event.getEvent());
        }
        core.emit(store, request.build(), new Stored(event));
    }

    /** Answers one event, and asks for the next. */
    private final class Stored implements StreamObserver<EmitResponse> {
        private final EmitStreamResponse.Builder answer = EmitStreamResponse.newBuilder();

        Stored(EmitStreamRequest event) {
            answer.setRequestId(event.getContext().getRequestId());
        }

        @Override
        public void onNext(EmitResponse stored) {
            send(answer.setAck(
                    EmitAck.newBuilder().setEventId(stored.getEventId()).setSequence(stored.getSequence())));
        }

        @Override
        public void onCompleted() {
            caller.request(1);
        }

        @Override
        public void onError(Throwable thrown) {
            Failure failure = thrown instanceof Failure known ? known : Fail.internal("the adapter failed");
            // The store cannot answer now, and the order must be kept: the stream ends.
            if (failure.reason() == ErrorReason.ERROR_REASON_UNAVAILABLE) {
                stream.fail(failure);
                return;
            }
            send(answer.setFailure(EmitFailure.newBuilder()
                    .setCode(failure.code().value())
                    .setReason(failure.name())
                    .setMessage(failure.shortText())
                    .putAllMetadata(failure.metadata())));
            caller.request(1);
        }

        private void send(EmitStreamResponse.Builder response) {
            stream.sendNow(response.build());
        }
    }

    @Override
    public void onError(Throwable gone) {
        core.closed(stream);
    }

    @Override
    public void onCompleted() {
        stream.complete();
        core.closed(stream);
    }
}
