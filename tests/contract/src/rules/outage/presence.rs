//! What is stored is never taken for absent: neither while the storage fails or comes back,
//! nor by a server that was started meanwhile.

use super::{changed, during_outage, until, until_refused};
use crate::check::{Outcome, broken, present, same};
use crate::context::{Cx, described};
use crate::rule::{Group, Need};
use crate::rules::restart::{restart, restarted};
use crate::rules::session_file_system::files::{read, writing};
use crate::rules::session_storage_store::calls::{get, set};
use mortise_proto::StoreError;
use mortise_proto::pb;
use mortise_proto::rpc::table::{
    session_file_system_service as files, session_storage_store_service as storage,
};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long a server may take to start, or to give up, without its storage.
const START_WITHIN: Duration = Duration::from_secs(10);

/// The pause after a read that failed.
const PAUSE: Duration = Duration::from_millis(5);

const SOURCE: &str = "docs/contract.md, outages";

#[rustfmt::skip]
pub(super) fn values(group: Group) -> Group {
    group
        .hard("OUT-08", "While its storage fails and comes back, a value that is there is answered, or with an error, and never as absent.", SOURCE, out_08_values).full().needs(&[Need::Outage])
        .hard("OUT-09", "A server that was started while its storage was away serves what was there before, once the storage is back and it is started again.", SOURCE, out_09_started).full().needs(&[Need::Restart, Need::Outage])
}

#[rustfmt::skip]
pub(super) fn workspaces(group: Group) -> Group {
    group
        .hard("OUT-10", "While its storage fails and comes back, a file that is there is answered, or with an error, and never as absent.", SOURCE, out_10_files).full().needs(&[Need::Outage])
        .hard("OUT-11", "A server that was started while its storage was away serves the files that were there before, once the storage is back and it is started again.", SOURCE, out_11_started).full().needs(&[Need::Restart, Need::Outage])
}

/// Looks again and again while `work` goes on; how often what is there was absent.
async fn absences<Fut>(
    look: impl Fn() -> Fut + Send + 'static,
    work: impl Future<Output = Outcome>,
) -> Outcome<u32>
where
    Fut: Future<Output = Result<bool, StoreError>> + Send,
{
    let over = Arc::new(AtomicBool::new(false));
    let is_over = over.clone();
    let looking = tokio::spawn(async move {
        let mut absent = 0;
        while !is_over.load(Ordering::Relaxed) {
            match look().await {
                Ok(is_there) => absent += u32::from(!is_there),
                Err(_) => sleep(PAUSE).await,
            }
        }
        absent
    });
    let done = work.await;
    over.store(true, Ordering::Relaxed);
    let absent = looking.await;
    done?;
    match absent {
        Ok(absent) => Ok(absent),
        Err(fault) => broken("the reads during an outage", "to end", fault.to_string()),
    }
}

async fn out_08_values(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&storage::SET_VALUE, set(&session, "k", "v"))
        .await?;
    let (reader, wanted) = (cx.clone(), session.clone());
    let look = move || {
        let (reader, session_id) = (reader.clone(), wanted.clone());
        async move {
            let request = pb::GetValueRequest {
                context: None,
                session_id,
                key: "k".into(),
            };
            let answer = reader.attempt(&storage::GET_VALUE, request).await?;
            Ok(answer.value.is_some())
        }
    };
    let absent = absences(look, async {
        during_outage(&cx, until_refused(&cx, &session)).await?;
        changed(&cx, &session).await
    });
    let what = "how often a value that is there was answered as absent in an outage";
    same(what, &absent.await?, &0)
}

/// Starts the server without its storage, gives that back, and starts the server again, as
/// whatever keeps it running would. The server may refuse to start at first.
async fn started_without(cx: &Cx) -> Outcome<Cx> {
    during_outage(cx, async {
        // It may as well wait for the storage.
        drop(timeout(START_WITHIN, restart(cx)).await);
        Ok(())
    })
    .await?;
    restarted(cx).await
}

async fn out_09_started(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&storage::SET_VALUE, set(&session, "k", "v"))
        .await?;
    let cx = started_without(&cx).await?;
    changed(&cx, &session).await?;
    let what = "GetValue.value after a start without the storage";
    same(what, &get(&cx, &session, "k").await?.as_deref(), &Some("v"))
}

/// A file that is written now or soon.
async fn written(cx: &Cx, session_id: &str, path: &str) -> Outcome {
    until("WriteFile after the storage is back", || async {
        let request = writing(session_id, path, "kept");
        let answer = cx.attempt(&files::WRITE_FILE, request).await;
        answer.map(|_| ()).map_err(|error| described(&error))
    })
    .await
}

async fn out_10_files(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&files::WRITE_FILE, writing(&session, "/kept.txt", "kept"))
        .await?;
    let (reader, wanted) = (cx.clone(), session.clone());
    let look = move || {
        let (reader, session_id) = (reader.clone(), wanted.clone());
        async move {
            let request = pb::ReadFileRequest {
                context: None,
                session_id,
                path: "/kept.txt".into(),
            };
            let parts = reader.attempt_collect(&files::READ_FILE, request).await?;
            Ok(!parts.is_empty())
        }
    };
    let absent = absences(look, async {
        during_outage(&cx, refused(&cx, &session)).await?;
        written(&cx, &session, "/after.txt").await
    });
    let what = "how often a file that is there was answered as absent in an outage";
    same(what, &absent.await?, &0)
}

/// Writes until that fails: the outage may reach the server a moment after its command.
async fn refused(cx: &Cx, session_id: &str) -> Outcome {
    until("WriteFile while the storage fails: an error", || async {
        let request = writing(session_id, "/meanwhile.txt", "x");
        match cx.attempt(&files::WRITE_FILE, request).await {
            Ok(_) => Err("success".into()),
            Err(_) => Ok(()),
        }
    })
    .await
}

async fn out_11_started(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    cx.call(&files::WRITE_FILE, writing(&session, "/kept.txt", "kept"))
        .await?;
    let cx = started_without(&cx).await?;
    written(&cx, &session, "/after.txt").await?;
    let found = read(&cx, &session, "/kept.txt").await?;
    let found = present("a file after a start without the storage", found)?;
    same("its content", &found.content.as_deref(), &Some("kept"))
}
