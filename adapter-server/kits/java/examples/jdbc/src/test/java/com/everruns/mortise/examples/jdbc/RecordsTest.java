package com.everruns.mortise.examples.jdbc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.everruns.mortise.kit.Org;
import com.everruns.mortise.kit.sql.Sql;
import com.everruns.mortise.kittest.Postgres;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class RecordsTest {
    private static Path key(Path folder, String letter) throws Exception {
        return Files.writeString(folder.resolve(letter), letter.repeat(32));
    }

    /** A sealed record opens in its place alone, and after the key was replaced with the old one. */
    @Test
    void seal(@TempDir Path folder) throws Exception {
        byte[] record = {1, 2, 3};
        Seal old = new Seal(List.of(key(folder, "a")));
        byte[] sealed = old.seal("agents 1 x", record);
        assertThrows(IllegalStateException.class, () -> old.open("agents 2 x", sealed));
        Seal both = new Seal(List.of(key(folder, "b"), key(folder, "a")));
        assertArrayEquals(record, both.open("agents 1 x", sealed));
        Seal next = new Seal(List.of(key(folder, "b")));
        assertArrayEquals(record, next.open("agents 1 x", both.seal("agents 1 x", record)));
        assertThrows(IllegalStateException.class, () -> next.open("agents 1 x", sealed));
    }

    /** What an operator puts is served, and the database does not hold it in clear. */
    @Test
    void put(@TempDir Path folder) throws Exception {
        String model = "model_00000000000000000000000000000001";
        InputStream before = System.in;
        try (Postgres postgres = Postgres.start();
                Database database = new Database(postgres.url())) {
            String json =
                    "{\"model\": \"m\", \"providerType\": \"LLM_PROVIDER_TYPE_OPENAI\", \"apiKey\": \"the secret\"}";
            System.setIn(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)));
            String[] arguments = {
                "--database",
                postgres.url(),
                "--key-file",
                key(folder, "a").toString(),
                "put",
                "model",
                "--org",
                "7",
                "--default",
                "--id",
                model
            };
            assertEquals(0, new CommandLine(new Main()).execute(arguments));
            Adapter adapter = new Adapter(database, new Seal(List.of(key(folder, "a"))));
            Org org = new Org(7, "");
            assertEquals(
                    "the secret",
                    adapter.models().getDefaultModel(org).orElseThrow().getApiKey());
            assertEquals(
                    "the secret",
                    adapter.models()
                            .getModelWithProvider(org, model)
                            .orElseThrow()
                            .getApiKey());
            byte[] stored = Sql.first(database, "SELECT record FROM models", row -> row.getBytes(1))
                    .orElseThrow();
            assertFalse(new String(stored, StandardCharsets.ISO_8859_1).contains("secret"));
        } finally {
            System.setIn(before);
        }
    }
}
