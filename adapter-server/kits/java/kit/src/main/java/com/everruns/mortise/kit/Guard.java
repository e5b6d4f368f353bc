package com.everruns.mortise.kit;

import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import java.util.Locale;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/**
 * Lets in the callers that may call: by certificate, by token, by both. Health checks need neither.
 */
final class Guard implements ServerInterceptor {
    private static final String HEALTH = "grpc.health.v1.Health/";
    private static final String SCHEME = "bearer ";
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final TokenFile tokens;
    private final boolean needsCertificate;

    /**
     * @param tokens null if callers need none
     */
    Guard(TokenFile tokens, boolean needsCertificate) {
        this.tokens = tokens;
        this.needsCertificate = needsCertificate;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        Failure refusal = refusal(call, headers);
        if (refusal == null) {
            return next.startCall(call, headers);
        }
        StatusRuntimeException status = refusal.notApplied().status();
        call.close(status.getStatus(), status.getTrailers());
        return new ServerCall.Listener<>() {};
    }

    private Failure refusal(ServerCall<?, ?> call, Metadata headers) {
        if (call.getMethodDescriptor().getFullMethodName().startsWith(HEALTH)) {
            return null;
        }
        if (needsCertificate && !hasCertificate(call)) {
            return Failure.unauthenticated("no certificate of a known CA; connect with a client certificate");
        }
        if (tokens != null && !hasToken(headers)) {
            return Failure.unauthenticated("no known bearer token; send `authorization: Bearer TOKEN`");
        }
        return null;
    }

    private static boolean hasCertificate(ServerCall<?, ?> call) {
        SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
        try {
            // The handshake has verified what is there.
            return session != null && session.getPeerCertificates().length > 0;
        } catch (SSLPeerUnverifiedException none) {
            return false;
        }
    }

    private boolean hasToken(Metadata headers) {
        Iterable<String> values = headers.getAll(AUTHORIZATION);
        if (values == null) {
            return false;
        }
        for (String value : values) {
            boolean isBearer = value.toLowerCase(Locale.ROOT).startsWith(SCHEME);
            if (isBearer && tokens.has(value.substring(SCHEME.length()).strip())) {
                return true;
            }
        }
        return false;
    }
}
