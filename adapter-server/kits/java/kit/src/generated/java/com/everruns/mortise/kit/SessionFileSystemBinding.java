// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CreateDirectoryRequest;
import com.everruns.mortise.adapter.v1.CreateDirectoryResponse;
import com.everruns.mortise.adapter.v1.DeleteFileRequest;
import com.everruns.mortise.adapter.v1.DeleteFileResponse;
import com.everruns.mortise.adapter.v1.FileInfo;
import com.everruns.mortise.adapter.v1.FileStat;
import com.everruns.mortise.adapter.v1.GrepFilesRequest;
import com.everruns.mortise.adapter.v1.ListDirectoryRequest;
import com.everruns.mortise.adapter.v1.ListDirectoryResponse;
import com.everruns.mortise.adapter.v1.ReadFileRequest;
import com.everruns.mortise.adapter.v1.SeedInitialFileRequest;
import com.everruns.mortise.adapter.v1.SeedInitialFileResponse;
import com.everruns.mortise.adapter.v1.SessionFileSystemMethods;
import com.everruns.mortise.adapter.v1.StatFileRequest;
import com.everruns.mortise.adapter.v1.StatFileResponse;
import com.everruns.mortise.adapter.v1.WriteFileIfContentMatchesRequest;
import com.everruns.mortise.adapter.v1.WriteFileIfContentMatchesResponse;
import com.everruns.mortise.adapter.v1.WriteFileRequest;
import com.everruns.mortise.adapter.v1.WriteFileResponse;
import com.everruns.mortise.adapter.v1.WrittenFile;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.Optional;

/** Binds a {@link SessionFileSystem} to the calls of {@code SessionFileSystemService}. */
final class SessionFileSystemBinding {
    private SessionFileSystemBinding() {}

    static ServerServiceDefinition bind(SessionFileSystem store, Core core) {
        return ServerServiceDefinition.builder(SessionFileSystemMethods.SERVICE)
                .addMethod(core.streamed(
                        SessionFileSystemMethods.READ_FILE,
                        ReadFileRequest::getContext,
                        (r, to) -> store.readFile(SessionRef.of(r.getContext(), r.getSessionId()), r.getPath(), to)))
                .addMethod(core.keyed(
                        SessionFileSystemMethods.WRITE_FILE,
                        WriteFileRequest::getContext,
                        new Codec<WrittenFile, WriteFileResponse>(
                                v -> WriteFileResponse.newBuilder().setFile(v).build(),
                                a -> a.getFile()),
                        (r, c) -> store.writeFile(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getPath(), r.getContent(), r.getEncoding())))
                .addMethod(core.keyed(
                        SessionFileSystemMethods.WRITE_FILE_IF_CONTENT_MATCHES,
                        WriteFileIfContentMatchesRequest::getContext,
                        new Codec<Optional<WrittenFile>, WriteFileIfContentMatchesResponse>(
                                v -> v.map(it -> WriteFileIfContentMatchesResponse.newBuilder().setFile(it).build()).orElse(WriteFileIfContentMatchesResponse.getDefaultInstance()),
                                a -> a.hasFile() ? Optional.of(a.getFile()) : Optional.empty()),
                        (r, c) -> store.writeFileIfContentMatches(SessionRef.of(r.getContext(), r.getSessionId()), c, r)))
                .addMethod(core.keyed(
                        SessionFileSystemMethods.DELETE_FILE,
                        DeleteFileRequest::getContext,
                        new Codec<Boolean, DeleteFileResponse>(
                                v -> DeleteFileResponse.newBuilder().setDeleted(v).build(),
                                a -> a.getDeleted()),
                        (r, c) -> store.deleteFile(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getPath(), r.getRecursive())))
                .addMethod(core.plain(
                        SessionFileSystemMethods.LIST_DIRECTORY,
                        ListDirectoryRequest::getContext,
                        new Codec<List<FileInfo>, ListDirectoryResponse>(
                                v -> ListDirectoryResponse.newBuilder().addAllEntries(v).build(),
                                a -> a.getEntriesList()),
                        r -> store.listDirectory(SessionRef.of(r.getContext(), r.getSessionId()), r.getPath())))
                .addMethod(core.plain(
                        SessionFileSystemMethods.STAT_FILE,
                        StatFileRequest::getContext,
                        new Codec<Optional<FileStat>, StatFileResponse>(
                                v -> v.map(it -> StatFileResponse.newBuilder().setStat(it).build()).orElse(StatFileResponse.getDefaultInstance()),
                                a -> a.hasStat() ? Optional.of(a.getStat()) : Optional.empty()),
                        r -> store.statFile(SessionRef.of(r.getContext(), r.getSessionId()), r.getPath())))
                .addMethod(core.streamed(
                        SessionFileSystemMethods.GREP_FILES,
                        GrepFilesRequest::getContext,
                        (r, to) -> store.grepFiles(SessionRef.of(r.getContext(), r.getSessionId()), r.getPattern(), r.hasPathPattern() ? Optional.of(r.getPathPattern()) : Optional.empty(), to)))
                .addMethod(core.keyed(
                        SessionFileSystemMethods.CREATE_DIRECTORY,
                        CreateDirectoryRequest::getContext,
                        new Codec<FileInfo, CreateDirectoryResponse>(
                                v -> CreateDirectoryResponse.newBuilder().setDirectory(v).build(),
                                a -> a.getDirectory()),
                        (r, c) -> store.createDirectory(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getPath())))
                .addMethod(core.keyed(
                        SessionFileSystemMethods.SEED_INITIAL_FILE,
                        SeedInitialFileRequest::getContext,
                        new Codec<Void, SeedInitialFileResponse>(
                                v -> SeedInitialFileResponse.getDefaultInstance(),
                                a -> null),
                        (r, c) -> {
                            store.seedInitialFile(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getFile());
                            return null;
                        }))
                .build();
    }
}
