package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CallContext;
import com.everruns.mortise.adapter.v1.FieldRules;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.MapEntry;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Refuses what the contract forbids, by the options of the fields, and names the field. */
final class CheckFields {
    private static final Pattern UUID =
            Pattern.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");
    private static final int ID_DIGITS = 32;

    /** The first second of the year 1, and the last of the year 9999. */
    private static final long SECONDS_MIN = -62_135_596_800L;

    private static final long SECONDS_MAX = 253_402_300_799L;

    /** How much of a text a refusal quotes: it travels in headers. */
    private static final int SHOWN_MAX = 80;

    private final boolean isKeyed;
    private final boolean isFirst;

    /** Whether refusals spell the whole path of a field. */
    private final boolean spells;

    private CheckFields(boolean isKeyed, boolean isFirst, boolean spells) {
        this.isKeyed = isKeyed;
        this.isFirst = isFirst;
        this.spells = spells;
    }

    /** Checks a request, or the first message of a stream. */
    static void first(Message request, CallContext context, boolean isKeyed, boolean needsSession) {
        if (context == CallContext.getDefaultInstance()) {
            throw Fail.invalidField("context", "is missing; every call has one");
        }
        if (context.getOrgId() == 0) {
            throw Fail.invalidField("context.org_id", "is 0; send the internal id of the org");
        }
        if (needsSession && context.getSessionId().isEmpty()) {
            throw Fail.invalidField("context.session_id", "is empty; send `session_` and 32 lower-case hex digits");
        }
        check(isKeyed, true, request);
    }

    /** Checks a further message of a stream. */
    static void next(Message request, boolean isKeyed) {
        check(isKeyed, false, request);
    }

    private static void check(boolean isKeyed, boolean isFirst, Message request) {
        FieldPlan.OfMessage plan = FieldPlan.of(request.getDescriptorForType());
        try {
            new CheckFields(isKeyed, isFirst, false).message("", plan, request);
        } catch (Failure refused) {
            // Paths are spelled only for a request that is refused.
            new CheckFields(isKeyed, isFirst, true).message("", plan, request);
        }
    }

    private void message(String path, FieldPlan.OfMessage plan, Message message) {
        if (message instanceof Timestamp stamp) {
            time(path, stamp);
            return;
        }
        for (FieldPlan field : plan.fields()) {
            field(within(path, field.name()), field, message);
        }
        for (OneofDescriptor choice : plan.choices()) {
            if (!message.hasOneof(choice)) {
                throw Fail.invalidField(within(path, choice.getName()), "is missing; set one of its fields");
            }
        }
    }

    private static void time(String path, Timestamp stamp) {
        boolean isTime = stamp.getSeconds() >= SECONDS_MIN
                && stamp.getSeconds() <= SECONDS_MAX
                && stamp.getNanos() >= 0
                && stamp.getNanos() < 1_000_000_000;
        if (!isTime) {
            throw Fail.invalidField(path, "is no time in the years 1 to 9999; send seconds and nanoseconds");
        }
    }

    private void field(String path, FieldPlan plan, Message message) {
        FieldDescriptor field = plan.field();
        boolean isRequired = plan.isRequired() && holds(plan.rules());
        if (plan.isMap()) {
            entries(path, plan, (List<?>) message.getField(field));
        } else if (plan.isList()) {
            list(path, plan, (List<?>) message.getField(field), isRequired);
        } else if (plan.hasPresence() && !message.hasField(field)) {
            if (isRequired && !plan.isChosen()) {
                throw Fail.invalidField(path, "is missing; it is REQUIRED");
            }
        } else {
            value(path, plan, message.getField(field), isRequired);
        }
    }

    private boolean holds(FieldRules rules) {
        return switch (rules.getWhen()) {
            case CONDITION_UNSPECIFIED -> true;
            case CONDITION_KEYED -> isKeyed && isFirst;
            case CONDITION_FIRST_MESSAGE -> isFirst;
            default -> false;
        };
    }

    private void entries(String path, FieldPlan plan, List<?> entries) {
        if (plan.holds() == null && plan.depth() == 0) {
            return;
        }
        for (Object one : entries) {
            Map.Entry<?, ?> entry = entry(one);
            String at = spells ? path + "[" + shown(String.valueOf(entry.getKey())) + "]" : path;
            if (plan.holds() != null) {
                message(at, plan.holds().get(), (Message) entry.getValue());
            } else {
                OpenValues.check(at, (String) entry.getValue(), plan.depth());
            }
        }
    }

