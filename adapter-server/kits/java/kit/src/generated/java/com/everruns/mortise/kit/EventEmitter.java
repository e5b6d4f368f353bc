// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.EmitResponse;
import com.everruns.mortise.adapter.v1.NewEvent;

/**
 * What an author implements to offer {@code EventEmitterService}.
 *
 * <p>EventEmitterService stores events. Required: a host runs no turn without it.
 *
 * <p>The server gives each stored event an id and a sequence number. Within a
 * session the numbers start at 1, rise by one and have no gaps, in the order in
 * which the events were accepted; a refused event takes no number. A caller may
 * emit several events for one session at the same time. Event types are open: a
 * server must store a type that it does not know, with its JSON as it came.
 *
 * <p>Some events create a message. The event and its message become visible
 * together or not at all:
 * - {@code input.message} and {@code output.message.completed}: {@code data.message} as it is. It
 *   is a message in the JSON form of the runtime: {@code id}, {@code role} ({@code system},
 *   {@code user}, {@code agent} or {@code tool_result}), {@code content} (a list of parts, each with
 *   {@code type} {@code text}, {@code image}, {@code image_file}, {@code tool_call} or {@code tool_result} and the
 *   fields that ContentPart has for it, without the suffix {@code _json}),
 *   {@code created_at} (RFC 3339), and optionally {@code phase}, {@code thinking},
 *   {@code thinking_signature}, {@code controls}, {@code metadata} and {@code external_actor}.
 * - {@code tool.completed}: a message of role tool_result. Its first part is the
 *   result of {@code data.tool_call_id}. {@code data.result} is a list of parts. If it is
 *   absent, there is no result. If it has one text part, the result is the JSON
 *   object or array that the text is, if it keeps the grammar of open values
 *   (context.proto), else the text as a JSON string. If it has several text
 *   parts, the result is the JSON array of these parts, each
 *   {@code {"type": "text", "text": ...}}. If it has none, the result is null. Image
 *   parts that have both {@code base64} and {@code media_type} follow as image parts, and
 *   {@code data.error} is then dropped. The metadata holds {@code tool_name}, and
 *   {@code tool_call_fingerprint} and {@code tool_result_fingerprint} if given. The
 *   message's id is {@code message_} and the 32 digits of the event's id or another
 *   id that never changes; its created_at is the event's {@code ts}.
 *
 * <p>No other event creates a message.
 *
 * <p>Ephemeral types ({@code output.message.delta}, {@code reason.thinking.delta},
 * {@code tool.output.delta}, {@code voice.input_transcript.delta},
 * {@code voice.output_transcript.delta}) are passed on to those who follow the
 * session (EventLogService). A server need not store them. They take no
 * sequence number; the answer to one has sequence 0. They may be lost.
 */
public interface EventEmitter extends Store {

    /**
     * Emit stores one event. The event must be durable when the server answers,
     * and its message must be readable.
     *
     * <p>INVALID_ARGUMENT + INVALID_FIELD: session, type, time or data are missing,
     * an id is malformed, an open value breaks its grammar, or the data of an
     * event that creates a message are not what its type says. NOT_FOUND +
     * SESSION_NOT_FOUND: the server keeps sessions and has none of this id.
     * FAILED_PRECONDITION + SESSION_ARCHIVED: the session is deleted. A server may
     * accept an ephemeral event of a deleted session for a few seconds more.
     * INTERNAL + STORE: neither the event nor its message was stored, for instance
     * because the session has a message of this id already. FAILED_PRECONDITION +
     * PATCH_BASE: {@code data_patch} cannot be applied; nothing was stored.
     */
    EmitResponse emit(Org in, Change<EmitResponse> change, NewEvent event, String proposedEventId) throws Exception;
}
