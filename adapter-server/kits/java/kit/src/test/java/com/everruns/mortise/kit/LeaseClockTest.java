package com.everruns.mortise.kit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.everruns.mortise.adapter.v1.SessionLease;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LeaseClockTest {
    private static final SessionRef SESSION = new SessionRef(new Org(1, ""), Fixture.SESSION);
    private static final long TTL_MS = 60_000;

    private long seconds = 1_000;
    private long setBy;
    private Optional<Lease> last = Optional.empty();

    private long now() {
        return (1_000_000 + seconds + setBy) * 1_000_000;
    }

    /** A process that grants leases of one storage, whose clock can be set. */
    private final class Process extends StoredLeases {
        Process() {
            super(new LeaseClock(() -> seconds * 1_000_000_000));
        }

        @Override
        protected SessionLease grant(SessionRef in, Change<SessionLease> change, Lease wanted) {
            Lease granted = next(in, last, wanted, now());
            last = Optional.of(granted);
            return answer(granted);
        }

        @Override
        protected Lease renew(SessionRef in, Renewal renewal) {
            Lease renewed = renewal.of(last, now());
            last = Optional.of(renewed);
            return renewed;
        }

        @Override
        protected boolean end(SessionRef in, long fence) {
            return false;
        }

        @Override
        protected Stored stored(Org in, Optional<String> sessionId) {
            return new Stored(List.of(), now());
        }

        SessionLease acquire(String holder) throws Exception {
            return acquireLease(SESSION, null, holder, "", TTL_MS);
        }

        boolean isHeld() throws Exception {
            try {
                acquire("another");
                return false;
            } catch (Failure refusal) {
                return true;
            }
        }
    }

    /**
     * A lease ends its ttl after the last renewal, in every process that sees it. After ten seconds
     * of a clock that is set back by ten, the end would be just the one before.
     */
    @ParameterizedTest
    @CsvSource({"10, true", "10, false", "3600, true", "3600, false"})
    void renewalsCountAfterTheClockWasSetBack(long back, boolean isSetBefore) throws Exception {
        Process one = new Process();
        Process other = new Process();
        long fence = one.acquire("one").getFence();
        assertTrue(other.isHeld());
        seconds += 10;
        setBy -= isSetBefore ? back : 0;
        assertEquals(TTL_MS, one.renewLease(SESSION, fence, TTL_MS));
        assertTrue(other.isHeld());
        setBy -= isSetBefore ? 0 : back;
        seconds += 55;
        assertTrue(one.isHeld() && other.isHeld(), "renewed and given away");
        seconds += 6;
        assertFalse(one.isHeld(), "longer than its ttl");
    }
}
