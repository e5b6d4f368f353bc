package com.everruns.mortise.kit;

import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Remembers answers in this process alone: for development, and for changes that do no harm twice.
 * Beyond its bytes it forgets the oldest.
 */
final class ProcessMemory implements AnswerMemory {
    static final long BYTES_MAX = 256L * 1024 * 1024;

    /** What an entry takes beside its texts. */
    private static final int ENTRY_BYTES = 200;

    private final long bytesMax;
    private final Map<Key, Entry> entries = new LinkedHashMap<>();
    private long bytes;

    ProcessMemory(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    private record Entry(Remembered answer, Instant expires) {
        long bytes() {
            return ENTRY_BYTES + answer.answer().length;
        }
    }

    @Override
    public synchronized Optional<Remembered> recall(Key key) {
        forget(Instant.now());
        return Optional.ofNullable(entries.get(key)).map(Entry::answer);
    }

    @Override
    public synchronized void remember(Key key, Remembered answer) {
        Instant now = Instant.now();
        Entry entry = new Entry(answer, now.plus(TIME));
        Entry before = entries.remove(key);
        bytes += entry.bytes() - (before == null ? 0 : before.bytes());
        entries.put(key, entry);
        forget(now);
    }

    private void forget(Instant now) {
        Iterator<Entry> oldest = entries.values().iterator();
        while (oldest.hasNext()) {
            Entry entry = oldest.next();
            if (bytes <= bytesMax && now.isBefore(entry.expires())) {
                return;
            }
            oldest.remove();
            bytes -= entry.bytes();
        }
    }
}
