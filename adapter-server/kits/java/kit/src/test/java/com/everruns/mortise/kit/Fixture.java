package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CallContext;
import com.everruns.mortise.adapter.v1.KeyInfo;
import com.everruns.mortise.adapter.v1.SessionStorageStoreMethods;
import com.everruns.mortise.adapter.v1.SetValueRequest;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** An adapter of a test over a store in memory, and a caller of it. */
final class Fixture implements AutoCloseable {
    static final String SESSION = "session_00000000000000000000000000000001";
    static final long ORG = (1L << 60) + 1;

    private final Serving serving;
    private final ManagedChannel channel;

    Fixture(MortiseAdapter adapter) throws IOException {
        this(adapter, new ServeOptions());
    }

    Fixture(MortiseAdapter adapter, ServeOptions options) throws IOException {
        serving = adapter.serve(options.listen("127.0.0.1:0"));
        channel = NettyChannelBuilder.forTarget(target()).usePlaintext().build();
    }

    static MortiseAdapter adapter(Store store) {
        return MortiseAdapter.named("under-test", "0").offer(store);
    }

    String target() {
        return serving.endpoint().substring("http://".length());
    }

    Serving serving() {
        return serving;
    }

    ManagedChannel channel() {
        return channel;
    }

    <Q, A> A call(MethodDescriptor<Q, A> method, Q request) {
        return ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, request);
    }

    void set(String requestId, String key, String value) {
        call(SessionStorageStoreMethods.SET_VALUE, setting(requestId, key, value));
    }

    static SetValueRequest setting(String requestId, String key, String value) {
        return SetValueRequest.newBuilder()
                .setContext(context(requestId))
                .setSessionId(SESSION)
                .setKey(key)
                .setValue(value)
                .build();
    }

    static CallContext context(String requestId) {
        return CallContext.newBuilder().setOrgId(ORG).setRequestId(requestId).build();
    }

    /** The detail of a refusal, such as its ErrorInfo. */
    static <M extends Message> Optional<M> detail(StatusRuntimeException refusal, Class<M> kind) {
        for (Any detail : StatusProto.fromThrowable(refusal).getDetailsList()) {
            if (detail.is(kind)) {
                try {
                    return Optional.of(detail.unpack(kind));
                } catch (InvalidProtocolBufferException damaged) {
                    throw new IllegalArgumentException(damaged);
                }
            }
        }
        return Optional.empty();
    }

    static String reason(StatusRuntimeException refusal) {
        return detail(refusal, ErrorInfo.class).map(ErrorInfo::getReason).orElse("");
    }

    @Override
    public void close() {
        channel.shutdownNow();
        serving.close();
    }

    /** Keeps values in memory; tests override what they are about. */
    static class Values implements NoSecrets {
        final Map<String, String> values = new ConcurrentHashMap<>();
        final AtomicInteger changes = new AtomicInteger();

        @Override
        public void setValue(SessionRef in, Change<Void> change, String key, String value) throws Exception {
            changes.incrementAndGet();
            values.put(in.org().id() + in.id() + key, value);
        }

        @Override
        public Optional<String> getValue(SessionRef in, String key) throws Exception {
            return Optional.ofNullable(values.get(in.org().id() + in.id() + key));
        }

        @Override
        public boolean deleteValue(SessionRef in, Change<Boolean> change, String key) {
            return values.remove(in.org().id() + in.id() + key) != null;
        }

        @Override
        public List<KeyInfo> listKeys(SessionRef in) {
            return List.of();
        }
    }
}
