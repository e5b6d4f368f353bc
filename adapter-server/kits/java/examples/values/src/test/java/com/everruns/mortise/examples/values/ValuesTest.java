package com.everruns.mortise.examples.values;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.everruns.mortise.kittest.ContractSuite;
import com.everruns.mortise.kittest.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
