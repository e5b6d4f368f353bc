// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code SessionFileSystemService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class SessionFileSystemMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            SessionFileSystemProto.getDescriptor().findServiceByName("SessionFileSystemService");

    public static final MethodDescriptor<ReadFileRequest, ReadFileResponse> READ_FILE = Methods.of(
            DESCRIPTOR, "ReadFile", ReadFileRequest.getDefaultInstance(), ReadFileResponse.getDefaultInstance());

    public static final MethodDescriptor<WriteFileRequest, WriteFileResponse> WRITE_FILE = Methods.of(
            DESCRIPTOR, "WriteFile", WriteFileRequest.getDefaultInstance(), WriteFileResponse.getDefaultInstance());

    public static final MethodDescriptor<WriteFileIfContentMatchesRequest, WriteFileIfContentMatchesResponse> WRITE_FILE_IF_CONTENT_MATCHES = Methods.of(
            DESCRIPTOR, "WriteFileIfContentMatches", WriteFileIfContentMatchesRequest.getDefaultInstance(), WriteFileIfContentMatchesResponse.getDefaultInstance());

    public static final MethodDescriptor<DeleteFileRequest, DeleteFileResponse> DELETE_FILE = Methods.of(
            DESCRIPTOR, "DeleteFile", DeleteFileRequest.getDefaultInstance(), DeleteFileResponse.getDefaultInstance());

    public static final MethodDescriptor<ListDirectoryRequest, ListDirectoryResponse> LIST_DIRECTORY = Methods.of(
            DESCRIPTOR, "ListDirectory", ListDirectoryRequest.getDefaultInstance(), ListDirectoryResponse.getDefaultInstance());

    public static final MethodDescriptor<StatFileRequest, StatFileResponse> STAT_FILE = Methods.of(
            DESCRIPTOR, "StatFile", StatFileRequest.getDefaultInstance(), StatFileResponse.getDefaultInstance());

    public static final MethodDescriptor<GrepFilesRequest, GrepFilesResponse> GREP_FILES = Methods.of(
            DESCRIPTOR, "GrepFiles", GrepFilesRequest.getDefaultInstance(), GrepFilesResponse.getDefaultInstance());

    public static final MethodDescriptor<CreateDirectoryRequest, CreateDirectoryResponse> CREATE_DIRECTORY = Methods.of(
            DESCRIPTOR, "CreateDirectory", CreateDirectoryRequest.getDefaultInstance(), CreateDirectoryResponse.getDefaultInstance());

    public static final MethodDescriptor<SeedInitialFileRequest, SeedInitialFileResponse> SEED_INITIAL_FILE = Methods.of(
            DESCRIPTOR, "SeedInitialFile", SeedInitialFileRequest.getDefaultInstance(), SeedInitialFileResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, READ_FILE, WRITE_FILE, WRITE_FILE_IF_CONTENT_MATCHES, DELETE_FILE, LIST_DIRECTORY, STAT_FILE, GREP_FILES, CREATE_DIRECTORY, SEED_INITIAL_FILE);

    private SessionFileSystemMethods() {}
}
