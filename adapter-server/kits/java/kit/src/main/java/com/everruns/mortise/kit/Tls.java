package com.everruns.mortise.kit;

import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import io.grpc.util.CertificateUtils;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * TLS from PEM files, which are read again when they change: new connections see the new ones. What
 * cannot be used keeps the previous files in use.
 */
final class Tls {
    private static final long CHECK_SECONDS = 1;
    private static final byte[] PROBE = {1, 2, 3};

    private final Path certificates;
    private final Path key;
    private final Path clientCa;
    private final AdvancedTlsX509KeyManager own = new AdvancedTlsX509KeyManager();
    private final AdvancedTlsX509TrustManager callers;
    private final Consumer<Exception> warn;
    private final FileStamps stamps;

    private Tls(ServeOptions options, Consumer<Exception> warn) throws IOException, GeneralSecurityException {
        certificates = options.tlsCert;
        key = options.tlsKey;
        clientCa = options.tlsClientCa;
        this.warn = warn;
        callers = AdvancedTlsX509TrustManager.newBuilder()
                .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
                .build();
        List<Path> files = new ArrayList<>(List.of(certificates, key));
        if (clientCa != null) {
            files.add(clientCa);
        }
        stamps = new FileStamps(files);
        load();
    }

    static ServerCredentials credentials(ServeOptions options, ScheduledExecutorService clock, Consumer<Exception> warn)
            throws IOException {
        if (options.tlsCert == null && options.tlsKey == null && options.tlsClientCa == null) {
            return InsecureServerCredentials.create();
        }
        if (options.tlsCert == null || options.tlsKey == null) {
            throw new IOException("TLS needs a certificate and its key; give --tls-cert and --tls-key");
        }
        try {
            Tls tls = new Tls(options, warn);
            clock.scheduleWithFixedDelay(tls::reload, CHECK_SECONDS, CHECK_SECONDS, TimeUnit.SECONDS);
            return tls.credentials();
        } catch (GeneralSecurityException unusable) {
            throw new IOException(
                    "TLS needs PEM files with certificates and their key, the key as PKCS #8: " + unusable.getMessage(),
                    unusable);
        }
    }

    private ServerCredentials credentials() {
        TlsServerCredentials.Builder built = TlsServerCredentials.newBuilder().keyManager(own);
        if (clientCa != null) {
            // A certificate is demanded call by call: health needs none.
            built.trustManager(callers).clientAuth(ClientAuth.OPTIONAL);
        }
        return built.build();
    }

    private void reload() {
        try {
            String changed = stamps.changed();
            if (changed != null) {
                load();
                stamps.read(changed);
            }
        } catch (IOException | GeneralSecurityException | RuntimeException unusable) {
            warn.accept(unusable);
        }
    }

    private void load() throws IOException, GeneralSecurityException {
        X509Certificate[] chain;
        PrivateKey read;
        try (InputStream from = Files.newInputStream(certificates)) {
            chain = CertificateUtils.getX509Certificates(from);
        }
        try (InputStream from = Files.newInputStream(key)) {
            read = CertificateUtils.getPrivateKey(from);
        }
        if (chain.length == 0 || !isPair(chain[0], read)) {
            throw new GeneralSecurityException(key + " is not the key of the first certificate of " + certificates);
        }
        own.updateIdentityCredentials(chain, read);
        if (clientCa != null) {
            callers.updateTrustCredentials(clientCa.toFile());
        }
    }

    private static boolean isPair(X509Certificate certificate, PrivateKey key) throws GeneralSecurityException {
        String algorithm = switch (key.getAlgorithm()) {
            case "EC" -> "SHA256withECDSA";
            case "RSA" -> "SHA256withRSA";
            default -> key.getAlgorithm();
        };
        if (!certificate.getPublicKey().getAlgorithm().equals(key.getAlgorithm())) {
            return false;
        }
        Signature signing = Signature.getInstance(algorithm);
        signing.initSign(key);
        signing.update(PROBE);
        byte[] signed = signing.sign();
        signing.initVerify(certificate);
        signing.update(PROBE);
        return signing.verify(signed);
    }
}
