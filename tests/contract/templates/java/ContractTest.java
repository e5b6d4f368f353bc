package com.acme.values;

import com.everruns.mortise.kittest.ContractSuite;
import com.everruns.mortise.kittest.Program;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Holds the adapter against the contract: each rule is a test. */
class ContractTest {
    /** The program keeps every rule of what it offers, also when it is killed. */
    @TestFactory
    Stream<DynamicTest> contract() throws Exception {
        return ContractSuite.of(Program.of(Main.class));
    }
}
