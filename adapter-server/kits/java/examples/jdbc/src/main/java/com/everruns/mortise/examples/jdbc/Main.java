package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.kit.ServeOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** mortise-jdbc keeps harnesses, agents, sessions, models and credentials in PostgreSQL. */
@Command(
        name = Adapter.NAME,
        version = Adapter.NAME + " " + Adapter.VERSION,
        mixinStandardHelpOptions = true,
        subcommands = Put.class,
        description = "Keeps harnesses, agents, sessions, models and credentials in PostgreSQL.")
final class Main implements Callable<Integer> {
    @Mixin
    private ServeOptions serve;

    @Option(
            names = "--database",
            paramLabel = "URL",
            defaultValue = "jdbc:postgresql://127.0.0.1:5432/postgres?user=postgres",
            scope = CommandLine.ScopeType.INHERIT,
            description = "The JDBC URL of PostgreSQL (${DEFAULT-VALUE}).")
    private String url;

    @Option(
            names = "--key-file",
            paramLabel = "FILE",
            required = true,
            scope = CommandLine.ScopeType.INHERIT,
            description = "File with a key of 32 bytes that seals records. Give it again for older keys that open.")
    private List<Path> keyFiles;

    @Option(
            names = "--leases",
            description = "Grant the leases of sessions and check fences: for hosts that take their leases here.")
    private boolean hasLeases;

    @Option(names = "--test-seed", description = "Offer TestSeedService: for the contract suite, never in production.")
    private boolean hasTestSeed;

    Adapter adapter() throws IOException, GeneralSecurityException {
        return new Adapter(database(), new Seal(keyFiles));
    }

    Database database() {
        if (database == null) {
            database = new Database(url);
        }
        return database;
    }

    private Database database;

    @Override
    public Integer call() throws Exception {
        return adapter().offers(hasLeases, hasTestSeed).run(serve);
    }

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Main())
                .setExecutionExceptionHandler((thrown, line, parsed) -> {
                    System.err.println(Adapter.NAME + ": " + thrown.getMessage());
                    return 1;
                })
                .execute(arguments));
    }
}
