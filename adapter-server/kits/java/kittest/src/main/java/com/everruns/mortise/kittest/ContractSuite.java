package com.everruns.mortise.kittest;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import com.everruns.mortise.kit.MortiseAdapter;
import com.everruns.mortise.kit.ServeOptions;
import com.everruns.mortise.kit.Serving;
import java.io.IOException;
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
            return at(serving.endpoint(), List.of(arguments), () -> "");
        }
    }

    /**
     * Starts a program and runs the suite against it, with the rules about what survives a process
     * that is killed, and what the program names about outages.
     */
    public static Stream<DynamicTest> of(Program program, String... arguments)
            throws IOException, InterruptedException {
        try (program) {
            program.start();
            List<String> all = new ArrayList<>(program.suiteArguments());
            all.addAll(List.of(arguments));
            return at(program.endpoint(), all, program::log);
        }
    }

    private interface Log {
        String read() throws IOException;
    }

    private static Stream<DynamicTest> at(String endpoint, List<String> arguments, Log log)
            throws IOException, InterruptedException {
        try (Folder folder = Folder.make()) {
            Path report = folder.path("report.json");
            Path table = folder.path("table.txt");
            List<String> command =
                    new ArrayList<>(List.of(suite(), "--endpoint", endpoint, "--json", report.toString()));
            command.addAll(arguments);
            int exit = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(table.toFile())
                    .start()
                    .waitFor();
            String told = Files.readString(table);
            if (exit != 0 && exit != EXIT_BROKEN) {
                throw new IOException("the suite did not run, exit code " + exit + ":\n" + told);
            }
            if (exit == EXIT_BROKEN) {
                System.out.println(told + "\nthe adapter's log:\n" + log.read());
            }
            return tests(JSON.readValue(report, Report.class));
        }
    }

    private static String suite() {
        String named = System.getenv(VARIABLE);
        return named == null || named.isEmpty() ? "mortise-contract" : named;
    }

    private static Stream<DynamicTest> tests(Report report) {
        List<Report.Rule> rules =
                report.rules().stream().filter(Report.Rule::isOffered).toList();
        DynamicTest any = DynamicTest.dynamicTest(
                "some rule passed",
                () -> assertFalse(
                        rules.stream().noneMatch(rule -> rule.verdict().equals("passed"))));
        return Stream.concat(
                Stream.of(any),
                rules.stream()
                        .map(rule -> DynamicTest.dynamicTest(rule.id() + " " + rule.demand(), () -> judge(rule))));
    }

    /** A broken hard rule fails; a broken soft rule and a skipped one are skipped and say why. */
    private static void judge(Report.Rule rule) {
        switch (rule.verdict()) {
            case "passed" -> {}
            case "failed" ->
                fail("""
                    %s
                      looked at %s
                      expected  %s
                      got       %s
                      more      %s""".formatted(
                                rule.demand(),
                                rule.failure().what(),
                                rule.failure().expected(),
                                rule.failure().got(),
                                rule.page()));
            case "warned" ->
                abort("soft rule not kept: " + rule.demand() + " ("
                        + rule.failure().what() + ": got " + rule.failure().got() + ")");
            default -> abort(rule.reason());
        }
    }
}
