// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code SessionSqlDbStoreService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class SessionSqlDbStoreMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            SessionSqlDbStoreProto.getDescriptor().findServiceByName("SessionSqlDbStoreService");

    public static final MethodDescriptor<CreateDatabaseRequest, CreateDatabaseResponse> CREATE_DATABASE = Methods.of(
            DESCRIPTOR, "CreateDatabase", CreateDatabaseRequest.getDefaultInstance(), CreateDatabaseResponse.getDefaultInstance());

    public static final MethodDescriptor<ListDatabasesRequest, ListDatabasesResponse> LIST_DATABASES = Methods.of(
            DESCRIPTOR, "ListDatabases", ListDatabasesRequest.getDefaultInstance(), ListDatabasesResponse.getDefaultInstance());

    public static final MethodDescriptor<GetDatabaseRequest, GetDatabaseResponse> GET_DATABASE = Methods.of(
            DESCRIPTOR, "GetDatabase", GetDatabaseRequest.getDefaultInstance(), GetDatabaseResponse.getDefaultInstance());

    public static final MethodDescriptor<DeleteDatabaseRequest, DeleteDatabaseResponse> DELETE_DATABASE = Methods.of(
            DESCRIPTOR, "DeleteDatabase", DeleteDatabaseRequest.getDefaultInstance(), DeleteDatabaseResponse.getDefaultInstance());

    public static final MethodDescriptor<SqlExecuteRequest, SqlExecuteResponse> SQL_EXECUTE = Methods.of(
            DESCRIPTOR, "SqlExecute", SqlExecuteRequest.getDefaultInstance(), SqlExecuteResponse.getDefaultInstance());

    public static final MethodDescriptor<SqlQueryRequest, SqlQueryResponse> SQL_QUERY = Methods.of(
            DESCRIPTOR, "SqlQuery", SqlQueryRequest.getDefaultInstance(), SqlQueryResponse.getDefaultInstance());

    public static final MethodDescriptor<SqlSchemaRequest, SqlSchemaResponse> SQL_SCHEMA = Methods.of(
            DESCRIPTOR, "SqlSchema", SqlSchemaRequest.getDefaultInstance(), SqlSchemaResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, CREATE_DATABASE, LIST_DATABASES, GET_DATABASE, DELETE_DATABASE, SQL_EXECUTE, SQL_QUERY, SQL_SCHEMA);

    private SessionSqlDbStoreMethods() {}
}
