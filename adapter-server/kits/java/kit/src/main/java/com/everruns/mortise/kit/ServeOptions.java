package com.everruns.mortise.kit;

import java.nio.file.Path;
import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/**
 * Where and how an adapter is served. With picocli it is also the kit's part of a command line: a
 * program with arguments of its own mixes it in ({@code @Mixin}).
 */
public final class ServeOptions {
    @Option(
            names = "--listen",
            paramLabel = "ADDRESS",
            description = "Where to listen, also in MORTISE_LISTEN: HOST:PORT or unix:PATH (${DEFAULT-VALUE}).",
            defaultValue = "${env:MORTISE_LISTEN:-127.0.0.1:7500}")
    String listen = "127.0.0.1:7500";

    @Option(names = "--tls-cert", paramLabel = "FILE", description = "PEM file with the adapter's certificates.")
    Path tlsCert;

    @Option(names = "--tls-key", paramLabel = "FILE", description = "PEM file with its key, PKCS #8.")
    Path tlsKey;

    @Option(
            names = "--tls-client-ca",
            paramLabel = "FILE",
            description = "PEM file with the CA that signs the certificates of callers.")
    Path tlsClientCa;

    @Option(names = "--token-file", paramLabel = "FILE", description = "File with bearer tokens, one a line.")
    Path tokenFile;

    @Option(
            names = "--otlp",
            paramLabel = "URL",
            description = "A collector of traces and metrics by OTLP over HTTP, such as http://127.0.0.1:4318.")
    String otlp = "";

    @Option(
            names = "--drain",
            paramLabel = "SECONDS",
            description = "How long calls may go on after SIGTERM (${DEFAULT-VALUE}).",
            defaultValue = "30",
            converter = Seconds.class)
    Duration drain = Duration.ofSeconds(30);

    /** Listens on an address: {@code HOST:PORT} or {@code unix:PATH}. */
    public ServeOptions listen(String address) {
        listen = address;
        return this;
    }

    /** Serves with TLS, by PEM files that are read again when they change. */
    public ServeOptions tls(Path certificates, Path key) {
        tlsCert = certificates;
        tlsKey = key;
        return this;
    }

    /** Demands certificates of callers that a CA of this PEM file has signed. */
    public ServeOptions tlsClientCa(Path certificates) {
        tlsClientCa = certificates;
        return this;
    }

    /** Demands bearer tokens: a file with one a line, read again when it changes. */
    public ServeOptions tokenFile(Path file) {
        tokenFile = file;
        return this;
    }

    /** How long calls may go on when the adapter is told to stop. */
    public ServeOptions drain(Duration limit) {
        drain = limit;
        return this;
    }

    private static final class Seconds implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            try {
                return Duration.ofMillis(Math.round(Double.parseDouble(text) * 1000));
            } catch (NumberFormatException notNumber) {
                throw new TypeConversionException("'" + text + "' is no number; give seconds, such as 30");
            }
        }
    }
}
