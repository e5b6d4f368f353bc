//! Faults that only calls at the same time bring out: what is read first and written later,
//! and what is read in two parts.

use super::{End, Fault, Server, decoded, encoded, fault, first_of, frames, unframed, whole};
use mortise_proto::rpc::table::image_artifact_store_service::CREATE_IMAGE;
use mortise_proto::{Rpc, StoreError, pb};
use prost::Message;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tonic::codegen::http::Request;

/// How often a server that reads in two parts looks for a change between them.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(1);

/// The calls of a method that are under way at the same time.
#[derive(Debug, Clone, Default)]
struct Crowd {
    reading: Arc<AtomicUsize>,
    told: Arc<Notify>,
}

/// One of them.
struct Inside {
    crowd: Crowd,
    is_reading: bool,
}

/// A unary method reads first and writes later, by what it has read. Of calls at the same
/// time all read before one writes. `read` is told whether other calls are under way.
pub(in super::super) fn in_two_steps<Req, Rsp, Seen, Reading, Writing>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    read: impl Fn(Server, Req, bool) -> Reading + Send + Sync + 'static,
    write: impl Fn(Server, Req, Seen) -> Writing + Send + Sync + 'static,
) -> Fault
where
    Req: Message + Default + Clone + 'static,
    Rsp: Message + Default + 'static,
    Seen: Send + 'static,
    Reading: Future<Output = Result<Seen, StoreError>> + Send + 'static,
    Writing: Future<Output = Result<Rsp, StoreError>> + Send + 'static,
{
    let (crowd, read, write) = (Crowd::default(), Arc::new(read), Arc::new(write));
    fault(rule, name, rpc.method.path, move |server, request| {
        let (read, write) = (read.clone(), write.clone());
        let (mut inside, others) = crowd.enter();
        async move {
            let asked: Req = first_of(whole(request).await.body());
            // Those who call at the same time have come when this is polled again.
            tokio::task::yield_now().await;
            let seen = read(server.clone(), asked.clone(), others).await;
            inside.all_have_read().await;
            let end = match seen {
                Ok(seen) => write(server, asked, seen).await,
                Err(error) => Err(error),
            };
            encoded(end.map(|one| vec![one]))
        }
    })
}

/// A method reads twice, and answers with a part of each.
pub(in super::super) fn of_two_reads<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    join: impl Fn(Vec<Rsp>, Vec<Rsp>) -> Vec<Rsp> + Send + Sync + 'static,
) -> Fault
where
    Req: Message + Default + Clone + 'static,
    Rsp: Message + Default + PartialEq + 'static,
{
    let (method, join) = (rpc.method, Arc::new(join));
    fault(rule, name, method.path, move |server, request| {
        let join = join.clone();
        async move {
            let request = whole(request).await;
            let asked: Req = first_of(request.body());
            let first: End<Rsp> = decoded(server.pass(request).await).await;
            let Ok(first) = first else {
                return encoded(first);
            };
            let mut second: End<Rsp> = Ok(Vec::new());
            for _ in 0..LOOKS {
                second = server.call_method(method, asked.clone()).await;
                if second.as_ref().is_ok_and(|second| *second != first) {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
            encoded(second.map(|second| join(first, second)))
        }
    })
}

/// Uploads of images go through one file, whose content each sends on that has written it.
pub(in super::super) fn through_one_file(rule: &'static str, name: &'static str) -> Fault {
    let (crowd, file) = (Crowd::default(), Arc::new(Mutex::new(Vec::new())));
    fault(
        rule,
        name,
        CREATE_IMAGE.method.path,
        move |server, request| {
            let file = file.clone();
            let (mut inside, _) = crowd.enter();
            async move {
                let (parts, body) = whole(request).await.into_parts();
                tokio::task::yield_now().await;
                let mut messages: Vec<pb::CreateImageRequest> = frames(&body);
                *file.lock().unwrap() = messages.split_off(messages.len().min(1));
                inside.all_have_read().await;
                messages.extend(file.lock().unwrap().iter().cloned());
                let request = Request::from_parts(parts, unframed(&messages));
                server.pass(request).await
            }
        },
    )
}

// === impl Crowd ===

impl Crowd {
    /// The call that comes, and whether it meets others.
    fn enter(&self) -> (Inside, bool) {
        let others = self.reading.fetch_add(1, Ordering::SeqCst);
        let inside = Inside {
            crowd: self.clone(),
            is_reading: true,
        };
        (inside, others > 0)
    }
}

// === impl Inside ===

impl Inside {
    async fn all_have_read(&mut self) {
        self.has_read();
        loop {
            let told = self.crowd.told.notified();
            if self.crowd.reading.load(Ordering::SeqCst) == 0 {
                return;
            }
            told.await;
        }
    }

    fn has_read(&mut self) {
        if std::mem::take(&mut self.is_reading)
            && self.crowd.reading.fetch_sub(1, Ordering::SeqCst) == 1
        {
            self.crowd.told.notify_waiters();
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.has_read();
    }
}
