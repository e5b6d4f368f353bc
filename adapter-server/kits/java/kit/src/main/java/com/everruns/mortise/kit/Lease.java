package com.everruns.mortise.kit;

/**
 * The last lease of a session, as it is stored. Times are in microseconds.
 *
 * @param session {@code session_} and 32 hex digits
 * @param fence the highest fence that was granted for the session; 0 if none was
 * @param endsAt by the clock of the storage; 0 if it was released
 * @param timeLeftMax what was left of it when it was last granted or renewed
 * @param holder the name of the holder
 * @param address where callers reach the holder; it may be empty
 */
public record Lease(String session, long fence, long endsAt, long timeLeftMax, String holder, String address) {
    /** What is left of it by the clock of the storage; 0 if it has ended. */
    public long leftByWall(long now) {
        return Math.max(0, Math.min(endsAt - now, timeLeftMax));
    }

    /** FENCED: a fence is not the highest of a session, whose last lease this is; it may be null. */
    public static Failure stale(String session, Lease last, long now) {
        return fenced(
                session,
                last != null && last.leftByWall(now) > 0 ? last : null,
                "the fence is not the highest that was granted for " + session
                        + "; its lease has passed on or was never granted");
    }

    static Failure fenced(String session, Lease running, String text) {
        Failure failure = Fail.fenced(session, text);
        return running == null
                ? failure
                : failure.with("holder", running.holder()).with("address", running.address());
    }
}
