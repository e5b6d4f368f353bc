package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.kittest.ContractSuite;
import com.everruns.mortise.kittest.Folder;
import com.everruns.mortise.kittest.Postgres;
import com.everruns.mortise.kittest.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class JdbcTest {
    /**
     * The program keeps every rule for what it offers, at level full, also when it is killed and when
     * PostgreSQL is taken away from it.
     */
    @TestFactory
    Stream<DynamicTest> contract() throws Exception {
        try (Postgres postgres = Postgres.start();
                Folder folder = Folder.make()) {
            Path key = folder.path("key");
            Files.writeString(key, "0123456789abcdef0123456789abcdef");
            Program program = Program.of(
                    Main.class, "--database", postgres.url(), "--key-file", key.toString(), "--leases", "--test-seed");
            return ContractSuite.of(program.outage(postgres.stopCommand(), postgres.startCommand()));
        }
    }
}
