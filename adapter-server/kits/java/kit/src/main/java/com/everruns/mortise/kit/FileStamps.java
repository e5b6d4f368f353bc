package com.everruns.mortise.kit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;

/** Tells whether files have changed since they were read. */
final class FileStamps {
    private final List<Path> files;
    private String read;

    FileStamps(List<Path> files) throws IOException {
        this.files = files;
        read = now();
    }

    /** A stamp that differs from the one that was read; null if none does. */
    String changed() throws IOException {
        String now = now();
        return now.equals(read) ? null : now;
    }

    /** Takes the files as read. */
    void read(String stamp) {
        read = stamp;
    }

    private String now() throws IOException {
        StringBuilder all = new StringBuilder();
        for (Path file : files) {
            BasicFileAttributes about = attributes(file);
            all.append(about.lastModifiedTime())
                    .append(' ')
                    .append(about.size())
                    .append(' ');
            all.append(about.fileKey()).append(';');
        }
        return all.toString();
    }

    private static BasicFileAttributes attributes(Path file) throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class);
        } catch (NoSuchFileException missing) {
            throw new IOException("the file " + file + " is missing", missing);
        }
    }
}
