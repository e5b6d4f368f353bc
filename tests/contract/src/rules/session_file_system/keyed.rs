//! Changes that are sent again, and changes whose caller has gone away.

use super::files::{
    delete, deleting, holds, make, making, replacing, seed, seeding, stat, write, writing,
};
use crate::check::{Outcome, present, same};
use crate::context::Cx;
use crate::rule::{Group, Rule};
use crate::rules::common::{lost_reply, repeated};
use mortise_proto::rpc::table::session_file_system_service::{
    CREATE_DIRECTORY, DELETE_FILE, NAME, SEED_INITIAL_FILE, WRITE_FILE,
    WRITE_FILE_IF_CONTENT_MATCHES,
};

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("FILE-72", "Each of the five changes that is sent again under its request_id is answered as the first time and done once.", "context.proto, request_id", file_72_repeats).full()
        .hard("FILE-73", "A change sent again does not undo what came after it.", "context.proto, request_id", file_73_undoes_nothing).full()
        .hard("FILE-74", "A change whose caller went away before the answer is done once when it is sent again.", "context.proto, request_id", file_74_lost_replies).full()
        .list()
}

async fn file_72_repeats(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    repeated(&cx, &WRITE_FILE, writing(&session, "/a", "one")).await?;
    let replace = replacing(&session, "/a", "one", "two");
    let answer = repeated(&cx, &WRITE_FILE_IF_CONTENT_MATCHES, replace).await?;
    present("WriteFileIfContentMatches.file", answer.file)?;
    holds(&cx, &session, "/a", "two").await?;
    repeated(&cx, &CREATE_DIRECTORY, making(&session, "/d")).await?;
    repeated(
        &cx,
        &SEED_INITIAL_FILE,
        seeding(&session, "/d/s", "x", false),
    )
    .await?;
    let answer = repeated(&cx, &DELETE_FILE, deleting(&session, "/a", false)).await?;
    same("DeleteFile.deleted", &answer.deleted, &true)
}

async fn file_73_undoes_nothing(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let (first, second, third, fourth) = (
        cx.repeating(),
        cx.repeating(),
        cx.repeating(),
        cx.repeating(),
    );

    write(&first, &session, "/a", "old").await?;
    write(&cx, &session, "/a", "new").await?;
    write(&first, &session, "/a", "old").await?;
    holds(&cx, &session, "/a", "new").await?;

    // Swapped there and back: the content matches again.
    let swap = replacing(&session, "/a", "new", "swapped");
    second
        .call(&WRITE_FILE_IF_CONTENT_MATCHES, swap.clone())
        .await?;
    write(&cx, &session, "/a", "new").await?;
    second.call(&WRITE_FILE_IF_CONTENT_MATCHES, swap).await?;
    holds(&cx, &session, "/a", "new").await?;

    delete(&third, &session, "/a", false).await?;
    write(&cx, &session, "/a", "newer").await?;
    same(
        "the repeated DeleteFile.deleted",
        &delete(&third, &session, "/a", false).await?,
        &true,
    )?;
    holds(&cx, &session, "/a", "newer").await?;

    seed(&fourth, &session, "/a", "seeded", false).await?;
    write(&cx, &session, "/a", "last").await?;
    seed(&fourth, &session, "/a", "seeded", false).await?;
    holds(&cx, &session, "/a", "last").await?;

    let fifth = cx.repeating();
    make(&fifth, &session, "/d").await?;
    delete(&cx, &session, "/d", false).await?;
    make(&fifth, &session, "/d").await?;
    crate::check::absent(
        "StatFile of a directory that was deleted after it was made",
        stat(&cx, &session, "/d").await?,
    )
}

async fn file_74_lost_replies(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let large = "x".repeat(500_000);
    let answer = lost_reply(&cx, &WRITE_FILE, writing(&session, "/a", &large)).await?;
    present("WriteFile.file", answer.file)?;
    holds(&cx, &session, "/a", &large).await?;
    let replace = replacing(&session, "/a", &large, "small");
    let answer = lost_reply(&cx, &WRITE_FILE_IF_CONTENT_MATCHES, replace).await?;
    present(
        "WriteFileIfContentMatches.file of the change that was done once",
        answer.file,
    )?;
    holds(&cx, &session, "/a", "small").await?;
    let answer = lost_reply(&cx, &CREATE_DIRECTORY, making(&session, "/d")).await?;
    present("CreateDirectory.directory", answer.directory)?;
    lost_reply(
        &cx,
        &SEED_INITIAL_FILE,
        seeding(&session, "/s", "seeded", true),
    )
    .await?;
    holds(&cx, &session, "/s", "seeded").await?;
    let answer = lost_reply(&cx, &DELETE_FILE, deleting(&session, "/a", false)).await?;
    same(
        "DeleteFile.deleted of the change that was done once",
        &answer.deleted,
        &true,
    )
}
