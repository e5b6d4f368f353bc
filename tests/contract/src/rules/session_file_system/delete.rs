//! What deleting takes away, and what it leaves.

use super::files::{delete, deleting, holds, lists, make, read, seed, stat, write};
use crate::check::{Outcome, absent, present, same, that};
use crate::context::{Cx, described};
use crate::rule::{Group, Rule};
use crate::rules::common::refused_saying;
use mortise_proto::rpc::table::session_file_system_service::{DELETE_FILE, NAME};

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("FILE-31", "Deleting what does not exist returns false.", "IM:273", file_31_nothing)
        .hard("FILE-32", "Deleting a file returns true, and the file is gone.", "IM:296", file_32_file)
        .hard("FILE-33", "A directory with entries is not deleted unless recursively: false, or an error with `not empty`.", "IM:286, RD:984, FS:1596", file_33_not_empty)
        .hard("FILE-34", "An empty directory is deleted.", "RD:439", file_34_empty_directory)
        .hard("FILE-35", "Deleting recursively deletes everything below.", "IM:289", file_35_recursive)
        .hard("FILE-36", "The root is never deleted.", "IM:267, RD:392", file_36_root)
        .hard("FILE-37", "Deleting `/a` recursively leaves `/ab` alone.", "IM:282", file_37_neighbour)
        .hard("FILE-63", "Names with `%`, `_`, `*` and brackets stand for themselves: their neighbours are not deleted or listed with them.", "session_file_system.proto", file_63_wildcards)
        .hard("FILE-64", "A directory that holds a read-only file is not deleted, and nothing in it is.", "session_file_system.proto, DeleteFile", file_64_holds_readonly)
        .hard("FILE-65", "Writing into a directory while it is deleted leaves either both or neither.", "tool_scheduler.rs:42", file_65_races).full()
        .list()
}

async fn file_31_nothing(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for recursive in [false, true] {
        same(
            "DeleteFile.deleted of what is not there",
            &delete(&cx, &session, "/nothing/here", recursive).await?,
            &false,
        )?;
    }
    Ok(())
}

async fn file_32_file(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = write(&cx, &session, "/d/a", "x").await?;
    same(
        "DeleteFile.deleted",
        &delete(&cx, &session, "/d/a", false).await?,
        &true,
    )?;
    absent("ReadFile afterwards", read(&cx, &session, "/d/a").await?)?;
    absent("StatFile afterwards", stat(&cx, &session, "/d/a").await?)?;
    lists(&cx, &session, "/d", &[]).await?;
    same(
        "the second DeleteFile",
        &delete(&cx, &session, "/d/a", false).await?,
        &false,
    )?;
    let second = write(&cx, &session, "/d/a", "y").await?;
    that(
        "info.id of a file made anew",
        "another id",
        second.id != first.id,
        &second.id,
    )?;
    holds(&cx, &session, "/d/a", "y").await
}

async fn file_33_not_empty(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/d/a", "x").await?;
    make(&cx, &session, "/e/f").await?;
    for path in ["/d", "/e"] {
        match cx
            .attempt(&DELETE_FILE, deleting(&session, path, false))
            .await
        {
            Ok(answer) => same("DeleteFile.deleted", &answer.deleted, &false)?,
            Err(error) => that(
                "the error of DeleteFile",
                "a text that contains `not empty`",
                error.message.to_lowercase().contains("not empty"),
                &described(&error),
            )?,
        }
    }
    holds(&cx, &session, "/d/a", "x").await?;
    lists(&cx, &session, "/e", &["/e/f"]).await
}

async fn file_34_empty_directory(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    make(&cx, &session, "/a/b").await?;
    same(
        "DeleteFile.deleted",
        &delete(&cx, &session, "/a/b", false).await?,
        &true,
    )?;
    absent("StatFile afterwards", stat(&cx, &session, "/a/b").await?)?;
    present(
        "StatFile of the directory above",
        stat(&cx, &session, "/a").await?,
    )?;
    Ok(())
}

