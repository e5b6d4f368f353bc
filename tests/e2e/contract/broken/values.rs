//! Faults of values, secrets, resources and leases.

use super::fault::{Fault, answer, ask, end, forgets, leaks};
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::leased_resource_store_service as lease;
use mortise_proto::rpc::table::session_resource_registry_service as registry;
use mortise_proto::rpc::table::session_storage_store_service as values;
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) fn faults() -> Vec<Fault> {
    [storage(), resources(), leases()].concat()
}

fn storage() -> Vec<Fault> {
    vec![
        answer("KV-01", "trims a value", &values::GET_VALUE, |_, answer| {
            answer.value = answer
                .value
                .take()
                .map(|value| value[..value.len().min(2)].into());
        }),
        end(
            "KV-02",
            "answers NOT_FOUND for an absent value",
            &values::GET_VALUE,
            |_, end| {
                let messages = end?;
                match messages.iter().any(|message| message.value.is_none()) {
                    true => Err(StoreError::new(
                        ErrorReason::SessionNotFound,
                        "key not found",
                    )),
                    false => Ok(messages),
                }
            },
        ),
        answer(
            "KV-03",
            "loses updated_at",
            &values::LIST_KEYS,
            |_, answer| {
                for key in &mut answer.keys {
                    key.updated_at = key.created_at;
                }
            },
        ),
        answer(
            "KV-04",
            "says of every deletion that it happened",
            &values::DELETE_VALUE,
            |_, answer| {
                answer.deleted = true;
            },
        ),
        answer(
            "KV-05",
            "lists keys backwards",
            &values::LIST_KEYS,
            |_, answer| answer.keys.reverse(),
        ),
        answer(
            "KV-07",
            "lists only the first secret",
            &values::LIST_SECRETS,
            |_, answer| {
                answer.secrets.truncate(1);
            },
        ),
        answer(
            "KV-08",
            "lists secrets with what they hold",
            &values::LIST_SECRETS,
            |_, answer| {
                for secret in &mut answer.secrets {
                    secret.name.push_str("=marker-8f1b5c");
                }
            },
        ),
        answer(
            "KV-09",
            "hides names that begin with browserless_internal:",
            &values::LIST_KEYS,
            |_, answer| {
                answer
                    .keys
                    .retain(|key| !key.key.starts_with("browserless_internal:"));
            },
        ),
        answer(
            "KV-10",
            "takes an empty value for none",
            &values::GET_VALUE,
            |_, answer| {
                answer.value = answer.value.take().filter(|value| !value.is_empty());
            },
        ),
        ask(
            "KV-11",
            "keeps the values of all sessions together",
            &values::GET_VALUE,
            shared,
        ),
        answer(
            "KV-12",
            "turns CRLF into LF",
            &values::GET_VALUE,
            |_, answer| {
                answer.value = answer.value.take().map(|value| value.replace("\r\n", "\n"));
            },
        ),
        answer(
            "KV-14",
            "orders keys without regard to case",
            &values::LIST_KEYS,
            |_, answer| {
                answer.keys.sort_by_key(|key| key.key.to_lowercase());
            },
        ),
        forgets(
            "KV-15",
            "deletes again when a deletion is sent again",
            &values::DELETE_VALUE,
        ),
        forgets(
            "KV-16",
            "does not remember deletions",
            &values::DELETE_VALUE,
        ),
        ask(
            "KV-18",
            "cuts values at 64 KiB",
            &values::SET_VALUE,
            |request| {
                request.value = request.value.chars().take(64 * 1024).collect();
            },
        ),
        leaks(
            "KV-20",
            "sets values in every org's sessions",
            &values::SET_VALUE,
        ),
        leaks(
            "KV-20",
            "reads values of every org's sessions",
            &values::GET_VALUE,
        ),
        ask(
            "KV-22",
            "cuts spaces at the end of keys",
            &values::SET_VALUE,
            |request| request.key.truncate(request.key.trim_end().len()),
        ),
        ask(
            "KV-22",
            "composes the letters of keys",
            &values::SET_VALUE,
            |request| request.key = request.key.replace("e\u{301}", "\u{e9}"),
        ),
        answer(
            "KV-22",
            "lists keys in the order of UTF-16",
            &values::LIST_KEYS,
            |_, answer| {
                let utf16 = |info: &pb::KeyInfo| info.key.encode_utf16().collect::<Vec<_>>();
                answer.keys.sort_by_key(utf16);
            },
        ),
        ask(
            "KV-23",
            "keeps 32 bits of an org's id",
            &values::GET_VALUE,
            |request| {
                if let Some(context) = &mut request.context {
                    context.org_id &= 0xffff_ffff;
                }
            },
        ),
        end(
            "KV-23",
            "refuses org ids that a double cannot keep",
            &values::GET_VALUE,
            |request, end| {
                let org = request.context.as_ref().map_or(0, |context| context.org_id);
                match org > 1 << 53 {
                    true => Err(StoreError::new(
                        ErrorReason::InvalidField,
                        "context.org_id: is no safe integer",
                    )),
                    false => end,
                }
            },
        ),
        ask(
            "KV-24",
            "remembers answers for each session apart",
            &values::SET_VALUE,
            |request| {
                let session = request.session_id.clone();
                if let Some(context) = &mut request.context {
                    context.request_id = two_ids(&context.request_id, &session);
                }
            },
        ),
        ask(
            "KV-25",
            "remembers answers for two seconds",
            &values::SET_VALUE,
            |request| {
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                let now = now.map_or(0, |since| since.as_secs() / 2);
                if let Some(context) = &mut request.context {
                    context.request_id = two_ids(&context.request_id, &now.to_string());
                }
            },
        ),
    ]
}

