//! Directories and what is in them.

use super::files::{holds, list, listing, lists, make, making, read, seed, stat, write, writing};
use crate::check::{Outcome, absent, present, same};
use crate::context::Cx;
use crate::rule::{Group, Rule};
use crate::rules::common::refused_saying;
use futures::future::try_join_all;
use mortise_proto::rpc::table::session_file_system_service::{
    CREATE_DIRECTORY, LIST_DIRECTORY, NAME, WRITE_FILE,
};

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "FILE-26",
            "A directory's direct entries are listed, by path.",
            "IM:314-327, RD:894",
            file_26_direct_entries,
        )
        .hard(
            "FILE-27",
            "The root of an empty workspace has no entries.",
            "IM:301",
            file_27_empty_root,
        )
        .soft(
            "FILE-28",
            "Listing what is not there fails with `not found`.",
            "VB:1343-1353, FS:1324",
            file_28_list_missing,
        )
        .soft(
            "FILE-29",
            "Listing a file fails with `not a directory`.",
            "FS:1324",
            file_29_list_file,
        )
        .soft(
            "FILE-30",
            "Entries say which files are read-only.",
            "FS:1290",
            file_30_lists_readonly,
        )
        .hard(
            "FILE-42",
            "Making a directory makes those above it, and making it again returns it.",
            "TL:1503-1516, A2:617",
            file_42_makes_directories,
        )
        .soft(
            "FILE-43",
            "Making a directory where a file is fails with `not a directory`.",
            "RD:637",
            file_43_make_over_file,
        )
        .hard(
            "FILE-60",
            "A directory of 300 entries is listed completely and in order.",
            "FS:1271",
            file_60_many_entries,
        )
        .full()
        .hard(
            "FILE-61",
            "16 calls that make one directory at the same time make one.",
            "tool_scheduler.rs:42",
            file_61_one_directory,
        )
        .full()
        .hard(
            "FILE-62",
            "Nothing is written below a file, and the file stays.",
            "session_file_system.proto",
            file_62_below_a_file,
        )
        .list()
}

async fn file_26_direct_entries(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for path in ["/d/b", "/d/a/deep/er", "/d/c", "/dx", "/d.txt", "/d/a.txt"] {
        write(&cx, &session, path, "x").await?;
    }
    lists(&cx, &session, "/d", &["/d/a", "/d/a.txt", "/d/b", "/d/c"]).await?;
    lists(&cx, &session, "/", &["/d", "/d.txt", "/dx"]).await?;
    let entries = list(&cx, &session, "/d").await?;
    let kinds: Vec<bool> = entries.iter().map(|entry| entry.is_directory).collect();
    same(
        "is_directory of the entries of `/d`",
        &kinds,
        &vec![true, false, false, false],
    )?;
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    same(
        "the names of the entries of `/d`",
        &names,
        &vec!["a", "a.txt", "b", "c"],
    )
}

async fn file_27_empty_root(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    lists(&cx, &session, "/", &[]).await
}

async fn file_28_list_missing(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/there/a", "x").await?;
    for path in ["/nothing", "/there/nothing", "/ther"] {
        refused_saying(&cx, &LIST_DIRECTORY, listing(&session, path), "not found").await?;
    }
    Ok(())
}

async fn file_29_list_file(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", "x").await?;
    refused_saying(
        &cx,
        &LIST_DIRECTORY,
        listing(&session, "/a"),
        "not a directory",
    )
    .await
}

async fn file_30_lists_readonly(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    seed(&cx, &session, "/kept", "x", true).await?;
    write(&cx, &session, "/open", "x").await?;
    let entries = list(&cx, &session, "/").await?;
    let flags: Vec<_> = entries
        .iter()
        .map(|entry| (entry.path.as_str(), entry.is_readonly))
        .collect();
    same(
        "path and is_readonly of the entries",
        &flags,
        &vec![("/kept", true), ("/open", false)],
    )
}

async fn file_42_makes_directories(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = make(&cx, &session, "/a/b/c").await?;
    same("directory.path", first.path.as_str(), "/a/b/c")?;
    same("directory.is_directory", &first.is_directory, &true)?;
    lists(&cx, &session, "/a", &["/a/b"]).await?;
    lists(&cx, &session, "/a/b/c", &[]).await?;
    write(&cx, &session, "/a/b/c/file", "x").await?;
    let again = make(&cx, &session, "/workspace/a/b/c/").await?;
    same("directory.id when it is made again", &again.id, &first.id)?;
    same(
        "directory.created_at when it is made again",
        &again.created_at,
        &first.created_at,
    )?;
    holds(&cx, &session, "/a/b/c/file", "x").await?;
    let root = make(&cx, &session, "/").await?;
    same("directory.path of the root", root.path.as_str(), "/")
}

async fn file_43_make_over_file(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", "x").await?;
    for path in ["/a", "/a/b", "/a/b/c"] {
        refused_saying(
            &cx,
            &CREATE_DIRECTORY,
            making(&session, path),
            "not a directory",
        )
        .await?;
    }
    holds(&cx, &session, "/a", "x").await?;
    lists(&cx, &session, "/", &["/a"]).await
}

async fn file_60_many_entries(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let paths: Vec<String> = (0..300).map(|n| format!("/d/{n:03}")).collect();
    for some in paths.chunks(30) {
        try_join_all(some.iter().map(|path| write(&cx, &session, path, "x"))).await?;
    }
    let expected: Vec<&str> = paths.iter().map(String::as_str).collect();
    lists(&cx, &session, "/d", &expected).await
}

async fn file_61_one_directory(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let made = try_join_all((0..16).map(|_| make(&cx, &session, "/a/b"))).await?;
    let entries = list(&cx, &session, "/a").await?;
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    for directory in &made {
        same(
            "the ids of the entries of `/a`",
            &ids,
            &vec![directory.id.as_str()],
        )?;
    }
    Ok(())
}

async fn file_62_below_a_file(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", "x").await?;
    for path in ["/a/b", "/a/b/c"] {
        cx.refused(&WRITE_FILE, writing(&session, path, "y"))
            .await?;
        absent(
            &format!("ReadFile of {path:?}"),
            read(&cx, &session, path).await?,
        )?;
    }
    holds(&cx, &session, "/a", "x").await?;
    let stat = present("StatFile of `/a`", stat(&cx, &session, "/a").await?)?;
    same("stat.is_directory of `/a`", &stat.is_directory, &false)
}
