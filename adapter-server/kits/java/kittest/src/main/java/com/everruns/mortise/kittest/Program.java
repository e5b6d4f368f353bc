package com.everruns.mortise.kittest;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** An adapter as a process of its own, on a private socket, that can be killed and started again. */
public final class Program implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(30);
    private static final long LOOK_MS = 20;

    /** Kills the adapter without warning, as a crash does, and starts it again. */
    private static final String SCRIPT = """
            #!/bin/sh
            cd %s || exit 1
            if [ -f pid ]; then
              old=$(cat pid)
              kill -9 "$old" 2>/dev/null
              while kill -0 "$old" 2>/dev/null; do sleep 0.05; done
            fi
            [ "$1" = stop ] && exit 0
            setsid %s </dev/null >>log 2>&1 &
            echo $! >pid
            """;

    private final Folder folder;
    private final List<String> command = new ArrayList<>();
    private final List<String> suite = new ArrayList<>();

    private Program(Folder folder) {
        this.folder = folder;
    }

    /** The program of a class with {@code main}, on the class path of the test. */
    public static Program of(Class<?> main, String... arguments) throws IOException {
        Program program = new Program(Folder.make());
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        program.command.addAll(List.of(
                java.toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        program.command.addAll(List.of("--listen", program.endpoint()));
        program.command.addAll(List.of(arguments));
        return program;
    }

    /** Names commands that take the store away and give it back, for the rules about outages. */
    public Program outage(String takeAway, String giveBack) {
        suite.addAll(List.of("--outage-command", takeAway, "--recover-command", giveBack));
        return this;
    }

    /** Where it listens. */
    public String endpoint() {
        return "unix:" + folder.path("a.sock");
    }

    List<String> suiteArguments() {
        List<String> all = new ArrayList<>(suite);
        all.addAll(List.of("--restart-command", quoted(restart().toString())));
        return all;
    }

    private Path restart() {
        return folder.path("restart.sh");
    }

    /** Starts it and waits until it listens. */
    public void start() throws IOException, InterruptedException {
        String line = String.join(" ", command.stream().map(Program::quoted).toList());
        Files.writeString(restart(), SCRIPT.formatted(quoted(folder.root().toString()), line));
        Files.setPosixFilePermissions(restart(), PosixFilePermissions.fromString("rwx------"));
        script();
        long end = System.nanoTime() + START.toNanos();
        while (!listens()) {
            if (System.nanoTime() > end) {
                throw new IOException("the adapter does not listen:\n" + log());
            }
            Thread.sleep(LOOK_MS);
        }
    }

    private boolean listens() {
        try (SocketChannel open = SocketChannel.open(UnixDomainSocketAddress.of(folder.path("a.sock")))) {
            return open.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    private void script(String... arguments) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of(restart().toString()));
        all.addAll(List.of(arguments));
        int exit = new ProcessBuilder(all).inheritIO().start().waitFor();
        if (exit != 0) {
            throw new IOException("the adapter cannot be started or stopped, exit code " + exit);
        }
    }

    /** What it has written to standard output and error. */
    public String log() throws IOException {
        return Files.readString(folder.path("log"));
    }

    @Override
    public void close() throws IOException, InterruptedException {
        if (Files.exists(restart())) {
            script("stop");
        }
        folder.close();
    }

    static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
