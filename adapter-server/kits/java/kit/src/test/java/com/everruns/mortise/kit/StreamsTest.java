package com.everruns.mortise.kit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.everruns.mortise.adapter.v1.CreateImageRequest;
import com.everruns.mortise.adapter.v1.CreateImageResponse;
import com.everruns.mortise.adapter.v1.EmitResponse;
import com.everruns.mortise.adapter.v1.EmitStreamRequest;
import com.everruns.mortise.adapter.v1.EmitStreamResponse;
import com.everruns.mortise.adapter.v1.EventContext;
import com.everruns.mortise.adapter.v1.EventEmitterMethods;
import com.everruns.mortise.adapter.v1.EventLogMethods;
import com.everruns.mortise.adapter.v1.FollowEventsRequest;
import com.everruns.mortise.adapter.v1.FollowEventsResponse;
import com.everruns.mortise.adapter.v1.GetImageResponse;
import com.everruns.mortise.adapter.v1.ImageArtifactStoreMethods;
import com.everruns.mortise.adapter.v1.NewEvent;
import com.everruns.mortise.adapter.v1.NewImage;
import com.everruns.mortise.adapter.v1.ReadEventsResponse;
import com.everruns.mortise.adapter.v1.StoredImageInfo;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StreamsTest {
    private static EmitStreamRequest event(String requestId, String type) {
        return EmitStreamRequest.newBuilder()
                .setContext(Fixture.context(requestId))
                .setEvent(NewEvent.newBuilder()
                        .setType(type)
                        .setTs(Timestamp.newBuilder().setSeconds(1))
                        .setSessionId(Fixture.SESSION)
                        .setContext(EventContext.getDefaultInstance())
                        .setDataJson("{}"))
                .build();
    }

    /** What comes back on a stream, headers and end included. */
    private static final class Heard extends ClientCall.Listener<EmitStreamResponse> {
        private final BlockingQueue<Object> all = new LinkedBlockingQueue<>();

        @Override
        public void onHeaders(Metadata headers) {
            all.add("headers");
        }

        @Override
        public void onMessage(EmitStreamResponse message) {
            all.add(message);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            all.add(status.getCode());
        }

        Object next() throws InterruptedException {
            return all.poll(1, TimeUnit.MINUTES);
        }
    }

    /** Headers come at once, events are answered in order and once, and a store that is away ends the stream. */
    @Test
    void emitStream() throws Exception {
        List<String> stored = Collections.synchronizedList(new ArrayList<>());
        EventEmitter store = (in, change, event, proposedId) -> {
            if (event.getType().equals("away")) {
                throw Fail.unavailable("away");
            }
            if (event.getType().equals("bad")) {
                throw Fail.sessionArchived("s", "deleted");
            }
            stored.add(event.getType());
            return EmitResponse.newBuilder()
                    .setEventId("event")
                    .setSequence(stored.size())
                    .build();
        };
        try (Fixture served = new Fixture(Fixture.adapter(store))) {
            ClientCall<EmitStreamRequest, EmitStreamResponse> call =
                    served.channel().newCall(EventEmitterMethods.EMIT_STREAM, CallOptions.DEFAULT);
            Heard heard = new Heard();
            call.start(heard, new Metadata());
            call.request(100);
            assertEquals("headers", heard.next());
            call.sendMessage(event("1", "a"));
            call.sendMessage(event("2", "bad"));
            call.sendMessage(event("1", "a"));
            call.sendMessage(event("", "a"));
            call.sendMessage(event("3", "away"));
            assertEquals(1, ((EmitStreamResponse) heard.next()).getAck().getSequence());
            assertEquals(
                    "SESSION_ARCHIVED",
                    ((EmitStreamResponse) heard.next()).getFailure().getReason());
            assertEquals(1, ((EmitStreamResponse) heard.next()).getAck().getSequence());
            assertEquals(
                    "INVALID_FIELD",
                    ((EmitStreamResponse) heard.next()).getFailure().getReason());
            assertEquals(Status.Code.UNAVAILABLE, heard.next());
            assertEquals(List.of("a"), stored);
        }
    }

    /** A stream waits for a caller that reads slowly, and an adapter that stops ends it. */
    @Test
    void followedStreamEnds() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        EventLog store = new EventLog() {
            @Override
            public void readEvents(SessionRef in, long afterSequence, long limit, Sender<ReadEventsResponse> to) {}

            @Override
            public void followEvents(SessionRef in, long afterSequence, Sender<FollowEventsResponse> to)
                    throws InterruptedException {
                try {
                    to.send(FollowEventsResponse.getDefaultInstance());
                    new CountDownLatch(1).await();
                } finally {
                    ended.countDown();
                }
            }
        };
        try (Fixture served = new Fixture(Fixture.adapter(store))) {
            Iterator<FollowEventsResponse> events = ClientCalls.blockingServerStreamingCall(
                    served.channel(),
                    EventLogMethods.FOLLOW_EVENTS,
                    CallOptions.DEFAULT,
                    FollowEventsRequest.newBuilder()
                            .setContext(Fixture.context(""))
                            .setSessionId(Fixture.SESSION)
                            .build());
            assertTrue(events.hasNext());
            events.next();
            served.serving().close();
            StatusRuntimeException end = assertThrows(StatusRuntimeException.class, events::hasNext);
            assertEquals(Status.Code.UNAVAILABLE, end.getStatus().getCode());
            assertTrue(ended.await(1, TimeUnit.MINUTES));
        }
    }

    private static CreateImageRequest chunk(String bytes) {
        return CreateImageRequest.newBuilder()
                .setChunk(ByteString.copyFromUtf8(bytes))
                .build();
    }

    /** An upload reaches the store message by message, and is stored once under its request_id. */
    @Test
    void upload() throws Exception {
        List<String> stored = Collections.synchronizedList(new ArrayList<>());
        ImageArtifactStore store = new ImageArtifactStore() {
            @Override
            public StoredImageInfo createImage(
                    Org in,
                    Change<StoredImageInfo> change,
                    CreateImageRequest first,
                    Iterator<CreateImageRequest> rest) {
                StringBuilder all = new StringBuilder(first.getHeader().getFilename());
                rest.forEachRemaining(part -> all.append(part.getChunk().toStringUtf8()));
                stored.add(all.toString());
                return StoredImageInfo.newBuilder()
                        .setId("img " + stored.size())
                        .build();
            }

            @Override
            public void getImage(Org in, String imageId, Sender<GetImageResponse> to) {}

            @Override
            public Optional<StoredImageInfo> getImageInfo(Org in, String imageId) {
                return Optional.empty();
            }
        };
        CreateImageRequest header = CreateImageRequest.newBuilder()
                .setContext(Fixture.context("image"))
                .setHeader(NewImage.newBuilder().setFilename("f").setMetadataJson("{}"))
                .build();
        try (Fixture served = new Fixture(Fixture.adapter(store))) {
            assertEquals("img 1", sent(served, header, chunk("a"), chunk("b")));
            assertEquals("img 1", sent(served, header, chunk("a"), chunk("b")));
            assertEquals(List.of("fab"), stored);
            assertEquals("INVALID_ARGUMENT", sent(served));
            assertEquals("INVALID_ARGUMENT", sent(served, chunk("a")));
        }
    }

    /** The id of the stored image, or the code of the refusal. */
    private static String sent(Fixture served, CreateImageRequest... messages) throws Exception {
        BlockingQueue<String> answer = new LinkedBlockingQueue<>();
        StreamObserver<CreateImageRequest> call = ClientCalls.asyncClientStreamingCall(
                served.channel().newCall(ImageArtifactStoreMethods.CREATE_IMAGE, CallOptions.DEFAULT),
                new StreamObserver<CreateImageResponse>() {
                    @Override
                    public void onNext(CreateImageResponse response) {
                        answer.add(response.getImage().getId());
                    }

                    @Override
                    public void onError(Throwable thrown) {
                        answer.add(Status.fromThrowable(thrown).getCode().name());
                    }

                    @Override
                    public void onCompleted() {}
                });
        for (CreateImageRequest message : messages) {
            call.onNext(message);
        }
        call.onCompleted();
        return answer.poll(1, TimeUnit.MINUTES);
    }
}
