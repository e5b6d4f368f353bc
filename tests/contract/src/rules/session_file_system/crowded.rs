//! Files that are large, and files that several write or read at once.

use super::files::{holds, list, lists, read_there, stat, write};
use crate::check::{Outcome, absent, present, same};
use crate::context::Cx;
use crate::rule::{Group, Rule};
use futures::future::try_join_all;
use mortise_proto::rpc::table::session_file_system_service::NAME;

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "FILE-51",
            "A file of 5 MiB is written and read.",
            "FS (sizes)",
            file_51_five_mebibytes,
        )
        .full()
        .hard(
            "FILE-53",
            "20 files written at the same time are all there.",
            "tool_scheduler.rs:42",
            file_53_concurrent,
        )
        .full()
        .hard(
            "FILE-58",
            "A reader sees the file before or after a write, never a part of either.",
            "read your writes",
            file_58_never_torn,
        )
        .full()
        .hard(
            "FILE-59",
            "A file that was written over one connection is readable over another at once.",
            "read your writes",
            file_59_second_view,
        )
        .full()
        .list()
}

async fn file_51_five_mebibytes(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    // Characters of three bytes: chunks end within them.
    let content = format!("x{}", "日本語\n".repeat(5 * 1024 * 1024 / 10));
    let info = write(&cx, &session, "/large", &content).await?;
    let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
    same("info.size_bytes", &info.size_bytes, &size)?;
    holds(&cx, &session, "/large", &content).await
}

async fn file_53_concurrent(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let paths: Vec<String> = (0..20).map(|n| format!("/shared/dir/{n:02}")).collect();
    try_join_all(paths.iter().map(|path| write(&cx, &session, path, path))).await?;
    let expected: Vec<&str> = paths.iter().map(String::as_str).collect();
    lists(&cx, &session, "/shared/dir", &expected).await?;
    lists(&cx, &session, "/shared", &["/shared/dir"]).await?;
    for path in &paths {
        holds(&cx, &session, path, path).await?;
    }
    // Writers of one path make one file.
    let infos = try_join_all((0..16).map(|_| write(&cx, &session, "/one", "same"))).await?;
    let listed = list(&cx, &session, "/").await?;
    let one = present(
        "`/one`",
        listed.into_iter().find(|entry| entry.path == "/one"),
    )?;
    for info in infos {
        same("info.id answered to a concurrent writer", &info.id, &one.id)?;
    }
    Ok(())
}

async fn file_58_never_torn(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let texts = ["a".repeat(400_000), "b".repeat(700_000)];
    write(&cx, &session, "/a", &texts[0]).await?;
    let writer = cx.over_new_connection();
    let writes = async {
        for round in 0..10 {
            write(&writer, &session, "/a", &texts[round % 2]).await?;
        }
        Ok(())
    };
    let reads = async {
        for _ in 0..20 {
            let found = read_there(&cx, &session, "/a").await?;
            let content = present("the content", found.content)?;
            let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
            same(
                "info.size_bytes beside the content's size",
                &found.info.size_bytes,
                &size,
            )?;
            crate::check::that(
                "the content read while it is written",
                "400,000 times `a` or 700,000 times `b`",
                texts.contains(&content),
                &content.len(),
            )?;
        }
        Ok(())
    };
    tokio::try_join!(writes, reads)?;
    Ok(())
}

async fn file_59_second_view(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let other = cx.over_new_connection();
    for round in 0..20 {
        let text = round.to_string();
        write(&cx, &session, "/a", &text).await?;
        holds(&other, &session, "/a", &text).await?;
        present("StatFile", stat(&other, &session, "/a").await?)?;
    }
    super::files::delete(&cx, &session, "/a", false).await?;
    absent(
        "StatFile over another connection after the file was deleted",
        stat(&other, &session, "/a").await?,
    )
}
