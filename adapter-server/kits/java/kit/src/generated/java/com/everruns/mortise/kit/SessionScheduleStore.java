// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.SessionSchedule;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What an author implements to offer {@code SessionScheduleStoreService}.
 *
 * <p>SessionScheduleStoreService keeps the schedules of sessions and fires them.
 * Optional: without it, tools cannot schedule anything.
 *
 * <p>The server itself fires a schedule that is due. It must fire once for each
 * due time, however many servers share the store. Firing stores an event
 * {@code schedule.triggered}, whose data name the schedule, and a user's message with
 * the description in the session, and requests the turn that answers it
 * (TurnQueueService). What became due while no server ran is fired once, late.
 * After firing, a one-shot schedule is disabled and a recurring one gets its
 * next time.
 *
 * <p>Servers that share a store must go by one clock, such as the database's. When
 * it is set back, no schedule may wait until it gets there again: what was put
 * off or planned by the wrong clock is planned anew.
 */
public interface SessionScheduleStore extends Store {

    /**
     * CreateSchedule creates a schedule and returns it, enabled. It is recurring
     * if it has a cron expression, also if scheduled_at is set as well. Otherwise
     * it is one-shot.
     *
     * <p>INTERNAL + STORE: the cron expression or the time zone is invalid; neither
     * a cron expression nor a time is given; the cron expression never comes
     * true; the session has five enabled schedules already; or the session does
     * not exist in the org. The text says what to change. FAILED_PRECONDITION +
     * SESSION_ARCHIVED: the session is deleted.
     */
    SessionSchedule createSchedule(SessionRef in, Change<SessionSchedule> change, String description, Optional<String> cronExpression, Optional<Instant> scheduledAt, String timezone) throws Exception;

    /**
     * CancelSchedule disables a schedule and returns it. A schedule that is
     * disabled already stays so; that is not an error.
     *
     * <p>INTERNAL + STORE with "Schedule not found": the session has no such
     * schedule.
     */
    SessionSchedule cancelSchedule(SessionRef in, Change<SessionSchedule> change, String scheduleId) throws Exception;

    /**
     * ListSchedules returns the schedules of a session, disabled ones included,
     * oldest first.
     */
    List<SessionSchedule> listSchedules(SessionRef in) throws Exception;

    /**
     * CountActiveSchedules returns how many enabled schedules a session has.
     */
    int countActiveSchedules(SessionRef in) throws Exception;
}