/// Every session is one.
fn shared(request: &mut pb::GetValueRequest) {
    use std::sync::OnceLock;
    static FIRST: OnceLock<String> = OnceLock::new();
    request.session_id = FIRST.get_or_init(|| request.session_id.clone()).clone();
}

/// A request id of two things, as short as one.
fn two_ids(one: &str, other: &str) -> String {
    let name = format!("{one} {other}");
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

fn resources() -> Vec<Fault> {
    vec![
        ask(
            "REG-01",
            "stores another name than it was given",
            &registry::REGISTER,
            |request| {
                request.display_name.push('!');
            },
        ),
        answer(
            "REG-02",
            "forgets when an entry was made",
            &registry::REGISTER,
            |_, answer| {
                if let Some(entry) = &mut answer.entry {
                    entry.created_at = entry.updated_at;
                }
            },
        ),
        ask(
            "REG-05",
            "lists every kind whatever was asked",
            &registry::LIST_SESSION_RESOURCES,
            |request| {
                request.kind = None;
            },
        ),
        answer(
            "REG-06",
            "says of every entry that it was there",
            &registry::DEREGISTER,
            |_, answer| {
                answer.deregistered = true;
            },
        ),
        answer(
            "REG-07",
            "passes metadata through doubles",
            &registry::GET_SESSION_RESOURCE,
            |_, answer| {
                if let Some(entry) = &mut answer.entry {
                    entry.metadata_json = entry
                        .metadata_json
                        .replace("9007199254740993", "9007199254740992");
                    entry.metadata_json.truncate(50_000);
                }
            },
        ),
        answer(
            "REG-10",
            "empties metadata when a status changes",
            &registry::UPDATE_STATUS,
            |_, answer| {
                if let Some(entry) = &mut answer.entry {
                    entry.metadata_json = "{}".into();
                }
            },
        ),
    ]
}

fn leases() -> Vec<Fault> {
    vec![
        answer(
            "LEASE-01",
            "gives a resource another id each time",
            &lease::UPSERT_RESOURCE,
            |_, answer| {
                if let Some(resource) = &mut answer.resource {
                    resource.id = format!("resource_{}", uuid::Uuid::new_v4().simple());
                }
            },
        ),
        answer(
            "LEASE-03",
            "lets leases end a day later",
            &lease::UPSERT_RESOURCE,
            |_, answer| {
                let expiry = answer
                    .resource
                    .as_mut()
                    .and_then(|resource| resource.lease_expires_at.as_mut());
                if let Some(expiry) = expiry {
                    expiry.seconds += 86_400;
                }
            },
        ),
        answer(
            "LEASE-04",
            "leaves released resources out",
            &lease::LIST_RESOURCES,
            |_, answer| {
                let released = i32::from(pb::LeasedResourceStatus::Released);
                answer
                    .resources
                    .retain(|resource| resource.status != released);
            },
        ),
        end(
            "LEASE-05",
            "fails to release what it does not know",
            &lease::RELEASE_RESOURCE,
            |_, end| {
                let messages = end?;
                match messages.iter().any(|message| message.resource.is_none()) {
                    true => Err(StoreError::new(ErrorReason::Store, "no such resource")),
                    false => Ok(messages),
                }
            },
        ),
        answer(
            "LEASE-09",
            "loses the owner",
            &lease::LIST_RESOURCES,
            |_, answer| {
                answer
                    .resources
                    .iter_mut()
                    .for_each(|resource| resource.owner_user_id = None);
            },
        ),
    ]
}
