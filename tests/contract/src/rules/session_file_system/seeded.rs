//! Files that are placed when a session starts.

use super::files::{
    delete, deleting, holds, lists, make, read_there, seed, seeding, stat, write, writing,
};
use crate::check::{Outcome, present, same};
use crate::context::Cx;
use crate::rule::{Group, Rule};
use crate::rules::common::refused_saying;
use mortise_proto::pb;
use mortise_proto::rpc::table::session_file_system_service::{
    DELETE_FILE, NAME, SEED_INITIAL_FILE, WRITE_FILE,
};

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("FILE-38", "A file seeded as read-only is not written (`readonly`) and not deleted.", "IM:247-254, FS:914", file_38_readonly)
        .hard("FILE-39", "Seeding a path again as writable makes it writable.", "RD:1093, IM:169", file_39_writable_again)
        .hard("FILE-40", "Read and stat say that a file is read-only.", "IM:194", file_40_says_readonly)
        .hard("FILE-41", "Seeding makes the directories above, and takes `/workspace` paths and base64.", "IM:103-115", file_41_forms)
        .hard("FILE-66", "Seeding replaces what is there, read-only or not: the last seed wins; a directory is not replaced.", "session_file_system.proto, SeedInitialFile", file_66_last_wins)
        .list()
}

async fn file_38_readonly(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    seed(&cx, &session, "/kept", "kept", true).await?;
    refused_saying(
        &cx,
        &WRITE_FILE,
        writing(&session, "/kept", "changed"),
        "readonly",
    )
    .await?;
    for recursive in [false, true] {
        let request = deleting(&session, "/kept", recursive);
        if let Ok(answer) = cx.attempt(&DELETE_FILE, request).await {
            same(
                "DeleteFile.deleted of a read-only file",
                &answer.deleted,
                &false,
            )?;
        }
    }
    holds(&cx, &session, "/kept", "kept").await
}

async fn file_39_writable_again(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    seed(&cx, &session, "/a", "one", true).await?;
    seed(&cx, &session, "/a", "two", false).await?;
    holds(&cx, &session, "/a", "two").await?;
    write(&cx, &session, "/a", "three").await?;
    holds(&cx, &session, "/a", "three").await?;
    same(
        "DeleteFile.deleted",
        &delete(&cx, &session, "/a", false).await?,
        &true,
    )
}

async fn file_40_says_readonly(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    seed(&cx, &session, "/kept", "x", true).await?;
    seed(&cx, &session, "/open", "x", false).await?;
    for (path, expected) in [("/kept", true), ("/open", false)] {
        let found = read_there(&cx, &session, path).await?;
        same(
            &format!("info.is_readonly of {path}"),
            &found.info.is_readonly,
            &expected,
        )?;
        let stat = present("StatFile", stat(&cx, &session, path).await?)?;
        same(
            &format!("stat.is_readonly of {path}"),
            &stat.is_readonly,
            &expected,
        )?;
    }
    Ok(())
}

async fn file_41_forms(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let request = pb::SeedInitialFileRequest {
        context: None,
        session_id: session.clone(),
        file: Some(pb::InitialFile {
            path: "/workspace/a/b/hello.bin".into(),
            content: "aGVsbG8=".into(),
            encoding: "base64".into(),
            is_readonly: false,
        }),
    };
    cx.call(&SEED_INITIAL_FILE, request).await?;
    lists(&cx, &session, "/a/b", &["/a/b/hello.bin"]).await?;
    let found = read_there(&cx, &session, "/a/b/hello.bin").await?;
    same("the encoding", found.encoding.as_str(), "base64")?;
    same("the content", &found.content.as_deref(), &Some("aGVsbG8="))?;
    same("info.size_bytes", &found.info.size_bytes, &5)
}

async fn file_66_last_wins(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", "written").await?;
    for (content, is_readonly) in [
        ("one", true),
        ("two", true),
        ("three", false),
        ("four", true),
    ] {
        seed(&cx, &session, "/a", content, is_readonly).await?;
        let found = read_there(&cx, &session, "/a").await?;
        same("the content", &found.content.as_deref(), &Some(content))?;
        same("info.is_readonly", &found.info.is_readonly, &is_readonly)?;
    }
    make(&cx, &session, "/d/e").await?;
    let request = seeding(&session, "/d", "x", true);
    refused_saying(&cx, &SEED_INITIAL_FILE, request, "is a directory").await?;
    lists(&cx, &session, "/d", &["/d/e"]).await
}
