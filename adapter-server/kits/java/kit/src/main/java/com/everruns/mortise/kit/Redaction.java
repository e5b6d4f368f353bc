package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.OptionsProto;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import java.util.List;
import java.util.Map;

/** Keeps what is secret out of logs. */
public final class Redaction {
    private static final String MARK = "[redacted]";

    /** A shorter text is found everywhere, and is hardly a secret. */
    private static final int SECRET_CHARS_MIN = 4;

    private Redaction() {}

    /** Shows a message of the contract in a log without what is secret in it. */
    public static String shown(Message message) {
        return TextFormat.printer().emittingSingleLine(true).printToString(redacted(message));
    }

    private static Message redacted(Message message) {
        Message.Builder out = message.toBuilder();
        for (Map.Entry<FieldDescriptor, Object> set : message.getAllFields().entrySet()) {
            FieldDescriptor field = set.getKey();
            if (isSecret(field)) {
                if (isText(field)) {
                    out.setField(field, MARK);
                } else {
                    out.clearField(field);
                }
            } else if (set.getValue() instanceof Message held) {
                out.setField(field, redacted(held));
            } else if (set.getValue() instanceof List<?> list && !list.isEmpty() && list.get(0) instanceof Message) {
                out.clearField(field);
                list.forEach(one -> out.addRepeatedField(field, redacted((Message) one)));
            }
        }
        return out.build();
    }

    /**
     * A text of others for the log, such as the message of a library's exception, without the
     * secrets of the request that it may quote.
     */
    static String scrubbed(String text, Message request) {
        if (text == null || request == null) {
            return String.valueOf(text);
        }
        String out = text;
        for (Map.Entry<FieldDescriptor, Object> set : request.getAllFields().entrySet()) {
            Object value = set.getValue();
            if (isSecret(set.getKey()) && value instanceof String secret) {
                out = secret.length() < SECRET_CHARS_MIN ? out : out.replace(secret, MARK);
            } else if (value instanceof Message held) {
                out = scrubbed(out, held);
            } else if (value instanceof List<?> list) {
                for (Object one : list) {
                    out = one instanceof Message held ? scrubbed(out, held) : out;
                }
            }
        }
        return out;
    }

    private static boolean isSecret(FieldDescriptor field) {
        return field.getOptions().getExtension(OptionsProto.secret);
    }

    private static boolean isText(FieldDescriptor field) {
        return field.getJavaType() == FieldDescriptor.JavaType.STRING && !field.isRepeated();
    }
}
