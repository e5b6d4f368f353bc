package com.everruns.mortise.kittest;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A PostgreSQL of the test's own, on a free port, which keeps what it has acknowledged. */
public final class Postgres implements AutoCloseable {
    private static final String USER = "postgres";

    private final Folder folder;
    private final Path binaries;
    private final int port;

    private Postgres(Folder folder, Path binaries, int port) {
        this.folder = folder;
        this.binaries = binaries;
        this.port = port;
    }

    /** Makes a cluster and starts it (Debian: postgresql). */
    public static Postgres start() throws IOException, InterruptedException {
        Postgres made = new Postgres(Folder.make(), binaries(), freePort());
        if (isRoot()) {
            run(List.of("chown", USER, made.folder.root().toString()));
        }
        made.asUser("initdb", "-D", made.data(), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync");
        made.giveBack();
        return made;
    }

    /** Its address for JDBC. */
    public String url() {
        return "jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=" + USER;
    }

    /** A shell command that starts it, on the same data. */
    public String startCommand() {
        return shell(
                "pg_ctl",
                "start",
                "-w",
                "-s",
                "-D",
                data(),
                "-l",
                folder.path("log").toString(),
                "-o",
                "-p " + port + " -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200");
    }

    /** A shell command that ends it without warning. */
    public String stopCommand() {
        return shell("pg_ctl", "stop", "-w", "-s", "-m", "immediate", "-D", data());
    }

    /** Ends it without warning. */
    public void takeAway() throws IOException, InterruptedException {
        run(List.of("sh", "-c", stopCommand()));
    }

    /** Starts it again, on the same data. */
    public void giveBack() throws IOException, InterruptedException {
        run(List.of("sh", "-c", startCommand()));
    }

    private String data() {
        return folder.path("data").toString();
    }

    private void asUser(String... command) throws IOException, InterruptedException {
        run(words(command));
    }

    private String shell(String... command) {
        return String.join(" ", words(command).stream().map(Program::quoted).toList());
    }

    private List<String> words(String... command) {
        List<String> all = new ArrayList<>();
        if (isRoot()) {
            // PostgreSQL refuses to run as root.
            all.addAll(List.of("runuser", "-u", USER, "--"));
        }
        all.add(binaries.resolve(command[0]).toString());
        all.addAll(List.of(command).subList(1, command.length));
        return all;
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        Path out = Files.createTempFile("postgres", ".log");
        try {
            int exit = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(out.toFile())
                    .start()
                    .waitFor();
            if (exit != 0) {
                throw new IOException(String.join(" ", command) + " failed:\n" + Files.readString(out));
            }
        } finally {
            Files.delete(out);
        }
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static Path binaries() throws IOException {
        Path debian = Path.of("/usr/lib/postgresql");
        if (Files.isDirectory(debian)) {
            try (Stream<Path> versions = Files.list(debian)) {
                return versions.max(Comparator.comparing(
                                path -> version(path.getFileName().toString())))
                        .orElseThrow(() -> new IOException(debian + " is empty"))
                        .resolve("bin");
            }
        }
        for (String folder : System.getenv("PATH").split(":")) {
            if (Files.isExecutable(Path.of(folder, "initdb"))) {
                return Path.of(folder);
            }
        }
        throw new IOException("PostgreSQL is missing (Debian: postgresql)");
    }

    private static int version(String name) {
        return name.matches("\\d+") ? Integer.parseInt(name) : 0;
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        new ProcessBuilder("sh", "-c", stopCommand()).start().waitFor();
        folder.close();
    }
}
