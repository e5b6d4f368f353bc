package com.everruns.mortise.kittest;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import com.everruns.mortise.kit.MortiseAdapter;
import com.everruns.mortise.kit.ServeOptions;
import com.everruns.mortise.kit.Serving;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Runs the contract suite, the program {@code mortise-contract}, which the variable MORTISE_CONTRACT
 * names or the path has. Return what it gives from a {@code @TestFactory}.
 */
public final class ContractSuite {
    /** The variable that names the program of the suite. */
    public static final String VARIABLE = "MORTISE_CONTRACT";

    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();
    private static final int EXIT_BROKEN = 1;

    private ContractSuite() {}

    /**
     * Serves an adapter on a private socket and runs the suite against it, at level full. The
     * arguments go to the suite, such as {@code "--only", "KV-*"}.
     */
    public static Stream<DynamicTest> of(MortiseAdapter adapter, String... arguments)
            throws IOException, InterruptedException {
        try (Folder folder = Folder.make();
                Serving serving = adapter.serve(new ServeOptions().listen("unix:" + folder.path("a.sock")))) {
            List<String> all = new ArrayList<>(List.of("--endpoint", serving.endpoint()));
            all.addAll(List.of(arguments));
            return with(folder.root(), all);
        }
    }

    /**
     * Has the suite start a program, kill it and start it again for the rules about what survives,
     * and take its store away as the program says.
     */
    public static Stream<DynamicTest> of(Program program, String... arguments)
            throws IOException, InterruptedException {
        try (program) {
            List<String> all = new ArrayList<>(program.suiteArguments());
            all.addAll(List.of(arguments));
            all.add("--");
            all.addAll(program.command());
            return with(program.directory(), all);
        }
    }

    private static Stream<DynamicTest> with(Path directory, List<String> arguments)
            throws IOException, InterruptedException {
        try (Folder folder = Folder.make()) {
            Path log = folder.path("log");
            List<String> command = new ArrayList<>(List.of(suite(), "--ndjson", "-"));
            command.addAll(arguments);
            Process run = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectError(log.toFile())
                    .start();
            List<Report> lines;
            try (BufferedReader output = run.inputReader(StandardCharsets.UTF_8)) {
                lines = output.lines()
                        .map(line -> JSON.readValue(line, Report.class))
                        .toList();
            }
            int exit = run.waitFor();
            if (exit != 0 && exit != EXIT_BROKEN) {
                throw new IOException("the suite did not run, exit code " + exit + ":\n" + Files.readString(log));
            }
            if (exit == EXIT_BROKEN) {
                System.out.println(Files.readString(log));
            }
            return tests(lines);
        }
    }

    private static String suite() {
        String named = System.getenv(VARIABLE);
        return named == null || named.isEmpty() ? "mortise-contract" : named;
    }

    private static Stream<DynamicTest> tests(List<Report> lines) {
        List<Report> rules = lines.stream().filter(Report::isRule).toList();
        DynamicTest any = DynamicTest.dynamicTest(
                "some rule passed",
                () -> assertFalse(
                        rules.stream().noneMatch(rule -> rule.verdict().equals("passed"))));
        return Stream.concat(
                Stream.of(any),
                rules.stream()
                        .map(rule -> DynamicTest.dynamicTest(rule.id() + " " + rule.demand(), () -> judge(rule))));
    }

    /** A broken hard rule fails; a known failure, a broken soft rule and a skipped one say why. */
    private static void judge(Report rule) {
        switch (rule.verdict()) {
            case "passed" -> {}
            case "failed" -> {
                if (rule.known_failure()) {
                    abort("a known failure: " + rule.failure().shown());
                }
                fail(rule.demand() + "\n" + rule.failure().shown() + "\n  more      " + rule.page());
            }
            case "warned" ->
                abort("soft rule not kept: " + rule.demand() + " ("
                        + rule.failure().what() + ": got " + rule.failure().got() + ")");
            default -> abort(rule.reason());
        }
    }
}
