//! What a server does while its storage fails, and after it. The storage is taken away and
//! given back by the caller's commands; the server runs on. These rules run alone, at the
//! end.

mod presence;

use super::common::{HealthStatus, health};
use super::event_log;
use super::events::{emitting, event};
use super::probes::caller;
use super::session_file_system::files::{read, writing};
use super::session_storage_store::calls::{get, set};
use crate::check::{Outcome, broken, present, same, skipped, that};
use crate::command;
use crate::context::{Cx, described, fresh_id, fresh_uuid};
use crate::rule::{Group, Need, Rule};
use crate::runner::introduction;
use futures::future::join_all;
use mortise_proto::rpc::table::{
    adapter_service::{self, DESCRIBE},
    event_emitter_service as emitter, event_log_service as log,
    session_file_system_service as files, session_storage_store_service as storage,
};
use serde_json::json;
use std::future::Future;
use std::time::{Duration, Instant};
use tonic::Code;

/// How long a command may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(40);

/// How long a server may take to notice that its storage has gone, and that it is back.
const NOTICED_WITHIN: Duration = Duration::from_secs(30);

/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// How long a caller waits for a change; the runtime's hosts wait as long.
const CALL_WITHIN: Duration = Duration::from_secs(30);

pub(crate) fn rules() -> Vec<Rule> {
    let needs: &[Need] = &[Need::Outage];
    let rules = [
        Group::of(adapter_service::NAME)
            .hard("OUT-01", "While its storage fails, a server goes on answering the handshake.", "docs/contract.md, outages", out_01_stays).full().needs(needs)
            .soft("OUT-02", "While its storage fails, the standard health service answers NOT_SERVING, and SERVING once the storage is back.", "docs/contract.md, outages", out_02_health).full().needs(needs).with(&[storage::NAME]),
        Group::of(storage::NAME)
            .hard("OUT-03", "A change that the storage cannot take is answered UNAVAILABLE within the caller's deadline, and never as done.", "docs/contract.md, outages", out_03_unavailable).full().needs(needs)
            .hard("OUT-04", "Once the storage is back, the next change succeeds within 30 s, without a restart of the server.", "docs/contract.md, outages", out_04_resumes).full().needs(needs)
            .hard("OUT-05", "Of 16 writers that an outage interrupts, every value that was answered is there, and a change that failed is done once when it is sent again.", "context.proto, request_id", out_05_interrupted).full().needs(needs),
        presence::values(Group::of(storage::NAME)),
        Group::of(emitter::NAME)
            .hard("OUT-06", "Across an outage the log of a session keeps every acknowledged event, in order and without gaps or doubles.", "event_emitter.proto, Emit", out_06_log).full().needs(needs).with(&[log::NAME]),
        Group::of(files::NAME)
            .hard("OUT-07", "A file that was written before an outage is whole after it, and one that could not be written is absent or whole.", "docs/contract.md, outages", out_07_files).full().needs(needs),
        presence::workspaces(Group::of(files::NAME)),
    ];
    rules.into_iter().flat_map(Group::list).collect()
}

/// Does something without the storage. It is given back whatever becomes of that.
async fn during_outage<T>(cx: &Cx, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let Some(outage) = &cx.shared.outage else {
        return skipped("no --outage-command and --recover-command were given");
    };
    command::run(&outage.begin, COMMAND_WITHIN).await?;
    let done = work.await;
    command::run(&outage.end, COMMAND_WITHIN).await?;
    done
}

/// Tries until `attempt` succeeds.
async fn until<T, Fut>(what: &str, attempt: impl Fn() -> Fut) -> Outcome<T>
where
    Fut: Future<Output = Result<T, String>>,
{
    let started = Instant::now();
    loop {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(_) if started.elapsed() < NOTICED_WITHIN => tokio::time::sleep(ASK_EVERY).await,
            Err(got) => return broken(what, format!("within {NOTICED_WITHIN:?}"), got),
        }
    }
}

