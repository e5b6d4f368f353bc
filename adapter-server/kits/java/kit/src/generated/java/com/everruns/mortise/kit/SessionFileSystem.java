// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.FileInfo;
import com.everruns.mortise.adapter.v1.FileStat;
import com.everruns.mortise.adapter.v1.GrepFilesResponse;
import com.everruns.mortise.adapter.v1.InitialFile;
import com.everruns.mortise.adapter.v1.ReadFileResponse;
import com.everruns.mortise.adapter.v1.WriteFileIfContentMatchesRequest;
import com.everruns.mortise.adapter.v1.WrittenFile;
import java.util.List;
import java.util.Optional;

/**
 * What an author implements to offer {@code SessionFileSystemService}.
 *
 * <p>SessionFileSystemService reads and writes the workspace of a session.
 * Required: a host runs no turn without it. Workspaces of different sessions
 * share nothing.
 *
 * <p>Paths. {@code /a}, {@code a}, {@code /workspace/a} and {@code /a/} name the same file; the server
 * returns {@code /a}. {@code /workspace} and the empty path name the root. {@code //} and {@code /./}
 * count as {@code /}. {@code /workspacefoo} is a name like any other. A path with a {@code ..}
 * segment or a NUL is refused, and so is a path of more than 2,048 bytes or 128
 * segments. Names are compared byte for byte: {@code é} as one character and as {@code e}
 * with an accent are two names. {@code %}, {@code _}, {@code *} and brackets stand for
 * themselves.
 *
 * <p>Content. It is text, or base64 if the encoding is {@code base64}. Any other
 * encoding counts as text and is returned as {@code text}. {@code size_bytes} is the size
 * of the decoded content. Text must come back byte for byte: NULs, CRLFs and
 * the byte order mark included.
 *
 * <p>Errors. They are INTERNAL + STORE. The host's tools look for these words in
 * the text to decide what the model is told, so a server must use them:
 * "readonly", "is a directory", "not found", "not a directory", "not empty",
 * "pattern". A call that fails changes nothing.
 *
 * <p>Order. A reader sees a file before or after a write, never a part of one. A
 * change that was answered is visible to the next call over any connection.
 */
public interface SessionFileSystem extends Store {

    /**
     * ReadFile streams a file: the header first, then the content in chunks. The
     * stream is empty if nothing exists at the path; that is not an error. A
     * directory has a header and no content.
     */
    void readFile(SessionRef in, String path, Sender<ReadFileResponse> to) throws Exception;

    /**
     * WriteFile writes a whole file and creates the directories above it. A file
     * that is overwritten keeps its id and its created_at; updated_at moves on.
     *
     * <p>INTERNAL + STORE: "is a directory" if the path is a directory or the root;
     * "readonly" if the file is read-only; "not a directory" if a file is where a
     * directory is needed; and if the content is not the base64 that the encoding
     * says.
     */
    WrittenFile writeFile(SessionRef in, Change<WrittenFile> change, String path, String content, String encoding) throws Exception;

    /**
     * WriteFileIfContentMatches writes a file only if its content and encoding
     * equal the expected ones, as one atomic step: of several calls at the same
     * time with the same expectation exactly one succeeds.
     *
     * <p>The response holds no file, and nothing is written, if the file does not
     * exist, is a directory, is read-only or differs.
     */
    Optional<WrittenFile> writeFileIfContentMatches(SessionRef in, Change<Optional<WrittenFile>> change, WriteFileIfContentMatchesRequest request) throws Exception;

    /**
     * DeleteFile deletes a file or a directory and says whether it existed.
     * Deleting what does not exist returns false.
     *
     * <p>INTERNAL + STORE: "not empty" if the directory has entries and {@code recursive}
     * is false (returning false is allowed as well); "readonly" if the file is
     * read-only or the directory holds a read-only file; nothing is deleted then.
     * The root is never deleted.
     */
    boolean deleteFile(SessionRef in, Change<Boolean> change, String path, boolean recursive) throws Exception;

    /**
     * ListDirectory returns the direct entries of a directory, ascending by path.
     * The root of an empty workspace has none.
     *
     * <p>INTERNAL + STORE: "not found" if nothing exists at the path, "not a
     * directory" if it is a file. (Upstream's own stores return an empty list
     * instead; the shell's {@code test -e} then finds every path.)
     */
    List<FileInfo> listDirectory(SessionRef in, String path) throws Exception;

    /**
     * StatFile describes what exists at a path. It is absent if nothing does. The
     * root always exists.
     */
    Optional<FileStat> statFile(SessionRef in, String path) throws Exception;

    /**
     * GrepFiles streams the lines of text files that match a regular expression,
     * ascending by path, then by line. The syntax is RE2, inline flags such as
     * {@code (?i)} included. The time must grow linearly with the text: the expression
     * comes from a model. Directories and base64 files are skipped.
     *
     * <p>A server must bound what an expression costs. INTERNAL + STORE: "pattern" if
     * the expression is invalid, or too large when it is compiled. A search ends
     * with the call's deadline (DEADLINE_EXCEEDED). A server may also refuse a
     * search that finds more than it can hold with INTERNAL + STORE; the reference
     * server holds 64 MiB of paths and lines.
     */
    void grepFiles(SessionRef in, String pattern, Optional<String> pathPattern, Sender<GrepFilesResponse> to) throws Exception;

    /**
     * CreateDirectory creates a directory and those above it, and returns it. A
     * directory that exists is returned as it is. INTERNAL + STORE: "not a
     * directory" if a file is where a directory is needed.
     */
    FileInfo createDirectory(SessionRef in, Change<FileInfo> change, String path) throws Exception;

    /**
     * SeedInitialFile places a file in the workspace of a session that starts,
     * and creates the directories above it. It replaces a file that exists,
     * read-only or not; the last seed counts. INTERNAL + STORE: "is a directory"
     * if the path is a directory.
     */
    void seedInitialFile(SessionRef in, Change<Void> change, InitialFile file) throws Exception;
}
