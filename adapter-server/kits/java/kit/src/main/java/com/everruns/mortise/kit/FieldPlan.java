package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.FieldRules;
import com.everruns.mortise.adapter.v1.OptionsProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What to look at in a field. What descriptors tell is looked up once. */
final class FieldPlan {
    private static final Map<Descriptor, OfMessage> PLANS = new ConcurrentHashMap<>();

    private final FieldDescriptor field;
    private final String name;
    private final FieldRules rules;
    private final boolean isRequired;
    private final boolean isMap;
    private final boolean isList;
    private final boolean hasPresence;
    private final boolean isChosen;
    private final boolean isRequestId;
    private final int depth;
    private final Held holds;

    /** What to look at in a message. */
    record OfMessage(List<FieldPlan> fields, List<OneofDescriptor> choices) {}

    /** The plan of the messages in a field, made when there is one: a message may hold itself. */
    static final class Held {
        private final Descriptor message;
        private volatile OfMessage plan;

        private Held(Descriptor message) {
            this.message = message;
        }

        OfMessage get() {
            OfMessage found = plan;
            if (found == null) {
                found = of(message);
                plan = found;
            }
            return found;
        }
    }

    private FieldPlan(FieldDescriptor field) {
        this.field = field;
        name = field.getName();
        rules = field.getOptions().getExtension(OptionsProto.field);
        isRequired = rules.getRequired();
        isMap = field.isMapField();
        isList = field.isRepeated() && !isMap;
        hasPresence = field.hasPresence();
        isChosen = field.getRealContainingOneof() != null;
        isRequestId = name.equals("request_id");
        FieldDescriptor value = isMap ? field.getMessageType().findFieldByName("value") : field;
        boolean isMessage = value.getJavaType() == FieldDescriptor.JavaType.MESSAGE;
        holds = isMessage ? new Held(value.getMessageType()) : null;
        boolean isJson = value.getJavaType() == FieldDescriptor.JavaType.STRING && name.endsWith("_json");
        int most = name.equals("data_json") ? OpenValues.PAYLOAD_DEPTH_MAX : OpenValues.DEPTH_MAX;
        depth = isJson ? most : 0;
    }

    static OfMessage of(Descriptor message) {
        return PLANS.computeIfAbsent(message, FieldPlan::make);
    }

    private static OfMessage make(Descriptor message) {
        List<FieldPlan> fields = new ArrayList<>();
        for (FieldDescriptor field : message.getFields()) {
            FieldPlan one = new FieldPlan(field);
            if (field.getOptions().hasExtension(OptionsProto.field) || one.depth > 0 || one.holds != null) {
                fields.add(one);
            }
        }
        List<OneofDescriptor> choices = message.getRealOneofs().stream()
                .filter(choice -> choice.getOptions().getExtension(OptionsProto.exactlyOne))
                .toList();
        return new OfMessage(fields, choices);
    }

    FieldDescriptor field() {
        return field;
    }

    String name() {
        return name;
    }

    FieldRules rules() {
        return rules;
    }

    /** Whether it is required where the condition of its rules holds. */
    boolean isRequired() {
        return isRequired;
    }

    boolean isMap() {
        return isMap;
    }

    boolean isList() {
        return isList;
    }

    boolean hasPresence() {
        return hasPresence;
    }

    /** The field is one of a choice. */
    boolean isChosen() {
        return isChosen;
    }

    boolean isRequestId() {
        return isRequestId;
    }

    /** How deep the JSON in the field may nest; 0 if it is no JSON. */
    int depth() {
        return depth;
    }

    /** The plan of the messages that the field holds; null if it holds none. */
    Held holds() {
        return holds;
    }
}
