package com.everruns.mortise.kittest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An adapter as a process of its own, which the suite starts, kills and starts again. It listens
 * where the variable MORTISE_LISTEN says, as the kit does.
 */
public final class Program implements AutoCloseable {
    private final List<String> command = new ArrayList<>();
    private final List<String> suite = new ArrayList<>();

    private final Folder folder;

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
        program.command.addAll(List.of(arguments));
        return program;
    }

    /** Names commands that take the store away and give it back, for the rules about outages. */
    public Program outage(String takeAway, String giveBack) {
        suite.addAll(List.of("--outage-command", takeAway, "--recover-command", giveBack));
        return this;
    }

    List<String> suiteArguments() {
        return List.copyOf(suite);
    }

    List<String> command() {
        return List.copyOf(command);
    }

    /** The folder that it runs in. */
    Path directory() {
        return folder.root();
    }

    @Override
    public void close() throws IOException {
        folder.close();
    }

    /** One word of a shell. */
    static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
