// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.DatabaseInfo;
import com.everruns.mortise.adapter.v1.SqlQueryResponse;
import com.everruns.mortise.adapter.v1.SqlSchemaResponse;
import java.util.List;
import java.util.Optional;

/**
 * What an author implements to offer {@code SessionSqlDbStoreService}.
 *
 * <p>SessionSqlDbStoreService keeps small SQL databases for a session. A model
 * fills and queries them. Optional: without it, the model has no SQL databases.
 *
 * <p>Dialect. It is SQLite's: the model is told "standard SQLite SQL syntax".
 *
 * <p>Names. A database's name has 1 to 64 ASCII letters, digits and underscores;
 * case matters. Every method refuses any other name with
 * SQL_INVALID_DATABASE_NAME. Sessions share nothing, and a session of another
 * org has no databases.
 *
 * <p>Calls. Every call stands alone: an open transaction, temporary tables and
 * settings made with PRAGMA end with the call. A call that fails changes
 * nothing. The cost of one call touches no other call: a server bounds the time
 * and the memory of its statements, and the limit that was met ends that call
 * alone. A server that cannot run statements now fails with UNAVAILABLE.
 *
 * <p>Limits. Every server limits a query to 1,000 rows, as the model is told. A
 * server may have further limits; it states none of them on the wire and names
 * the one that was met in the text of the error. The reference server limits:
 * - the databases of a session to 10, and the size of each to 64 MiB
 *   (SQL_LIMIT_EXCEEDED);
 * - a value and a row of a table to 1 MiB, temporary storage (for sorting and
 *   the like) to 512 MiB, and the memory of a call's statements to 512 MiB
 *   (SQL_LIMIT_EXCEEDED);
 * - a statement to 1,000 function calls, and to 50 LIKE and GLOB
 *   (SQL_LIMIT_EXCEEDED);
 * - the SQL text of one call to 1 MiB (SQL_QUERY_ERROR);
 * - a result to 4 MiB of JSON (SQL_RESULT_TOO_LARGE);
 * - a call to 10 s (SQL_QUERY_TIMEOUT).
 *
 * <p>Errors. The host shows the text of the errors below to the model. It hides
 * the text of SQL_INTERNAL and of every other reason.
 * - SQL_DATABASE_NOT_FOUND, SQL_DATABASE_ALREADY_EXISTS: the text is the name
 *   alone.
 * - SQL_QUERY_ERROR: the SQL is wrong, or a constraint forbids what it does.
 * - SQL_QUERY_TIMEOUT: {@code timeout_seconds} in the metadata. The text is not read.
 * - SQL_AUTHORIZER_BLOCKED: the SQL asks for something that is not allowed,
 *   such as ATTACH, VACUUM, loading code, most PRAGMAs, or a change in a query.
 *   The reference server also refuses json_patch and json_pretty.
 */
public interface SessionSqlDbStore extends Store {

    /**
     * CreateDatabase creates an empty database.
     *
     * <p>It fails with SQL_DATABASE_ALREADY_EXISTS if the database exists, with
     * SQL_LIMIT_EXCEEDED if the session has as many databases as it may, and with
     * SQL_INTERNAL if the session does not exist in the org.
     */
    DatabaseInfo createDatabase(SessionRef in, Change<DatabaseInfo> change, String name) throws Exception;

    /**
     * ListDatabases returns the databases of a session, ascending by name. A
     * session that does not exist in the org has none.
     */
    List<DatabaseInfo> listDatabases(SessionRef in) throws Exception;

    /**
     * GetDatabase describes a database. It is absent if it does not exist.
     */
    Optional<DatabaseInfo> getDatabase(SessionRef in, String name) throws Exception;

    /**
     * DeleteDatabase deletes a database with everything in it and says whether it
     * existed. Deleting what does not exist returns false.
     */
    boolean deleteDatabase(SessionRef in, Change<Boolean> change, String name) throws Exception;

    /**
     * SqlExecute runs one or more statements, in order. It creates the database
     * if it does not exist.
     *
     * <p>Either all statements take effect or none does: if one fails, those before
     * it are undone, and a database that the call has created is gone. Calls that
     * change one database at the same time run one after the other. Statements
     * may begin and end transactions; a transaction that is open at the end of
     * the call is SQL_QUERY_ERROR. Rows that statements return (SELECT,
     * RETURNING) are dropped. Foreign keys are enforced.
     */
    long sqlExecute(SessionRef in, Change<Long> change, String databaseName, String sql) throws Exception;

    /**
     * SqlQuery runs one statement that changes nothing and streams its result:
     * the columns, then the rows in several messages, then the end. A client
     * takes a result without its end for an incomplete one and reports an error.
     *
     * <p>It fails with SQL_DATABASE_NOT_FOUND if the database does not exist, with
     * SQL_AUTHORIZER_BLOCKED if the statement would change something, and with
     * SQL_QUERY_ERROR if there is more than one statement.
     */
    void sqlQuery(SessionRef in, String databaseName, String sql, Sender<SqlQueryResponse> to) throws Exception;

    /**
     * SqlSchema streams the tables of a database, ascending by the bytes of their
     * names. Views, indexes and SQLite's own tables are left out.
     *
     * <p>It fails with SQL_DATABASE_NOT_FOUND if the database does not exist. The
     * stream is empty if the database has no tables, or not the requested one.
     */
    void sqlSchema(SessionRef in, String databaseName, Optional<String> table, Sender<SqlSchemaResponse> to) throws Exception;
}
