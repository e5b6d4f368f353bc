import com.everruns.mortise.adapter.v1.GetValueRequest;
import com.everruns.mortise.adapter.v1.GetValueResponse;
import com.everruns.mortise.adapter.v1.KeyInfo;
import com.everruns.mortise.adapter.v1.SetValueRequest;
import com.everruns.mortise.adapter.v1.SetValueResponse;
import com.everruns.mortise.kit.Change;
import com.everruns.mortise.kit.MortiseAdapter;
import com.everruns.mortise.kit.NoSecrets;
import com.everruns.mortise.kit.SessionRef;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The values of sessions in memory, for the bench: on the kit, or with --bare on grpc-java alone. */
final class Server {
    private static final String SERVICE = "mortise.adapter.v1.SessionStorageStoreService";
    private static final Map<Place, String> KEPT = new ConcurrentHashMap<>();

    private record Place(long org, String session, String key) {}

    private static final class OnKit implements NoSecrets {
        @Override
        public void setValue(SessionRef in, Change<Void> change, String key, String value) {
            KEPT.put(new Place(in.org().id(), in.id(), key), value);
        }

        @Override
        public Optional<String> getValue(SessionRef in, String key) {
            return Optional.ofNullable(KEPT.get(new Place(in.org().id(), in.id(), key)));
        }

        @Override
        public boolean deleteValue(SessionRef in, Change<Boolean> change, String key) {
            return false;
        }

        @Override
        public List<KeyInfo> listKeys(SessionRef in) {
            return List.of();
        }
    }

    private static ServerServiceDefinition bare() {
        return ServerServiceDefinition.builder(SERVICE)
                .addMethod(
                        method("SetValue", SetValueRequest.getDefaultInstance(), SetValueResponse.getDefaultInstance()),
                        ServerCalls.asyncUnaryCall(Server::setValue))
                .addMethod(
                        method("GetValue", GetValueRequest.getDefaultInstance(), GetValueResponse.getDefaultInstance()),
                        ServerCalls.asyncUnaryCall(Server::getValue))
                .build();
    }

    private static <Q extends Message, A extends Message> MethodDescriptor<Q, A> method(String name, Q request, A answer) {
        return MethodDescriptor.<Q, A>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, name))
                .setRequestMarshaller(ProtoUtils.marshaller(request))
                .setResponseMarshaller(ProtoUtils.marshaller(answer))
                .build();
    }

    private static void setValue(SetValueRequest in, StreamObserver<SetValueResponse> out) {
        KEPT.put(new Place(in.getContext().getOrgId(), in.getSessionId(), in.getKey()), in.getValue());
        out.onNext(SetValueResponse.getDefaultInstance());
        out.onCompleted();
    }

    private static void getValue(GetValueRequest in, StreamObserver<GetValueResponse> out) {
        String value = KEPT.get(new Place(in.getContext().getOrgId(), in.getSessionId(), in.getKey()));
        GetValueResponse.Builder answer = GetValueResponse.newBuilder();
        if (value != null) {
            answer.setValue(value);
        }
        out.onNext(answer.build());
        out.onCompleted();
    }

    public static void main(String[] arguments) throws Exception {
        if (!List.of(arguments).contains("--bare")) {
            MortiseAdapter.named("bench", "0").offer(new OnKit()).run(arguments);
            return;
        }
        String[] address = System.getenv("MORTISE_LISTEN").split(":");
        NettyServerBuilder.forAddress(new InetSocketAddress(address[0], Integer.parseInt(address[1])))
                .addService(bare())
                .build()
                .start()
                .awaitTermination();
    }
}