async fn file_35_recursive(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let paths = ["/d/a", "/d/e/f/g", "/d/e/h"];
    for path in paths {
        write(&cx, &session, path, "x").await?;
    }
    same(
        "DeleteFile.deleted",
        &delete(&cx, &session, "/d", true).await?,
        &true,
    )?;
    for path in paths.iter().chain(&["/d", "/d/e", "/d/e/f"]) {
        absent(
            &format!("StatFile of {path:?} afterwards"),
            stat(&cx, &session, path).await?,
        )?;
    }
    lists(&cx, &session, "/", &[]).await?;
    // What is made anew is not what was there.
    make(&cx, &session, "/d").await?;
    lists(&cx, &session, "/d", &[]).await
}

async fn file_36_root(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", "x").await?;
    for path in ["/", "", "/workspace"] {
        for recursive in [false, true] {
            let request = deleting(&session, path, recursive);
            if let Ok(answer) = cx.attempt(&DELETE_FILE, request).await {
                same("DeleteFile.deleted of the root", &answer.deleted, &false)?;
            }
        }
    }
    holds(&cx, &session, "/a", "x").await
}

async fn file_37_neighbour(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for path in ["/a/x", "/ab", "/a b/x", "/a-/x", "/A/x"] {
        write(&cx, &session, path, path).await?;
    }
    same(
        "DeleteFile.deleted",
        &delete(&cx, &session, "/a", true).await?,
        &true,
    )?;
    for path in ["/ab", "/a b/x", "/a-/x", "/A/x"] {
        holds(&cx, &session, path, path).await?;
    }
    Ok(())
}

async fn file_63_wildcards(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for (name, neighbour) in [
        ("a_b", "axb"),
        ("c%", "cxx"),
        ("d*", "dx"),
        ("e[f]", "ef"),
        ("g?", "gx"),
        ("h\\_", "hx_"),
    ] {
        let (inside, beside) = (format!("/{name}/x"), format!("/{neighbour}/x"));
        write(&cx, &session, &inside, "inside").await?;
        write(&cx, &session, &beside, "beside").await?;
        let directory = format!("/{name}");
        lists(&cx, &session, &directory, &[&inside]).await?;
        let found = super::files::grep(&cx, &session, "side", Some(&directory)).await?;
        let expected = vec![super::files::line(&inside, 1, "inside")];
        same(
            &format!("GrepFiles with path_pattern {directory:?}"),
            &found,
            &expected,
        )?;
        same(
            "DeleteFile.deleted",
            &delete(&cx, &session, &directory, true).await?,
            &true,
        )?;
        holds(&cx, &session, &beside, "beside").await?;
    }
    Ok(())
}

async fn file_64_holds_readonly(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/d/a", "x").await?;
    seed(&cx, &session, "/d/e/kept", "kept", true).await?;
    refused_saying(
        &cx,
        &DELETE_FILE,
        deleting(&session, "/d", true),
        "readonly",
    )
    .await?;
    holds(&cx, &session, "/d/a", "x").await?;
    holds(&cx, &session, "/d/e/kept", "kept").await
}

async fn file_65_races(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let other = cx.over_new_connection();
    for round in 0..10 {
        let (directory, path) = (format!("/d{round}"), format!("/d{round}/e/f"));
        write(&cx, &session, &format!("{directory}/old"), "x").await?;
        // Whichever comes first: a file that is there has its directories.
        let (written, deleted) = tokio::join!(
            write(&cx, &session, &path, "new"),
            delete(&other, &session, &directory, true)
        );
        written?;
        deleted?;
        match read(&cx, &session, &path).await? {
            Some(_) => {
                lists(&cx, &session, &format!("{directory}/e"), &[&path]).await?;
                lists(&cx, &session, &directory, &[&format!("{directory}/e")]).await?;
            }
            None => absent(
                "StatFile of the deleted directory",
                stat(&cx, &session, &directory).await?,
            )?,
        }
    }
    Ok(())
}
