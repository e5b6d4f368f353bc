//! What a file holds, to the byte.

use super::files::{holds, lists, read_there, stat, write, writing_as};
use crate::check::{Outcome, present, same};
use crate::context::Cx;
use crate::rule::{Group, Rule};
use crate::rules::common::{awkward_texts, moved_on};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mortise_proto::rpc::table::session_file_system_service::{NAME, WRITE_FILE};

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "FILE-13",
            "Writing makes the directories above the file.",
            "IM:244",
            file_13_makes_parents,
        )
        .hard(
            "FILE-14",
            "Overwriting keeps id and created_at, moves updated_at on and replaces the size.",
            "IM:175-184",
            file_14_overwrites,
        )
        .soft(
            "FILE-15",
            "size_bytes is the size of the decoded content.",
            "session_file.rs:96",
            file_15_decoded_size,
        )
        .hard(
            "FILE-16",
            "Base64 comes back to the byte.",
            "RD:757",
            file_16_base64,
        )
        .soft(
            "FILE-17",
            "Content that is not the base64 it says it is is refused.",
            "RD:353",
            file_17_invalid_base64,
        )
        .soft(
            "FILE-18",
            "Encodings such as `utf-8` count as text and read back as `text`.",
            "tool_output_persistence.rs:84, FS:1062",
            file_18_other_encodings,
        )
        .hard(
            "FILE-52",
            "Empty content is content of size 0, not none.",
            "T:403",
            file_52_empty,
        )
        .hard(
            "FILE-54",
            "CRLF, byte order mark and a missing line end at the end are kept.",
            "FS (edit tests)",
            file_54_line_ends,
        )
        .hard(
            "FILE-57",
            "Text with NUL, control characters and scripts of all kinds comes back to the byte.",
            "web_fetch.rs:256",
            file_57_awkward,
        )
        .list()
}

async fn file_13_makes_parents(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a/b/c.txt", "x").await?;
    for path in ["/a", "/a/b"] {
        let stat = present(
            &format!("StatFile of {path}"),
            stat(&cx, &session, path).await?,
        )?;
        same("stat.is_directory", &stat.is_directory, &true)?;
    }
    lists(&cx, &session, "/", &["/a"]).await?;
    lists(&cx, &session, "/a", &["/a/b"]).await?;
    lists(&cx, &session, "/a/b", &["/a/b/c.txt"]).await
}

async fn file_14_overwrites(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let before = write(&cx, &session, "/a", "one").await?;
    let written = write(&cx, &session, "/a", "three").await?;
    let after = read_there(&cx, &session, "/a").await?.info;
    same("ReadFile's info against WriteFile's", &after, &written)?;
    same("info.id", &after.id, &before.id)?;
    same("info.created_at", &after.created_at, &before.created_at)?;
    moved_on(
        "info.updated_at",
        after.updated_at.as_ref(),
        before.updated_at.as_ref(),
    )?;
    same("info.size_bytes", &after.size_bytes, &5)?;
    lists(&cx, &session, "/", &["/a"]).await
}

async fn file_15_decoded_size(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let request = writing_as(&session, "/a", "aGVsbG8=", "base64");
    let written = cx.call(&WRITE_FILE, request).await?.file;
    let written = written.and_then(|file| file.info);
    let written = present("WriteFile.file.info", written)?;
    same(
        "info.size_bytes of `hello` in base64",
        &written.size_bytes,
        &5,
    )?;
    let read = read_there(&cx, &session, "/a").await?.info;
    same("info.size_bytes of `hello` in base64", &read.size_bytes, &5)?;
    let stat = present("StatFile", stat(&cx, &session, "/a").await?)?;
    same("stat.size_bytes of `hello` in base64", &stat.size_bytes, &5)
}

async fn file_16_base64(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for length in [1, 2, 3, 255, 70_000] {
        let content = STANDARD.encode(cx.random_bytes(length));
        let request = writing_as(&session, "/bin", &content, "base64");
        cx.call(&WRITE_FILE, request).await?;
        let found = read_there(&cx, &session, "/bin").await?;
        same("the encoding", found.encoding.as_str(), "base64")?;
        same("the content", &found.content.as_ref(), &Some(&content))?;
    }
    Ok(())
}

async fn file_17_invalid_base64(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", "kept").await?;
    for content in ["not base64!", "aGVsbG8", "aGVsbG8=\n=", "ä"] {
        let request = writing_as(&session, "/a", content, "base64");
        cx.refused(&WRITE_FILE, request).await?;
    }
    holds(&cx, &session, "/a", "kept").await
}

async fn file_18_other_encodings(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for encoding in ["utf-8", "utf8", "", "TEXT", "plain"] {
        let request = writing_as(&session, "/a", "grüße", encoding);
        cx.call(&WRITE_FILE, request).await?;
        let found = read_there(&cx, &session, "/a").await?;
        same(
            &format!("the encoding of a file written as {encoding:?}"),
            found.encoding.as_str(),
            "text",
        )?;
        same("the content", &found.content.as_deref(), &Some("grüße"))?;
    }
    Ok(())
}

async fn file_52_empty(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for encoding in ["text", "base64"] {
        let path = format!("/empty-{encoding}");
        let request = writing_as(&session, &path, "", encoding);
        cx.call(&WRITE_FILE, request).await?;
        let found = read_there(&cx, &session, &path).await?;
        same(
            "the content of an empty file",
            &found.content.as_deref(),
            &Some(""),
        )?;
        same("info.size_bytes", &found.info.size_bytes, &0)?;
        same("info.is_directory", &found.info.is_directory, &false)?;
    }
    Ok(())
}

async fn file_54_line_ends(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for text in ["a\r\nb\r\n", "\u{FEFF}a\nb", "a\rb", "\n", "a\n\n\n", " \t"] {
        write(&cx, &session, "/a", text).await?;
        holds(&cx, &session, "/a", text).await?;
    }
    Ok(())
}

async fn file_57_awkward(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for text in awkward_texts() {
        let info = write(&cx, &session, "/a", &text).await?;
        let found = read_there(&cx, &session, "/a").await?;
        same("the content", &found.content.as_ref(), &Some(&text))?;
        same("the encoding", found.encoding.as_str(), "text")?;
        let size = i64::try_from(text.len()).unwrap_or(i64::MAX);
        same("info.size_bytes", &info.size_bytes, &size)?;
    }
    Ok(())
}
