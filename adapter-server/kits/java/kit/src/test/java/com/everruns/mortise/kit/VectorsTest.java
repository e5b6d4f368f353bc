package com.everruns.mortise.kit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.everruns.mortise.adapter.v1.CallContext;
import com.everruns.mortise.adapter.v1.GetValueResponse;
import com.everruns.mortise.adapter.v1.KeyInfo;
import com.everruns.mortise.adapter.v1.NewEvent;
import com.everruns.mortise.adapter.v1.SetSessionStatusRequest;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The values that careless servers change, the same for every kit. */
class VectorsTest {
    private static JsonNode vectors(String name) throws IOException {
        String text = Files.readString(Path.of("../../../../tests/contract/vectors.json"));
        JsonNode found = JsonMapper.builder().build().readTree(text).get(name);
        assertFalse(found.isEmpty(), name);
        return found;
    }

    private static NewEvent sent(NewEvent event) throws InvalidProtocolBufferException {
        return NewEvent.parseFrom(event.toByteArray());
    }

    /** Every text arrives, and an empty one is not absent. */
    @Test
    void texts() throws IOException {
        for (JsonNode one : vectors("texts")) {
            String text = one.get("text").asString();
            GetValueResponse answer =
                    GetValueResponse.newBuilder().setValue(text).build();
            GetValueResponse arrived = GetValueResponse.parseFrom(answer.toByteArray());
            assertTrue(arrived.hasValue(), one.toString());
            assertEquals(text, arrived.getValue(), one.toString());
        }
    }

    /** What is absent arrives as absent. */
    @Test
    void absent() throws IOException {
        GetValueResponse absent = GetValueResponse.getDefaultInstance();
        assertFalse(GetValueResponse.parseFrom(absent.toByteArray()).hasValue());
    }

    /** Texts that look alike stay apart. */
    @Test
    void distinct() throws IOException {
        for (JsonNode one : vectors("distinct")) {
            Set<String> arrived = new HashSet<>();
            for (JsonNode text : one.get("texts")) {
                KeyInfo key = KeyInfo.newBuilder().setKey(text.asString()).build();
                arrived.add(KeyInfo.parseFrom(key.toByteArray()).getKey());
            }
            assertTrue(arrived.size() > 1, one.toString());
            assertEquals(one.get("texts").size(), arrived.size(), one.toString());
        }
    }

    /** The largest texts arrive whole. */
    @Test
    void largeTexts() throws IOException {
        for (JsonNode one : vectors("large_texts")) {
            String text = one.get("unit").asString().repeat(one.get("times").asInt());
            GetValueResponse answer =
                    GetValueResponse.newBuilder().setValue(text).build();
            GetValueResponse arrived = GetValueResponse.parseFrom(answer.toByteArray());
            // The texts are too long to be shown.
            assertTrue(text.equals(arrived.getValue()), one.toString());
        }
    }

    /** Org ids keep 64 bits. */
    @Test
    void orgIds() throws IOException {
        for (JsonNode one : vectors("org_ids")) {
            long id = Long.parseLong(one.asString());
            CallContext context = CallContext.newBuilder().setOrgId(id).build();
            assertEquals(id, CallContext.parseFrom(context.toByteArray()).getOrgId());
        }
    }

    /** The kit accepts and refuses the open values that the contract accepts and refuses. */
    @Test
    void openValues() throws IOException {
        for (JsonNode one : vectors("open_values")) {
            String json = one.get("json").asString();
            assertTrue(OpenValues.isOpenValue(json), one.toString());
            assertEquals(
                    json, sent(NewEvent.newBuilder().setDataJson(json).build()).getDataJson());
        }
        for (JsonNode one : vectors("refused_open_values")) {
            assertFalse(OpenValues.isOpenValue(one.get("json").asString()), one.toString());
        }
    }

    /** Times keep their nanoseconds, as Java's Instant and back. */
    @Test
    void times() throws IOException {
        for (JsonNode one : vectors("timestamps")) {
            Instant at = Instant.ofEpochSecond(
                    Long.parseLong(one.get("seconds").asString()),
                    one.get("nanos").asInt());
            Timestamp stamp = Times.stamp(at);
            assertEquals(stamp, sent(NewEvent.newBuilder().setTs(stamp).build()).getTs());
            assertEquals(at, Instant.ofEpochSecond(stamp.getSeconds(), stamp.getNanos()));
        }
    }

    /** Types and enum values of a later version pass through. */
    @Test
    void unknown() throws IOException {
        for (JsonNode one : vectors("event_types")) {
            String type = one.asString();
            assertEquals(type, sent(NewEvent.newBuilder().setType(type).build()).getType());
        }
        for (JsonNode one : vectors("unknown_enum_values")) {
            SetSessionStatusRequest request = SetSessionStatusRequest.newBuilder()
                    .setStatusValue(one.asInt())
                    .build();
            assertEquals(
                    one.asInt(),
                    SetSessionStatusRequest.parseFrom(request.toByteArray()).getStatusValue());
        }
    }
}
