package com.everruns.mortise.kittest;

import java.util.List;

/** A line of what the suite reports: docs/contract-report.schema.json. */
record Report(
        String type,
        String id,
        String demand,
        String verdict,
        String skip,
        String reason,
        boolean known_failure,
        String page,
        Broken failure) {

    boolean isRule() {
        return "rule".equals(type) && !"not_offered".equals(skip);
    }

    record Broken(String what, String expected, String got, String why, String mend, List<Call> exchanges) {
        String shown() {
            StringBuilder text = new StringBuilder("""
                      looked at %s
                      expected  %s
                      got       %s""".formatted(what, expected, got));
            if (why != null) {
                text.append("\n  why       ")
                        .append(why)
                        .append("\n  mend      ")
                        .append(mend);
            }
            for (Call call : exchanges) {
                text.append("\n    ").append(call.method());
                text.append("\n      sent     ").append(call.sent());
                text.append("\n      received ").append(call.received());
                if (call.grpcurl() != null) {
                    text.append("\n      by hand  ").append(call.grpcurl());
                }
            }
            return text.toString();
        }
    }

    /** A call, and the command that makes it again unless grpcurl cannot. */
    record Call(String method, String sent, String received, String grpcurl) {}
}