/// A change that succeeds now or soon.
async fn changed(cx: &Cx, session_id: &str) -> Outcome {
    until("SetValue after the storage is back", || async {
        let request = set(session_id, "after", "v");
        let answer = cx.attempt(&storage::SET_VALUE, request).await;
        answer.map(|_| ()).map_err(|error| described(&error))
    })
    .await
}

/// Changes until one fails: the outage may reach the server a moment after its command.
async fn until_refused(cx: &Cx, session_id: &str) -> Outcome {
    let patient = cx.with_patience(CALL_WITHIN);
    until("a change while the storage fails: an error", || async {
        let request = set(session_id, "meanwhile", "v");
        match patient.attempt(&storage::SET_VALUE, request).await {
            Ok(_) => Err("success".into()),
            Err(error) => Ok(error),
        }
    })
    .await
    .map(drop)
}

async fn out_01_stays(cx: Cx) -> Outcome {
    let described = during_outage(&cx, async {
        let fresh = cx.over_new_connection();
        fresh.call(&DESCRIBE, introduction(cx.org_id())).await
    })
    .await?;
    same(
        "the services of Describe while the storage fails",
        &described.services,
        &cx.shared.described.services,
    )
}

async fn until_health(cx: &Cx, expected: HealthStatus) -> Outcome {
    until(&format!("Health/Check: {expected:?}"), || async {
        match health(cx).await {
            Ok(status) if status == expected => Ok(()),
            Ok(status) => Err(format!("{status:?}")),
            Err(error) => Err(described(&error)),
        }
    })
    .await
}

async fn out_02_health(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    during_outage(&cx, async {
        until_refused(&cx, &session).await?;
        until_health(&cx, HealthStatus::Down).await
    })
    .await?;
    until_health(&cx, HealthStatus::Up).await
}

async fn out_03_unavailable(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&storage::SET_VALUE, set(&session, "before", "v"))
        .await?;
    let patient = cx.with_patience(CALL_WITHIN);
    let answers = during_outage(&cx, async {
        until_refused(&cx, &session).await?;
        let changes = (0..4).map(|n| {
            let request = set(&session, &format!("meanwhile {n}"), "v");
            patient.attempt(&storage::SET_VALUE, request)
        });
        Ok(join_all(changes).await)
    })
    .await?;
    changed(&cx, &session).await?;
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Err(error) if error.code == Code::Unavailable => {}
            Err(error) => {
                let got = described(&error);
                return broken("SetValue while the storage fails", "UNAVAILABLE", got);
            }
            // Done after all: then it has to be there.
            Ok(_) => same(
                "a value that was answered while the storage fails",
                &get(&cx, &session, &format!("meanwhile {n}"))
                    .await?
                    .as_deref(),
                &Some("v"),
            )?,
        }
    }
    same(
        "GetValue.value from before the outage",
        &get(&cx, &session, "before").await?.as_deref(),
        &Some("v"),
    )
}

async fn out_04_resumes(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for _ in 0..2 {
        during_outage(&cx, until_refused(&cx, &session)).await?;
        changed(&cx, &session).await?;
    }
    Ok(())
}

/// The last change that was answered, and the one that failed, if one did.
#[derive(Debug)]
struct Written {
    answered: Option<u32>,
    failed: Option<(u32, String)>,
}

/// Sets one value after another until one fails, or the time is over.
async fn write_until(cx: &Cx, session_id: &str, key: &str, until: Instant) -> Written {
    let mut answered = None;
    for round in 0.. {
        let request_id = fresh_uuid();
        let change = set(session_id, key, &round.to_string());
        let under = cx.under(&request_id);
        if under.attempt(&storage::SET_VALUE, change).await.is_err() {
            let failed = Some((round, request_id));
            return Written { answered, failed };
        }
        answered = Some(round);
        if Instant::now() > until {
            break;
        }
    }
    let failed = None;
    Written { answered, failed }
}