    private static Map.Entry<?, ?> entry(Object one) {
        MapEntry<?, ?> entry = (MapEntry<?, ?>) one;
        return Map.entry(entry.getKey(), entry.getValue());
    }

    private void list(String path, FieldPlan plan, List<?> list, boolean isRequired) {
        if (isRequired && plan.rules().getNotEmpty() && list.isEmpty()) {
            throw Fail.invalidField(path, "is empty; send one at least");
        }
        for (int i = 0; i < list.size(); i++) {
            value(spells ? path + "[" + i + "]" : path, plan, list.get(i), isRequired);
        }
    }

    private void value(String path, FieldPlan plan, Object value, boolean isRequired) {
        if (value instanceof Message held) {
            message(path, plan.holds().get(), held);
        } else if (value instanceof String text) {
            text(path, plan, text, isRequired);
        } else if (value instanceof ByteString bytes) {
            atMost(path, bytes.size(), plan.rules());
        } else if (value instanceof EnumValueDescriptor one && isRequired) {
            boolean isUnknown = one.getIndex() < 0;
            if (one.getNumber() == 0 || isUnknown) {
                throw Fail.invalidField(
                        path,
                        "is " + one.getNumber() + "; send a value of "
                                + one.getType().getName() + " other than 0");
            }
        }
    }

    private void text(String path, FieldPlan plan, String text, boolean isRequired) {
        FieldRules rules = plan.rules();
        if (isRequired && rules.getNotEmpty() && text.isEmpty()) {
            throw Fail.invalidField(path, "is empty; it is REQUIRED");
        }
        // A character takes three bytes at most.
        if (rules.getMaxBytes() > 0 && text.length() * 3L > rules.getMaxBytes()) {
            atMost(path, text.getBytes(StandardCharsets.UTF_8).length, rules);
        }
        boolean isThere = isRequired || !text.isEmpty() || plan.hasPresence();
        if (!rules.getId().isEmpty() && isThere) {
            id(path, text, rules.getId());
        }
        if (isKeyed && plan.isRequestId() && text.indexOf('\0') >= 0) {
            throw Fail.invalidField(path, "contains NUL; send a UUID");
        }
        if (plan.depth() > 0 && isThere) {
            OpenValues.check(path, text, plan.depth());
        }
    }

    private static void atMost(String path, long size, FieldRules rules) {
        long most = rules.getMaxBytes();
        if (most > 0 && size > most) {
            throw Fail.invalidField(path, "has " + size + " bytes; send " + most + " at most");
        }
    }

    private static void id(String path, String text, String kind) {
        if (kind.equals("uuid")) {
            if (!UUID.matcher(text).matches()) {
                throw Fail.invalidField(
                        path, "is " + shown(text) + "; send a UUID, 32 hex digits in the form 8-4-4-4-12");
            }
            return;
        }
        boolean isId = text.startsWith(kind)
                && text.length() == kind.length() + 1 + ID_DIGITS
                && text.charAt(kind.length()) == '_'
                && areLowerHex(text, kind.length() + 1);
        if (!isId) {
            throw Fail.invalidField(path, "is " + shown(text) + "; send `" + kind + "_` and 32 lower-case hex digits");
        }
    }

    private static boolean areLowerHex(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char letter = text.charAt(i);
            if ((letter < '0' || letter > '9') && (letter < 'a' || letter > 'f')) {
                return false;
            }
        }
        return true;
    }

    private static String shown(String text) {
        String begin = text.length() <= SHOWN_MAX ? text : text.substring(0, text.offsetByCodePoints(0, SHOWN_MAX / 2));
        StringBuilder quoted = new StringBuilder("\"");
        begin.codePoints()
                .forEach(one -> quoted.append(
                        Character.isISOControl(one) ? String.format("\\u%04x", one) : Character.toString(one)));
        quoted.append('"');
        if (begin.length() < text.length()) {
            quoted.append("... (")
                    .append(text.getBytes(StandardCharsets.UTF_8).length)
                    .append(" bytes)");
        }
        return quoted.toString();
    }

    private String within(String path, String name) {
        return !spells || path.isEmpty() ? name : path + "." + name;
    }
}
