package com.everruns.mortise.kit;

import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** TLS from PEM files, which are read again when they change: new connections see the new ones. */
final class Tls {
    private static final long CHECK_SECONDS = 1;

    private Tls() {}

    static ServerCredentials credentials(ServeOptions options, ScheduledExecutorService clock) throws IOException {
        if (options.tlsCert == null && options.tlsKey == null && options.tlsClientCa == null) {
            return InsecureServerCredentials.create();
        }
        if (options.tlsCert == null || options.tlsKey == null) {
            throw new IOException("TLS needs a certificate and its key; give --tls-cert and --tls-key");
        }
        try {
            AdvancedTlsX509KeyManager own = new AdvancedTlsX509KeyManager();
            own.updateIdentityCredentials(
                    options.tlsCert.toFile(), options.tlsKey.toFile(), CHECK_SECONDS, TimeUnit.SECONDS, clock);
            TlsServerCredentials.Builder built = TlsServerCredentials.newBuilder().keyManager(own);
            if (options.tlsClientCa != null) {
                AdvancedTlsX509TrustManager callers = AdvancedTlsX509TrustManager.newBuilder()
                        .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
                        .build();
                callers.updateTrustCredentials(
                        options.tlsClientCa.toFile(), CHECK_SECONDS, TimeUnit.SECONDS, clock);
                // A certificate is demanded call by call: health needs none.
                built.trustManager(callers).clientAuth(ClientAuth.OPTIONAL);
            }
            return built.build();
        } catch (GeneralSecurityException unusable) {
            throw new IOException("TLS needs a certificate and its key as PEM files, the key as PKCS #8: "
                    + unusable.getMessage(), unusable);
        }
    }
}
