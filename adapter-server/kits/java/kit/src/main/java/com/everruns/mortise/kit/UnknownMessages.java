package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.KnownMessages;
import com.everruns.mortise.adapter.v1.LoadTurnContextResponse;
import com.everruns.mortise.adapter.v1.Message;
import com.everruns.mortise.adapter.v1.MessageChunk;
import com.everruns.mortise.adapter.v1.TurnSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Takes the messages of a session, oldest first, and sends the snapshot and then those that the
 * caller does not have. It holds them back until it has seen whether the session begins with those
 * that the caller has.
 */
final class UnknownMessages implements Sender<MessageChunk> {
    private final TurnSnapshot.Builder snapshot;
    private final Optional<KnownMessages> known;
    private final Sender<LoadTurnContextResponse> to;
    private final List<MessageChunk> held = new ArrayList<>();
    private long seen;
    private boolean isBegun;

    UnknownMessages(TurnSnapshot.Builder snapshot, Optional<KnownMessages> known, Sender<LoadTurnContextResponse> to) {
        this.snapshot = snapshot;
        this.known = known;
        this.to = to;
    }

    @Override
    public void send(MessageChunk chunk) throws InterruptedException {
        if (isBegun) {
            forward(chunk);
            return;
        }
        held.add(chunk);
        seen += chunk.getMessagesCount();
        if (known.isPresent() && Long.compareUnsigned(seen, known.get().getCount()) < 0) {
            return;
        }
        if (known.isEmpty()) {
            sendAll();
            return;
        }
        List<Message> last = chunk.getMessagesList();
        int end = last.size() - (int) (seen - known.get().getCount());
        if (!last.get(end - 1).getId().equals(known.get().getLastMessageId())) {
            sendAll();
            return;
        }
        begin(known.get().getCount());
        if (end < last.size()) {
            forward(MessageChunk.newBuilder()
                    .addAllMessages(last.subList(end, last.size()))
                    .build());
        }
    }

    /** Sends what is held back, after the last message. */
    void end() throws InterruptedException {
        if (!isBegun) {
            sendAll();
        }
    }

    private void sendAll() throws InterruptedException {
        begin(0);
        for (MessageChunk chunk : held) {
            forward(chunk);
        }
        held.clear();
    }

    private void begin(long leftOut) throws InterruptedException {
        isBegun = true;
        to.send(LoadTurnContextResponse.newBuilder()
                .setSnapshot(snapshot.setMessagesLeftOut(leftOut))
                .build());
    }

    private void forward(MessageChunk chunk) throws InterruptedException {
        to.send(LoadTurnContextResponse.newBuilder().setMessages(chunk).build());
    }
}
