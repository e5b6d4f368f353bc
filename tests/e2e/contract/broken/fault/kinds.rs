//! Faults of one kind, for whichever method has them.

use super::{Fault, Server, ask, decoded, encoded, end, end_of, fault, first_of, instead, whole};
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::{Kind, Scoped};
use mortise_proto::{Rpc, StoreError};
use prost::Message;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

/// What a server remembers of a change: the org and the request id that it came under.
type Change = (i64, String);

/// The server takes every call of a keyed method for a new one.
pub(in super::super) fn forgets<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
{
    called(rule, name, rpc, |context| context.request_id = a_new_id())
}

/// The server answers every org as if it were org 1.
pub(in super::super) fn leaks<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
{
    called(rule, name, rpc, |context| context.org_id = 1)
}

/// The server does not see the fence of a method's calls.
pub(in super::super) fn unfenced<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
{
    called(rule, name, rpc, |context| context.fence = 0)
}

/// The server takes another caller for the one that calls.
fn called<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    change: impl Fn(&mut pb::CallContext) + Send + Sync + 'static,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
{
    ask(rule, name, rpc, move |request| {
        // Of a stream the first message alone says who is calling.
        if let Some(mut context) = request.context().cloned() {
            change(&mut context);
            request.set_context(context);
        }
    })
}

/// Every call that is refused as fenced is answered as if it had been done.
pub(in super::super) fn pretends<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    end(rule, name, rpc, |_, end| match end {
        Err(error) if error.reason == Some(ErrorReason::Fenced) => Ok(vec![Rsp::default()]),
        end => end,
    })
}

/// Whatever is refused is answered as done.
pub(in super::super) fn accepts<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    end(rule, name, rpc, |_, end| {
        Ok(end.unwrap_or_else(|_| vec![Rsp::default()]))
    })
}

/// A change is answered as done, and not made.
pub(in super::super) fn does_nothing<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    instead(rule, name, rpc, |_, _| async { Ok(Rsp::default()) })
}

/// After a restart nothing is found any more.
pub(in super::super) fn loses<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    let nothing = match rpc.method.kind {
        Kind::ServerStream | Kind::BidiStream => 0,
        Kind::Unary | Kind::ClientStream => 1,
    };
    end_of(rule, name, rpc, move |server, _, end| {
        match server.was_restarted() {
            true => Ok((0..nothing).map(|_| Rsp::default()).collect()),
            false => end,
        }
    })
}

/// The server remembers an answer when it sends it, and not in the transaction of the
/// change. A change whose caller has left is made and forgotten, and of calls at the same
/// time each makes it.
pub(in super::super) fn remembers_late<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
    Rsp: Message + Default + Clone + 'static,
{
    let method = rpc.method;
    let answers = Arc::new(Mutex::new(HashMap::<Change, Rsp>::new()));
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    instead(rule, name, rpc, move |server: Server, request: Req| {
        let (answers, turn) = (answers.clone(), turn.clone());
        async move {
            let change = change_of(&request);
            let known = answers.lock().unwrap().get(&change).cloned();
            if let Some(answer) = known {
                return Ok(answer);
            }
            // It goes on when its caller has left.
            let made = tokio::spawn(async move {
                let _turn = turn.lock().await;
                server.call_method(method, anew(request)).await
            });
            let answer: Rsp = made.await.unwrap()?.into_iter().next().unwrap_or_default();
            answers.lock().unwrap().insert(change, answer.clone());
            Ok(answer)
        }
    })
}

