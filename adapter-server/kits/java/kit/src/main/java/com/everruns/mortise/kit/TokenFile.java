package com.everruns.mortise.kit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.function.Consumer;

/**
 * Bearer tokens from a file, one a line, by their digests. The file is read again when it has
 * changed; while it cannot be read, the previous tokens stay in use.
 */
final class TokenFile {
    /** How long the file is taken as unchanged. */
    private static final long CHECK_NANOS = 1_000_000_000L;

    private final Path path;
    private final Consumer<Exception> warn;
    private final FileStamps stamps;
    private List<byte[]> digests;
    private long checked = System.nanoTime();

    TokenFile(Path path, Consumer<Exception> warn) throws IOException {
        this.path = path;
        this.warn = warn;
        stamps = new FileStamps(List.of(path));
        digests = read();
    }

    private List<byte[]> read() throws IOException {
        List<byte[]> read = Files.readAllLines(path).stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .map(TokenFile::digest)
                .toList();
        if (read.isEmpty()) {
            throw new IOException(path + " holds no token; write one a line");
        }
        return read;
    }

    /** Whether the file has the token. */
    boolean has(String token) {
        byte[] digest = digest(token);
        boolean isKnown = false;
        for (byte[] known : current()) {
            isKnown |= MessageDigest.isEqual(known, digest);
        }
        return isKnown;
    }

    private synchronized List<byte[]> current() {
        if (System.nanoTime() - checked < CHECK_NANOS) {
            return digests;
        }
        checked = System.nanoTime();
        try {
            String changed = stamps.changed();
            if (changed != null) {
                digests = read();
                stamps.read(changed);
            }
        } catch (IOException unreadable) {
            warn.accept(unreadable);
        }
        return digests;
    }

    private static byte[] digest(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every Java runtime has SHA-256", missing);
        }
    }
}
