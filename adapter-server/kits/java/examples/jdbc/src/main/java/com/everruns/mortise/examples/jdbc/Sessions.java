package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.adapter.v1.SessionStatus;
import com.everruns.mortise.kit.Change;
import com.everruns.mortise.kit.Fail;
import com.everruns.mortise.kit.SessionMutator;
import com.everruns.mortise.kit.SessionRef;
import com.everruns.mortise.kit.SessionStore;
import com.everruns.mortise.kit.Times;
import com.everruns.mortise.kit.sql.SqlMemory;
import com.google.protobuf.Timestamp;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;

/** Sessions, with their titles and statuses. */
record Sessions(Database database, Records<Session> sessions, SqlMemory memory)
        implements SessionStore, SessionMutator {

    @Override
    public Optional<Session> getSession(SessionRef in) throws Exception {
        return database.read(connection -> sessions.get(connection, in.org().id(), in.id()));
    }

    @Override
    public Session updateSessionTitle(SessionRef in, Change<Session> change, String title) throws Exception {
        return update(in, change, (session, now) -> session.setTitle(title));
    }

    Session setStatus(SessionRef in, Change<Session> change, SessionStatus status) throws Exception {
        return update(in, change, (session, now) -> {
            session.setStatus(status);
            if (status == SessionStatus.SESSION_STATUS_ACTIVE && !session.hasStartedAt()) {
                session.setStartedAt(now);
            }
        });
    }

    /** A session that is not there cannot be leased. */
    void mustExist(Connection transaction, SessionRef in) throws SQLException {
        if (sessions.get(transaction, in.org().id(), in.id()).isEmpty()) {
            throw Fail.sessionNotFound(in.id(), "session " + in.id() + " not found");
        }
    }

    private interface Edit {
        void apply(Session.Builder session, Timestamp now);
    }

    /** The row is locked meanwhile, so that changes of other fields are not undone. */
    private Session update(SessionRef in, Change<Session> change, Edit edit) throws Exception {
        return memory.apply(change, transaction -> {
            Session before = sessions.lock(transaction, in.org().id(), in.id())
                    .orElseThrow(() ->
                            Fail.store("session " + in.id() + " not found").notApplied());
            Timestamp now = Times.stamp(later(Times.instant(before.getUpdatedAt())));
            Session.Builder after = before.toBuilder().setUpdatedAt(now);
            edit.apply(after, now);
            sessions.put(transaction, in.org().id(), in.id(), after.build());
            return after.build();
        });
    }

    /** Now, but after what was; clocks of machines differ. */
    private static Instant later(Instant before) {
        Instant now = Instant.now();
        return now.isAfter(before) ? now : before.plusNanos(1_000);
    }
}
