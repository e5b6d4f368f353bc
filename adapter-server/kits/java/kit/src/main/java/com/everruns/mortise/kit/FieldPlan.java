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

/**
 * What to look at in a field.
 *
 * @param depth how deep the JSON in the field may nest; 0 if it is no JSON
 * @param holds the field holds messages
 * @param isChosen the field is one of a choice
 */
record FieldPlan(FieldDescriptor field, FieldRules rules, int depth, boolean holds, boolean isChosen) {

    /** What to look at in a message. */
    record OfMessage(List<FieldPlan> fields, List<OneofDescriptor> choices) {}

    private static final Map<Descriptor, OfMessage> PLANS = new ConcurrentHashMap<>();

    static OfMessage of(Descriptor message) {
        // Not computeIfAbsent: plans of nested messages are made on the way elsewhere.
        OfMessage found = PLANS.get(message);
        if (found == null) {
            found = make(message);
            PLANS.put(message, found);
        }
        return found;
    }

    private static OfMessage make(Descriptor message) {
        List<FieldPlan> fields = new ArrayList<>();
        for (FieldDescriptor field : message.getFields()) {
            FieldPlan one = make(field);
            if (field.getOptions().hasExtension(OptionsProto.field) || one.depth > 0 || one.holds) {
                fields.add(one);
            }
        }
        List<OneofDescriptor> choices = message.getRealOneofs().stream()
                .filter(choice -> choice.getOptions().getExtension(OptionsProto.exactlyOne))
                .toList();
        return new OfMessage(fields, choices);
    }

    private static FieldPlan make(FieldDescriptor field) {
        FieldDescriptor value = field.isMapField() ? field.getMessageType().findFieldByName("value") : field;
        boolean holds = value.getJavaType() == FieldDescriptor.JavaType.MESSAGE;
        int depth = 0;
        if (value.getJavaType() == FieldDescriptor.JavaType.STRING
                && field.getName().endsWith("_json")) {
            depth = field.getName().equals("data_json") ? OpenValues.PAYLOAD_DEPTH_MAX : OpenValues.DEPTH_MAX;
        }
        return new FieldPlan(
                field,
                field.getOptions().getExtension(OptionsProto.field),
                depth,
                holds,
                field.getRealContainingOneof() != null);
    }
}