async fn out_05_interrupted(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let until = Instant::now() + NOTICED_WITHIN;
    let writers = (0..16).map(|writer| {
        let (cx, session) = (cx.with_patience(CALL_WITHIN), session.clone());
        tokio::spawn(async move {
            let key = format!("writer {writer}");
            let written = write_until(&cx, &session, &key, until).await;
            (key, written)
        })
    });
    let writers: Vec<_> = writers.collect();
    let ended = during_outage(&cx, async { Ok(join_all(writers).await) }).await?;
    changed(&cx, &session).await?;
    for (key, Written { answered, failed }) in ended.into_iter().flatten() {
        let read = get(&cx, &session, &key).await?;
        let last = answered.map(|round| round.to_string());
        let next = failed.as_ref().map(|(round, _)| round.to_string());
        that(
            &format!("the value of {key} after the outage"),
            &format!("{last:?}, the last that was answered, or {next:?}, which failed"),
            read == last || (next.is_some() && read == next),
            &read,
        )?;
        let Some((round, request_id)) = failed else {
            continue;
        };
        let again = set(&session, &key, &round.to_string());
        cx.under(&request_id)
            .call(&storage::SET_VALUE, again)
            .await?;
        same(
            &format!("the value of {key} after the change was sent again"),
            &get(&cx, &session, &key).await?,
            &Some(round.to_string()),
        )?;
    }
    Ok(())
}

async fn out_06_log(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let idled = || {
        let data = json!({ "turn_id": fresh_id("turn") });
        emitting(event(&session, "session.idled", &data))
    };
    let mut acknowledged = Vec::new();
    for _ in 0..3 {
        acknowledged.push(cx.call(&emitter::EMIT, idled()).await?.event_id);
    }
    let patient = caller(&cx).with_patience(CALL_WITHIN);
    let meanwhile = during_outage(&cx, async {
        let emits = (0..8).map(|_| patient.attempt(&emitter::EMIT, idled()));
        Ok(join_all(emits).await)
    })
    .await?;
    acknowledged.extend(
        meanwhile
            .into_iter()
            .flatten()
            .map(|answer| answer.event_id),
    );
    let after = until("Emit after the storage is back", || async {
        let answer = cx.attempt(&emitter::EMIT, idled()).await;
        answer.map_err(|error| described(&error))
    })
    .await?;
    acknowledged.push(after.event_id);
    let stored = event_log::read(&cx, &session, 0).await?;
    let sequences: Vec<_> = stored.iter().map(|event| event.sequence).collect();
    that(
        "the sequence numbers of a log after an outage",
        "strictly ascending by one",
        sequences.windows(2).all(|pair| pair[1] == pair[0] + 1),
        &sequences,
    )?;
    for id in acknowledged {
        let times = stored.iter().filter(|event| event.id == id).count();
        same(
            &format!("how often the acknowledged event {id} is there"),
            &times,
            &1,
        )?;
    }
    Ok(())
}

async fn out_07_files(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let text = "whole ".repeat(20_000);
    let write = |path: &str| writing(&session, path, &text);
    cx.call(&files::WRITE_FILE, write("/before.txt")).await?;
    let patient = cx.with_patience(CALL_WITHIN);
    let meanwhile = during_outage(&cx, async {
        let request = write("/meanwhile.txt");
        Ok(patient.attempt(&files::WRITE_FILE, request).await)
    })
    .await?;
    until("WriteFile after the storage is back", || async {
        let answer = cx.attempt(&files::WRITE_FILE, write("/after.txt")).await;
        answer.map(|_| ()).map_err(|error| described(&error))
    })
    .await?;
    for path in ["/before.txt", "/after.txt"] {
        let content = present(path, read(&cx, &session, path).await?)?.content;
        let length = content.as_ref().map(String::len);
        that(path, "whole", content.as_ref() == Some(&text), &length)?;
    }
    let found = read(&cx, &session, "/meanwhile.txt").await?;
    let content = found.map(|found| found.content.unwrap_or_default());
    let as_answered = match (&meanwhile, &content) {
        (Err(_), None) => true,
        (Ok(_) | Err(_), Some(content)) => *content == text,
        (Ok(_), None) => false,
    };
    that(
        "a file of the outage",
        "whole, or absent if its write failed",
        as_answered,
        &content.map(|content| content.len()),
    )
}
