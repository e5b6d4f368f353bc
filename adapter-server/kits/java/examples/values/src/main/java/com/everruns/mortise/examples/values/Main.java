package com.everruns.mortise.examples.values;

import com.everruns.mortise.kit.MortiseAdapter;
import com.everruns.mortise.kit.sql.SqlMemory;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** Serves values of the SQLite file that VALUES_FILE names: {@code --listen 127.0.0.1:7500}. */
final class Main {
    private Main() {}

    public static void main(String[] arguments) throws SQLException {
        Values values = values(System.getenv().getOrDefault("VALUES_FILE", "values.db"));
        MortiseAdapter.named("mortise-values", "0.1.0")
                .offer(values)
                .unavailableWhen(Main::isBusy)
                .ping(() -> values.db().getConnection().close())
                .run(arguments);
    }

    /** The values of a file, which is made if it is not there. */
    static Values values(String file) throws SQLException {
        HikariDataSource db = open(file);
        Values values = new Values(db, new SqlMemory(db, SqlMemory.Dialect.SQLITE));
        values.migrate();
        return values;
    }

    private static boolean isBusy(Throwable thrown) {
        return thrown instanceof SQLiteException known && known.getResultCode() == SQLiteErrorCode.SQLITE_BUSY;
    }

    /** A pool of few connections: SQLite writes one after the other, and those who wait queue here. */
    private static HikariDataSource open(String file) {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setBusyTimeout(5_000);
        SQLiteDataSource files = new SQLiteDataSource(config);
        files.setUrl("jdbc:sqlite:" + file);
        HikariConfig pool = new HikariConfig();
        pool.setDataSource(files);
        pool.setMaximumPoolSize(4);
        pool.setConnectionTimeout(5_000);
        return new HikariDataSource(pool);
    }
}
