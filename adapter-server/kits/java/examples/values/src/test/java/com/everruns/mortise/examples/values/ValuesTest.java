package com.everruns.mortise.examples.values;

import com.everruns.mortise.kittest.ContractSuite;
import com.everruns.mortise.kittest.Program;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class ValuesTest {
    /** The program keeps every rule for what it offers, at level full, also when it is killed. */
    @TestFactory
    Stream<DynamicTest> contract() throws Exception {
        return ContractSuite.of(Program.of(Values.class));
    }
}
