//! What names a file, and what its description says.

use super::files::{
    describing, holds, lists, make, read, read_there, reading, stat, write, writing,
};
use crate::check::{Outcome, absent, broken, present, same, that};
use crate::context::Cx;
use crate::rule::{Group, Rule};
use crate::rules::common::{not_before, refused_saying};
use mortise_proto::rpc::table::session_file_system_service::{
    NAME, READ_FILE, STAT_FILE, WRITE_FILE,
};

const NIL_UUID: &str = "00000000-0000-0000-0000-000000000000";

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("FILE-01", "A file that was written is read back: content, encoding, path, name and size.", "RD:735, IM:236", file_01_write_then_read)
        .hard("FILE-02", "Reading a path that does not exist returns an empty stream, not an error.", "IM:228, RD:270", file_02_read_missing)
        .hard("FILE-03", "`/workspace/a`, `/a` and `a` are one file, returned as `/a`.", "IM:544-562, RD:781", file_03_three_forms)
        .hard("FILE-04", "`/workspace` and the empty path are the root.", "IM:545-551", file_04_root_forms)
        .hard("FILE-05", "`/workspacefoo` is a name like any other.", "FS:148-163", file_05_lookalike_prefix)
        .hard("FILE-06", "A slash at the end of a path is ignored.", "IM:558", file_06_trailing_slash)
        .hard("FILE-19", "Writing to a directory fails with `is a directory`.", "FS:914, RD:347", file_19_write_to_directory)
        .hard("FILE-20", "Writing to the root fails.", "RD:344", file_20_write_to_root)
        .hard("FILE-21", "Paths with `..` are refused and lead nowhere.", "RD:140, RD:804", file_21_dot_dot)
        .soft("FILE-22", "`//` and `/./` collapse.", "RD (Path components)", file_22_collapses)
        .hard("FILE-23", "A directory that is read is metadata without content.", "IM:146-156, RD:286", file_23_read_directory)
        .hard("FILE-24", "The root is a directory, in an empty workspace as well.", "IM:224, RD:1027", file_24_read_root)
        .hard("FILE-25", "A path's description is absent when nothing is there, and has the right flag and size otherwise.", "IM:330-359", file_25_stats)
        .hard("FILE-69", "A file's ids are UUIDs (the root's is the nil one), and read, list and stat agree about it.", "session_file_system.proto, FileInfo", file_69_agree)
        .hard("FILE-90", "Two names that look alike and differ in their characters, such as `é` composed and decomposed, are two files.", "session_file_system.proto, paths", file_90_unnormalised)
        .list()
}

async fn file_90_unnormalised(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let names = ["/caf\u{e9}.txt", "/cafe\u{301}.txt"];
    for name in names {
        write(&cx, &session, name, name).await?;
    }
    for name in names {
        let found = read_there(&cx, &session, name).await?;
        same("the content", &found.content.as_deref(), &Some(name))?;
        same("info.path", found.info.path.as_str(), name)?;
    }
    Ok(())
}

async fn file_01_write_then_read(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let info = write(&cx, &session, "/notes.txt", "héllo").await?;
    let found = read_there(&cx, &session, "/notes.txt").await?;
    same("the content", &found.content.as_deref(), &Some("héllo"))?;
    same("the encoding", found.encoding.as_str(), "text")?;
    same("info.path", found.info.path.as_str(), "/notes.txt")?;
    same("info.name", found.info.name.as_str(), "notes.txt")?;
    same("info.size_bytes", &found.info.size_bytes, &6)?;
    same("info.is_directory", &found.info.is_directory, &false)?;
    same("info.is_readonly", &found.info.is_readonly, &false)?;
    same("info as it was answered by WriteFile", &info, &found.info)
}

async fn file_02_read_missing(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    absent(
        "ReadFile of nothing",
        read(&cx, &session, "/nothing").await?,
    )?;
    write(&cx, &session, "/a", "x").await?;
    absent(
        "ReadFile of `/a/b` below a file",
        read(&cx, &session, "/a/b").await?,
    )
}

async fn file_03_three_forms(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for (written, content) in [("/workspace/a", "1"), ("/a", "2"), ("a", "3")] {
        let info = write(&cx, &session, written, content).await?;
        same("WriteFile.file.info.path", info.path.as_str(), "/a")?;
        for path in ["/workspace/a", "/a", "a"] {
            let found = read_there(&cx, &session, path).await?;
            same("info.path", found.info.path.as_str(), "/a")?;
            same(
                &format!("the content of {path:?} after {written:?} was written"),
                &found.content.as_deref(),
                &Some(content),
            )?;
        }
    }
    Ok(())
}

async fn file_04_root_forms(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", "x").await?;
    for path in ["/workspace", "/workspace/", "", "/"] {
        lists(&cx, &session, path, &["/a"]).await?;
        let stat = present(
            &format!("StatFile of {path:?}"),
            stat(&cx, &session, path).await?,
        )?;
        same("stat.path of the root", stat.path.as_str(), "/")?;
        same("stat.is_directory of the root", &stat.is_directory, &true)?;
    }
    Ok(())
}

async fn file_05_lookalike_prefix(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let info = write(&cx, &session, "/workspacefoo", "x").await?;
    same("info.path", info.path.as_str(), "/workspacefoo")?;
    absent("ReadFile of `/foo`", read(&cx, &session, "/foo").await?)?;
    holds(&cx, &session, "workspacefoo", "x").await
}

