//! Whose workspace it is: sessions and orgs apart, ids that are none.

use super::files::{
    Found, deleting, describing, grep, holds, joined, listing, lists, make, making, read,
    read_there, reading, replacing, searching, seed, seeding, stat, write, writing,
};
use crate::check::{Outcome, absent, present, same};
use crate::context::Cx;
use crate::rule::{Group, Need, Rule};
use crate::rules::common::{refused_as_invalid, stream_refused_as_invalid};
use crate::rules::refusals::NO_SESSION_IDS;
use mortise_proto::rpc::table::session_file_system_service::{
    CREATE_DIRECTORY, DELETE_FILE, GREP_FILES, LIST_DIRECTORY, NAME, READ_FILE, SEED_INITIAL_FILE,
    STAT_FILE, WRITE_FILE, WRITE_FILE_IF_CONTENT_MATCHES,
};

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("FILE-50", "A session's files are invisible to another session, for all nine methods.", "T:361, IM:73", file_50_sessions)
        .hard("FILE-70", "Another org sees nothing of a workspace whose session it knows, and cannot change it, by all nine methods.", "context.proto", file_70_orgs).needs(&[Need::OtherOrg])
        .hard("FILE-71", "A malformed session id is refused as INVALID_FIELD by all nine methods.", "ID:85-121", file_71_malformed)
        .list()
}

async fn file_50_sessions(cx: Cx) -> Outcome {
    let (one, other) = (cx.session().await?, cx.session().await?);
    write(&cx, &one, "/d/a", "mine").await?;
    absent(
        "ReadFile in another session",
        read(&cx, &other, "/d/a").await?,
    )?;
    absent(
        "StatFile in another session",
        stat(&cx, &other, "/d").await?,
    )?;
    lists(&cx, &other, "/", &[]).await?;
    same(
        "GrepFiles in another session",
        &grep(&cx, &other, "mine", None).await?,
        &Vec::new(),
    )?;
    let answer = cx
        .call(
            &WRITE_FILE_IF_CONTENT_MATCHES,
            replacing(&other, "/d/a", "mine", "theirs"),
        )
        .await?;
    absent(
        "WriteFileIfContentMatches.file in another session",
        answer.file,
    )?;
    let answer = cx.call(&DELETE_FILE, deleting(&other, "/d", true)).await?;
    same(
        "DeleteFile.deleted in another session",
        &answer.deleted,
        &false,
    )?;
    write(&cx, &other, "/d/a", "theirs").await?;
    make(&cx, &other, "/d/e").await?;
    seed(&cx, &other, "/d/a", "seeded", true).await?;
    holds(&cx, &other, "/d/a", "seeded").await?;
    holds(&cx, &one, "/d/a", "mine").await?;
    lists(&cx, &one, "/d", &["/d/a"]).await?;
    let stat = present(
        "StatFile in its own session",
        stat(&cx, &one, "/d/a").await?,
    )?;
    same(
        "stat.is_readonly in its own session",
        &stat.is_readonly,
        &false,
    )
}

async fn file_70_orgs(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/d/a", "mine").await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    let before: Found = read_there(&cx, &session, "/d/a").await?;
    stat(&cx, &session, "/d/a").await?;
    lists(&cx, &session, "/", &["/d"]).await?;
    grep(&cx, &session, "mine", None).await?;
    let other = cx.in_other_org()?;
    let session = session.as_str();
    // Refusing and seeing nothing are both right.
    if let Ok(parts) = other
        .attempt_collect(&READ_FILE, reading(session, "/d/a"))
        .await
    {
        absent("ReadFile in another org", joined(parts)?)?;
    }
    if let Ok(answer) = other.attempt(&STAT_FILE, describing(session, "/d/a")).await {
        absent("StatFile in another org", answer.stat)?;
    }
    if let Ok(answer) = other.attempt(&LIST_DIRECTORY, listing(session, "/")).await {
        same("ListDirectory in another org", &answer.entries, &Vec::new())?;
    }
    if let Ok(answers) = other
        .attempt_collect(&GREP_FILES, searching(session, "mine", None))
        .await
    {
        let matches: Vec<_> = answers
            .into_iter()
            .flat_map(|answer| answer.matches)
            .collect();
        same("GrepFiles in another org", &matches, &Vec::new())?;
    }
    let replace = replacing(session, "/d/a", "mine", "theirs");
    if let Ok(answer) = other.attempt(&WRITE_FILE_IF_CONTENT_MATCHES, replace).await {
        absent("WriteFileIfContentMatches.file in another org", answer.file)?;
    }
    if let Ok(answer) = other
        .attempt(&DELETE_FILE, deleting(session, "/d", true))
        .await
    {
        same("DeleteFile.deleted in another org", &answer.deleted, &false)?;
    }
    drop(
        other
            .attempt(&WRITE_FILE, writing(session, "/d/a", "theirs"))
            .await,
    );
    drop(
        other
            .attempt(&CREATE_DIRECTORY, making(session, "/theirs"))
            .await,
    );
    drop(
        other
            .attempt(&SEED_INITIAL_FILE, seeding(session, "/d/a", "theirs", true))
            .await,
    );
    same(
        "the file in its own org",
        &read_there(&cx, session, "/d/a").await?,
        &before,
    )?;
    lists(&cx, session, "/", &["/d"]).await
}

async fn file_71_malformed(cx: Cx) -> Outcome {
    for id in NO_SESSION_IDS {
        refused_as_invalid(&cx, &WRITE_FILE, writing(id, "/a", "x")).await?;
        let replace = replacing(id, "/a", "x", "y");
        refused_as_invalid(&cx, &WRITE_FILE_IF_CONTENT_MATCHES, replace).await?;
        refused_as_invalid(&cx, &DELETE_FILE, deleting(id, "/a", false)).await?;
        refused_as_invalid(&cx, &LIST_DIRECTORY, listing(id, "/")).await?;
        refused_as_invalid(&cx, &STAT_FILE, describing(id, "/a")).await?;
        refused_as_invalid(&cx, &CREATE_DIRECTORY, making(id, "/a")).await?;
        refused_as_invalid(&cx, &SEED_INITIAL_FILE, seeding(id, "/a", "x", false)).await?;
        stream_refused_as_invalid(&cx, &READ_FILE, reading(id, "/a")).await?;
        stream_refused_as_invalid(&cx, &GREP_FILES, searching(id, "x", None)).await?;
    }
    Ok(())
}
