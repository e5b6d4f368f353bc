package com.everruns.mortise.kittest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A folder with a short path, because that of a socket has 107 bytes at most. Closing removes it. */
public final class Folder implements AutoCloseable {
    private final Path root;

    private Folder(Path root) {
        this.root = root;
    }

    /** A new empty folder. */
    public static Folder make() throws IOException {
        return new Folder(Files.createTempDirectory("kit"));
    }

    /** The folder itself. */
    public Path root() {
        return root;
    }

    /** A file in it, which need not be there. */
    public Path path(String name) {
        return root.resolve(name);
    }

    @Override
    public void close() throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (NoSuchFileException | UncheckedIOException gone) {
            // Another process has removed a file meanwhile.
        }
    }
}
