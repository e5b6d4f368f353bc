//! Files whose writers a restart interrupts.

use super::{restart, serving_again};
use crate::check::{Outcome, present, that};
use crate::context::{Cx, fresh_uuid};
use crate::rules::session_file_system::files::{read, writing};
use futures::future::join_all;
use mortise_proto::rpc::table::session_file_system_service::WRITE_FILE;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

const WRITERS: usize = 8;

/// After how many files a writer counts as one that writes, and how many it writes at most.
const BEGUN: u32 = 2;
const ROUNDS: u32 = 10_000;

const PAUSE: Duration = Duration::from_millis(50);

/// One writer: how many files it was answered, and the request id of the one that was not.
struct Written {
    writer: usize,
    answered: u32,
    failed: Option<String>,
}

fn path(writer: usize, round: u32) -> String {
    format!("/writer-{writer}/{round}.txt")
}

fn content(writer: usize, round: u32) -> String {
    format!("writer {writer}, round {round}\n").repeat(200)
}

/// Writes file after file until a write fails. It says when it is in the midst of it; until
/// then it sends again what failed, as a host does.
async fn write(cx: &Cx, session_id: &str, writer: usize, begun: mpsc::Sender<()>) -> Written {
    let mut written = Written {
        writer,
        answered: 0,
        failed: None,
    };
    while written.answered < ROUNDS {
        let round = written.answered;
        let request_id = fresh_uuid();
        let under = cx.under(&request_id);
        let request = || writing(session_id, &path(writer, round), &content(writer, round));
        let mut answer = under.attempt(&WRITE_FILE, request()).await;
        while round < BEGUN && answer.is_err() {
            sleep(PAUSE).await;
            answer = under.attempt(&WRITE_FILE, request()).await;
        }
        if answer.is_err() {
            written.failed = Some(request_id);
            break;
        }
        written.answered += 1;
        if written.answered == BEGUN {
            begun.send(()).await.unwrap_or_default();
        }
    }
    written
}

pub(super) async fn crash_10_interrupted(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let (begun, mut begin) = mpsc::channel(WRITERS);
    let writers = (0..WRITERS).map(|writer| {
        let (cx, session, begun) = (cx.over_new_connection(), session.clone(), begun.clone());
        tokio::spawn(async move { write(&cx, &session, writer, begun).await })
    });
    let writers: Vec<_> = writers.collect();
    for _ in 0..WRITERS {
        present("a writer that writes", begin.recv().await)?;
    }
    restart(&cx).await?;
    let ended = join_all(writers).await;
    let cx = serving_again(&cx).await?;
    for written in ended.into_iter().flatten() {
        all_there(&cx, &session, written).await?;
    }
    Ok(())
}

/// Every file that was answered is whole, and the one that was not is when it is sent again.
async fn all_there(cx: &Cx, session_id: &str, written: Written) -> Outcome {
    let Written {
        writer,
        mut answered,
        failed,
    } = written;
    if let Some(request_id) = failed {
        let again = writing(
            session_id,
            &path(writer, answered),
            &content(writer, answered),
        );
        cx.under(&request_id).call(&WRITE_FILE, again).await?;
        answered += 1;
    }
    for round in 0..answered {
        let path = path(writer, round);
        let found = present(
            &format!("ReadFile of {path} after a restart"),
            read(cx, session_id, &path).await?,
        )?;
        let length = found.content.as_ref().map(String::len);
        let is_whole = found.content == Some(content(writer, round));
        that(
            &format!("{path} after a restart"),
            "whole",
            is_whole,
            &length,
        )?;
    }
    Ok(())
}
