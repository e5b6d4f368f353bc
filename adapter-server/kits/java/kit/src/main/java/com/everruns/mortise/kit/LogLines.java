package com.everruns.mortise.kit;

import java.time.Instant;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** A line an event, for a program that leaves Java's own log as it is. */
final class LogLines extends Formatter {
    private LogLines() {}

    /** Takes the place of the format of two lines, unless an operator has configured the log. */
    static void use() {
        for (String setting : new String[] {
            "java.util.logging.config.file",
            "java.util.logging.config.class",
            "java.util.logging.SimpleFormatter.format"
        }) {
            if (System.getProperty(setting) != null) {
                return;
            }
        }
        for (Handler handler : Logger.getLogger("").getHandlers()) {
            if (handler.getFormatter() instanceof SimpleFormatter) {
                handler.setFormatter(new LogLines());
            }
        }
    }

    @Override
    public String format(LogRecord event) {
        String cause = event.getThrown() == null ? "" : ": " + event.getThrown();
        return Instant.ofEpochMilli(event.getMillis()) + " " + event.getLevel() + " " + event.getLoggerName() + " "
                + formatMessage(event) + cause + System.lineSeparator();
    }
}
