//! Names that break careless stores, and names at their limits.

use super::files::{
    delete, describing, holds, lists, making, read_there, reading, seeding, write, writing,
};
use crate::check::{Outcome, same};
use crate::context::Cx;
use crate::rule::{Group, Rule};
use mortise_proto::rpc::table::session_file_system_service::{
    CREATE_DIRECTORY, NAME, READ_FILE, SEED_INITIAL_FILE, STAT_FILE, WRITE_FILE,
};

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "FILE-75",
            "Names with spaces, quotes, line ends and scripts of all kinds are kept to the byte.",
            "session_file_system.proto",
            file_75_awkward_names,
        )
        .full()
        .hard(
            "FILE-76",
            "A path of 2,048 bytes is accepted, one of 2,049 is refused.",
            "session_file_system.proto",
            file_76_longest,
        )
        .full()
        .hard(
            "FILE-77",
            "A path of 128 segments is accepted, one of 129 is refused.",
            "session_file_system.proto",
            file_77_deepest,
        )
        .full()
        .hard(
            "FILE-78",
            "A path with a NUL is refused.",
            "session_file_system.proto",
            file_78_nul,
        )
        .full()
        .list()
}

async fn file_75_awkward_names(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for name in [
        " leading and trailing ",
        "quote\"'`",
        "line\nend\r\n",
        "tab\t",
        "日本語 עברית",
        "e\u{301}",
        "é",
        "emoji 👩‍👩‍👧‍👦",
        "%2e%2e",
        "...",
        "~",
        "-rf",
        "a\\b",
        "c:d",
        "'; DROP TABLE files; --",
        "\u{1}\u{7f}\u{2028}\u{202e}",
    ] {
        let (directory, path) = (format!("/{name}"), format!("/{name}/{name}"));
        write(&cx, &session, &path, name).await?;
        let found = read_there(&cx, &session, &path).await?;
        same("info.path", &found.info.path, &path)?;
        same("info.name", found.info.name.as_str(), name)?;
        same("the content", &found.content.as_deref(), &Some(name))?;
        lists(&cx, &session, &directory, &[&path]).await?;
        // Names that look alike are two names.
        lists(&cx, &session, "/", &[&directory]).await?;
        same(
            "DeleteFile.deleted",
            &delete(&cx, &session, &directory, true).await?,
            &true,
        )?;
    }
    for (name, other) in [("é", "e\u{301}"), ("a", "A"), ("ﬁ", "fi"), ("b", "b ")] {
        write(&cx, &session, name, name).await?;
        write(&cx, &session, other, other).await?;
        holds(&cx, &session, name, name).await?;
        holds(&cx, &session, other, other).await?;
    }
    Ok(())
}

/// A path of so many bytes, its segments short enough for any file system.
fn path_of(bytes: usize) -> String {
    let mut path = format!("/{}", "a".repeat(99)).repeat(bytes / 100);
    path.push_str(&"b".repeat(bytes % 100));
    path
}

async fn file_76_longest(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for bytes in [2_047, 2_048] {
        let path = path_of(bytes);
        write(&cx, &session, &path, "x").await?;
        holds(&cx, &session, &path, "x").await?;
    }
    refuses(&cx, &session, &path_of(2_049)).await
}

async fn file_77_deepest(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for segments in [127, 128] {
        let path = "/b".repeat(segments);
        let file = format!("{}{segments}", &path[..path.len() - 1]);
        write(&cx, &session, &file, "x").await?;
        holds(&cx, &session, &file, "x").await?;
    }
    refuses(&cx, &session, &"/c".repeat(129)).await
}

async fn file_78_nul(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for path in ["/a\0b", "\0", "/d/\0"] {
        refuses(&cx, &session, path).await?;
    }
    lists(&cx, &session, "/", &[]).await
}

/// A path is refused by whatever takes one.
async fn refuses(cx: &Cx, session: &str, path: &str) -> Outcome {
    cx.refused(&WRITE_FILE, writing(session, path, "x")).await?;
    cx.refused(&CREATE_DIRECTORY, making(session, path)).await?;
    cx.refused(&SEED_INITIAL_FILE, seeding(session, path, "x", false))
        .await?;
    cx.refused(&STAT_FILE, describing(session, path)).await?;
    cx.refused_collect(&READ_FILE, reading(session, path))
        .await?;
    Ok(())
}