/// The server notes that a change is under way, and does not take that back when its caller
/// leaves: sent again, the change is refused for good.
pub(in super::super) fn stays_under_way<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
    Rsp: Message + Default + Clone + 'static,
{
    let method = rpc.method;
    let changes = Arc::new(Mutex::new(HashMap::<Change, Option<Rsp>>::new()));
    instead(rule, name, rpc, move |server: Server, request: Req| {
        let changes = changes.clone();
        async move {
            let change = change_of(&request);
            let known = changes.lock().unwrap().insert(change.clone(), None);
            match known {
                Some(Some(answer)) => {
                    changes.lock().unwrap().insert(change, Some(answer.clone()));
                    return Ok(answer);
                }
                Some(None) => {
                    let text = "the change is under way";
                    return Err(StoreError::new(ErrorReason::Unavailable, text));
                }
                None => {}
            }
            let answers = server.call_method(method, anew(request)).await?;
            let answer: Rsp = answers.into_iter().next().unwrap_or_default();
            changes.lock().unwrap().insert(change, Some(answer.clone()));
            Ok(answer)
        }
    })
}

/// Each connection keeps what it has read until it changes something itself, as the
/// processes of a server do that have a cache each.
pub(in super::super) fn caches<Req, Rsp, Change, Changed>(
    rule: &'static str,
    name: &'static str,
    read: &Rpc<Req, Rsp>,
    change: &Rpc<Change, Changed>,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
    Rsp: Message + Default + Clone + 'static,
{
    let kept = Kept::default();
    let emptied = kept.clone();
    let reading = remembers_reads(rule, name, read, kept, |server, request| {
        (server.connection, without_id(request))
    });
    let changing = fault(rule, name, change.method.path, move |server, request| {
        let emptied = emptied.clone();
        async move {
            let answer = server.forward(request).await;
            let is_others = |key: &(usize, Vec<u8>)| key.0 != server.connection;
            emptied.lock().unwrap().retain(|key, _| is_others(key));
            answer
        }
    });
    reading.and(changing)
}

/// What was read once is answered for good.
pub(in super::super) fn keeps<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    read: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
    Rsp: Message + Default + Clone + 'static,
{
    remembers_reads(rule, name, read, Kept::default(), |_, request| {
        without_id(request)
    })
}

/// What one org has read is answered to every org that asks the same.
pub(in super::super) fn shares<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    read: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
    Rsp: Message + Default + Clone + 'static,
{
    remembers_reads(rule, name, read, Kept::default(), |_, mut request: Req| {
        request.set_context(pb::CallContext::default());
        request.encode_to_vec()
    })
}

/// Answers by what was asked, as far as a server looks at it.
type Kept<Key, Rsp> = Arc<Mutex<HashMap<Key, Vec<Rsp>>>>;

fn remembers_reads<Req, Rsp, Key>(
    rule: &'static str,
    name: &'static str,
    read: &Rpc<Req, Rsp>,
    kept: Kept<Key, Rsp>,
    key: impl Fn(&Server, Req) -> Key + Send + Sync + 'static,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
    Rsp: Message + Default + Clone + 'static,
    Key: Eq + Hash + Send + 'static,
{
    let key = Arc::new(key);
    fault(rule, name, read.method.path, move |server, request| {
        let (kept, key) = (kept.clone(), key.clone());
        async move {
            let request = whole(request).await;
            let key = key(&server, first_of(request.body()));
            let known = kept.lock().unwrap().get(&key).cloned();
            if let Some(answers) = known {
                return encoded(Ok(answers));
            }
            let end = decoded(server.pass(request).await).await;
            if let Ok(answers) = &end {
                kept.lock().unwrap().insert(key, answers.clone());
            }
            encoded::<Rsp>(end)
        }
    })
}

/// A request in bytes, as it is each time that a caller asks the same.
fn without_id<Req: Scoped + Message>(mut request: Req) -> Vec<u8> {
    let mut context = request.context().cloned().unwrap_or_default();
    context.request_id.clear();
    request.set_context(context);
    request.encode_to_vec()
}

/// The same under another request id.
pub(super) fn anew<Req: Scoped>(mut request: Req) -> Req {
    let mut context = request.context().cloned().unwrap_or_default();
    context.request_id = a_new_id();
    request.set_context(context);
    request
}

fn a_new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn change_of(request: &impl Scoped) -> Change {
    let context = request.context().cloned().unwrap_or_default();
    (context.org_id, context.request_id)
}
