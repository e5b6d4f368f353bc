// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.LoadFilteredMessagesResponse;
import com.everruns.mortise.adapter.v1.LoadMessagePageResponse;
import com.everruns.mortise.adapter.v1.LoadMessagesResponse;
import com.everruns.mortise.adapter.v1.Message;
import com.everruns.mortise.adapter.v1.MessageFilter;
import java.util.List;
import java.util.Optional;

/**
 * What an author implements to offer {@code MessageRetrieverService}.
 *
 * <p>MessageRetrieverService returns the messages that events have created;
 * EventEmitterService says which events do. Required: a host runs no turn
 * without it. It only reads: history is written by emitting events.
 *
 * <p>Messages are in the order of their events, oldest first. A session that does
 * not exist in the org has no messages; that is not an error. A message must be
 * readable as soon as the emit of its event is answered, over any connection.
 * Its id and its created_at never change. A caller that reads while others emit
 * sees the start of the history without a gap.
 *
 * <p>A user may write while a tool runs. The message then stands between the call
 * and the call's result. A server must take it, and must not move it: the host
 * puts a history in the order that a model's provider takes.
 *
 * <p>Lists are streamed in chunks, because a history has no size limit. One
 * message has: Limits.max_message_bytes.
 */
public interface MessageRetriever extends Store {

    /**
     * GetMessage returns one message of a session. It is absent if the session
     * has no message of this id.
     */
    Optional<Message> getMessage(SessionRef in, String messageId) throws Exception;

    /**
     * LoadMessages streams all messages of a session, oldest first.
     */
    void loadMessages(SessionRef in, Sender<LoadMessagesResponse> to) throws Exception;

    /**
     * LoadFilteredMessages streams the messages that pass every filter, cut to a
     * window.
     *
     * <p>Of the messages that pass, the server drops the oldest {@code offset}, then keeps
     * the newest {@code limit} of the rest, and sends them oldest first. The first
     * message of the stream says how many passed before offset and limit.
     */
    void loadFilteredMessages(SessionRef in, List<MessageFilter> filters, Optional<Long> limit, Optional<Long> offset, Sender<LoadFilteredMessagesResponse> to) throws Exception;

    /**
     * LoadMessagePage streams {@code limit} messages from position {@code offset}, counted
     * from the oldest. Past the end there are none; that is not an error.
     */
    void loadMessagePage(SessionRef in, long offset, long limit, Sender<LoadMessagePageResponse> to) throws Exception;

    /**
     * CountMessages returns how many messages LoadMessages would stream.
     */
    long countMessages(SessionRef in) throws Exception;
}
