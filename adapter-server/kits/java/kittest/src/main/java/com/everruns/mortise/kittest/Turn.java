package com.everruns.mortise.kittest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A real turn of the runtime with an adapter: the program {@code mortise-host}, which the variable
 * MORTISE_HOST names or the path has.
 */
public final class Turn {
    /** The variable that names the program of the host. */
    public static final String VARIABLE = "MORTISE_HOST";

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private Turn() {}

    /**
     * Runs a turn with a database of the test's own, and the server at an endpoint for the stores,
     * named as in routes ({@code session_storage_store}). The built-in simulator asks for tools as a
     * model would. It throws unless the turn completes; its events come back.
     */
    public static List<JsonNode> run(String endpoint, String question, String... stores)
            throws IOException, InterruptedException {
        try (Folder folder = Folder.make()) {
            String named = System.getenv(VARIABLE);
            List<String> command = new ArrayList<>(List.of(
                    named == null || named.isEmpty() ? "mortise-host" : named,
                    "run",
                    "--json",
                    "--provider",
                    "simulator",
                    "--data",
                    folder.path("data").toString()));
            for (String store : stores) {
                command.addAll(List.of("--route", store + "=" + endpoint));
            }
            command.add(question);
            Path events = folder.path("events");
            Path log = folder.path("log");
            int exit = new ProcessBuilder(command)
                    .redirectOutput(events.toFile())
                    .redirectError(log.toFile())
                    .start()
                    .waitFor();
            if (exit != 0) {
                throw new IOException("the turn did not complete, exit code " + exit + ":\n" + Files.readString(log));
            }
            return Files.readAllLines(events).stream().map(JSON::readTree).toList();
        }
    }
}
