package com.everruns.mortise.kittest;

import java.util.List;

/** What the suite reports as JSON: docs/contract-report.schema.json. */
record Report(List<Rule> rules) {
    record Rule(String id, String demand, String verdict, String reason, String page, Broken failure) {
        boolean isOffered() {
            return !verdict.equals("skipped") || !reason.startsWith("the server does not offer");
        }
    }

    record Broken(String what, String expected, String got) {}
}
