// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CreateDatabaseRequest;
import com.everruns.mortise.adapter.v1.CreateDatabaseResponse;
import com.everruns.mortise.adapter.v1.DatabaseInfo;
import com.everruns.mortise.adapter.v1.DeleteDatabaseRequest;
import com.everruns.mortise.adapter.v1.DeleteDatabaseResponse;
import com.everruns.mortise.adapter.v1.GetDatabaseRequest;
import com.everruns.mortise.adapter.v1.GetDatabaseResponse;
import com.everruns.mortise.adapter.v1.ListDatabasesRequest;
import com.everruns.mortise.adapter.v1.ListDatabasesResponse;
import com.everruns.mortise.adapter.v1.SessionSqlDbStoreMethods;
import com.everruns.mortise.adapter.v1.SqlExecuteRequest;
import com.everruns.mortise.adapter.v1.SqlExecuteResponse;
import com.everruns.mortise.adapter.v1.SqlQueryRequest;
import com.everruns.mortise.adapter.v1.SqlSchemaRequest;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.Optional;

/** Binds a {@link SessionSqlDbStore} to the calls of {@code SessionSqlDbStoreService}. */
final class SessionSqlDbStoreBinding {
    private SessionSqlDbStoreBinding() {}

    static ServerServiceDefinition bind(SessionSqlDbStore store, Core core) {
        return ServerServiceDefinition.builder(SessionSqlDbStoreMethods.SERVICE)
                .addMethod(core.keyed(
                        SessionSqlDbStoreMethods.CREATE_DATABASE,
                        CreateDatabaseRequest::getContext,
                        new Codec<DatabaseInfo, CreateDatabaseResponse>(
                                v -> CreateDatabaseResponse.newBuilder().setDatabase(v).build(),
                                a -> a.getDatabase()),
                        (r, c) -> store.createDatabase(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getName())))
                .addMethod(core.plain(
                        SessionSqlDbStoreMethods.LIST_DATABASES,
                        ListDatabasesRequest::getContext,
                        new Codec<List<DatabaseInfo>, ListDatabasesResponse>(
                                v -> ListDatabasesResponse.newBuilder().addAllDatabases(v).build(),
                                a -> a.getDatabasesList()),
                        r -> store.listDatabases(SessionRef.of(r.getContext(), r.getSessionId()))))
                .addMethod(core.plain(
                        SessionSqlDbStoreMethods.GET_DATABASE,
                        GetDatabaseRequest::getContext,
                        new Codec<Optional<DatabaseInfo>, GetDatabaseResponse>(
                                v -> v.map(it -> GetDatabaseResponse.newBuilder().setDatabase(it).build()).orElse(GetDatabaseResponse.getDefaultInstance()),
                                a -> a.hasDatabase() ? Optional.of(a.getDatabase()) : Optional.empty()),
                        r -> store.getDatabase(SessionRef.of(r.getContext(), r.getSessionId()), r.getName())))
                .addMethod(core.keyed(
                        SessionSqlDbStoreMethods.DELETE_DATABASE,
                        DeleteDatabaseRequest::getContext,
                        new Codec<Boolean, DeleteDatabaseResponse>(
                                v -> DeleteDatabaseResponse.newBuilder().setDeleted(v).build(),
                                a -> a.getDeleted()),
                        (r, c) -> store.deleteDatabase(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getName())))
                .addMethod(core.keyed(
                        SessionSqlDbStoreMethods.SQL_EXECUTE,
                        SqlExecuteRequest::getContext,
                        new Codec<Long, SqlExecuteResponse>(
                                v -> SqlExecuteResponse.newBuilder().setRowsAffected(v).build(),
                                a -> a.getRowsAffected()),
                        (r, c) -> store.sqlExecute(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getDatabaseName(), r.getSql())))
                .addMethod(core.streamed(
                        SessionSqlDbStoreMethods.SQL_QUERY,
                        SqlQueryRequest::getContext,
                        (r, to) -> store.sqlQuery(SessionRef.of(r.getContext(), r.getSessionId()), r.getDatabaseName(), r.getSql(), to)))
                .addMethod(core.streamed(
                        SessionSqlDbStoreMethods.SQL_SCHEMA,
                        SqlSchemaRequest::getContext,
                        (r, to) -> store.sqlSchema(SessionRef.of(r.getContext(), r.getSessionId()), r.getDatabaseName(), r.hasTable() ? Optional.of(r.getTable()) : Optional.empty(), to)))
                .build();
    }
}