async fn file_06_trailing_slash(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    make(&cx, &session, "/dir/").await?;
    let info = write(&cx, &session, "/dir/a/", "x").await?;
    same("info.path", info.path.as_str(), "/dir/a")?;
    holds(&cx, &session, "/dir/a", "x").await?;
    lists(&cx, &session, "/dir/", &["/dir/a"]).await
}

async fn file_19_write_to_directory(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/dir/a", "x").await?;
    refused_saying(
        &cx,
        &WRITE_FILE,
        writing(&session, "/dir", "y"),
        "is a directory",
    )
    .await?;
    holds(&cx, &session, "/dir/a", "x").await?;
    lists(&cx, &session, "/dir", &["/dir/a"]).await
}

async fn file_20_write_to_root(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for path in ["/", "", "/workspace"] {
        cx.refused(&WRITE_FILE, writing(&session, path, "y"))
            .await?;
    }
    lists(&cx, &session, "/", &[]).await
}

async fn file_21_dot_dot(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a/b", "x").await?;
    for path in [
        "..",
        "/..",
        "/a/..",
        "/a/../a/b",
        "../../etc/passwd",
        "/workspace/../a/b",
    ] {
        cx.refused(&WRITE_FILE, writing(&session, path, "escaped"))
            .await?;
        cx.refused_collect(&READ_FILE, reading(&session, path))
            .await?;
        cx.refused(&STAT_FILE, describing(&session, path)).await?;
    }
    // Two dots are only refused where they are a segment of their own.
    write(&cx, &session, "/a/..b", "kept").await?;
    lists(&cx, &session, "/", &["/a"]).await?;
    lists(&cx, &session, "/a", &["/a/..b", "/a/b"]).await?;
    holds(&cx, &session, "/a/b", "x").await
}

async fn file_22_collapses(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let info = write(&cx, &session, "//p//./q/.", "x").await?;
    same("info.path", info.path.as_str(), "/p/q")?;
    for path in ["/p/q", "/p//q", "/./p/q", "/workspace//p/./q"] {
        holds(&cx, &session, path, "x").await?;
    }
    lists(&cx, &session, "/", &["/p"]).await
}

async fn file_23_read_directory(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/dir/a", "x").await?;
    let found = read_there(&cx, &session, "/dir").await?;
    same("info.is_directory", &found.info.is_directory, &true)?;
    same("info.size_bytes of a directory", &found.info.size_bytes, &0)?;
    absent("the content of a directory", found.content)
}

async fn file_24_read_root(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let found = read_there(&cx, &session, "/").await?;
    same(
        "info.is_directory of the root",
        &found.info.is_directory,
        &true,
    )?;
    same("info.path of the root", found.info.path.as_str(), "/")?;
    same("info.name of the root", found.info.name.as_str(), "/")?;
    absent("the content of the root", found.content)
}

async fn file_25_stats(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    absent(
        "StatFile of nothing",
        stat(&cx, &session, "/nothing").await?,
    )?;
    write(&cx, &session, "/dir/a.txt", "ünf").await?;
    let file = present(
        "StatFile of a file",
        stat(&cx, &session, "/dir/a.txt").await?,
    )?;
    same("stat.is_directory of a file", &file.is_directory, &false)?;
    same("stat.size_bytes", &file.size_bytes, &4)?;
    same("stat.path", file.path.as_str(), "/dir/a.txt")?;
    same("stat.name", file.name.as_str(), "a.txt")?;
    let directory = present(
        "StatFile of a directory",
        stat(&cx, &session, "/dir").await?,
    )?;
    same(
        "stat.is_directory of a directory",
        &directory.is_directory,
        &true,
    )?;
    same("stat.size_bytes of a directory", &directory.size_bytes, &0)
}

async fn file_69_agree(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let root = read_there(&cx, &session, "/").await?.info;
    same("info.id of the root", root.id.as_str(), NIL_UUID)?;
    write(&cx, &session, "/dir/a", "x").await?;
    let read = read_there(&cx, &session, "/dir/a").await?.info;
    let listed = super::files::list(&cx, &session, "/dir").await?;
    same(
        "the entries of ListDirectory",
        listed.as_slice(),
        [read.clone()].as_slice(),
    )?;
    let stat = present("StatFile", stat(&cx, &session, "/dir/a").await?)?;
    same("stat.created_at", &stat.created_at, &read.created_at)?;
    same("stat.updated_at", &stat.updated_at, &read.updated_at)?;
    not_before(
        "updated_at",
        read.updated_at.as_ref(),
        read.created_at.as_ref(),
    )?;
    let directory = read_there(&cx, &session, "/dir").await?.info;
    for info in [&read, &directory] {
        let id = uuid::Uuid::parse_str(&info.id);
        that(
            "info.id",
            "a UUID that is not nil",
            id.is_ok_and(|id| !id.is_nil()),
            &info.id,
        )?;
        match uuid::Uuid::parse_str(&info.session_id) {
            Ok(id) => same(
                "info.session_id",
                format!("session_{}", id.simple()).as_str(),
                session.as_str(),
            )?,
            Err(_) => broken(
                "info.session_id",
                "a UUID without a prefix",
                info.session_id.clone(),
            )?,
        }
    }
    that(
        "the ids of a directory and the file in it",
        "two ids",
        read.id != directory.id,
        &read.id,
    )
}
