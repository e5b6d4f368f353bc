package com.everruns.mortise.examples.values;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.everruns.mortise.kit.MortiseAdapter;
import com.everruns.mortise.kit.ServeOptions;
import com.everruns.mortise.kit.Serving;
import com.everruns.mortise.kit.sql.Sql;
import com.everruns.mortise.kittest.ContractSuite;
import com.everruns.mortise.kittest.Folder;
import com.everruns.mortise.kittest.Program;
import com.everruns.mortise.kittest.Turn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ValuesTest {
    /** The program keeps every rule for what it offers, at level full, also when it is killed. */
    @TestFactory
    Stream<DynamicTest> contract() throws Exception {
        return ContractSuite.of(Program.of(Main.class));
    }

    /** A turn of the runtime keeps a value in the file. */
    @Test
    void turn() throws Exception {
        try (Folder folder = Folder.make()) {
            Values values = Main.values(folder.path("values.db").toString());
            MortiseAdapter adapter = MortiseAdapter.named("under-test", "0").offer(values);
            try (Serving serving = adapter.serve(new ServeOptions().listen("unix:" + folder.path("a.sock")))) {
                Turn.run(serving.endpoint(), "What is 12 times 34?", "session_storage_store");
            }
            String kept = "SELECT key, value FROM session_values";
            assertEquals(
                    List.of("last_product=408"),
                    Sql.list(values.db(), kept, row -> text(row.getBytes(1)) + "=" + text(row.getBytes(2))));
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static String words(Path file) throws IOException {
        return Files.readString(file).replaceAll("\\s+", " ");
    }

    /** What the kit's README shows of this example is what runs. */
    @Test
    void readme() throws IOException {
        Path folder = Path.of("src/main/java/com/everruns/mortise/examples/values");
        String program = words(folder.resolve("Values.java"))
                + words(folder.resolve("Main.java"))
                + words(Path.of("src/test/java/com/everruns/mortise/examples/values/ValuesTest.java"));
        Matcher blocks = Pattern.compile("```java(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("../../README.md")));
        int count = 0;
        for (; blocks.find(); count++) {
            String block = blocks.group(1).replaceAll("\\s+", " ").strip();
            assertTrue(program.contains(block), block);
        }
        assertTrue(count >= 4, "the README shows " + count + " blocks");
    }
}
