//! Calls as a report shows them: protobuf JSON, the error with what the server stated, and
//! the grpcurl command that makes the call again.
//!
//! Requests are shown whole, because the suite has invented what is in them. Of answers,
//! fields with the option `(secret)` are left out, except in services that hold nothing but
//! what callers have put there: another may answer with a credential of the server's own.

use crate::client::Failed;
use crate::exchange::{Call, Content, Exchange};
use crate::wire::Dial;
use bytes::Bytes;
use mortise_proto::rpc::short_service_name;
use mortise_proto::rpc::table::{
    event_emitter_service, event_log_service, message_retriever_service,
    session_sql_db_store_service, session_storage_store_service, turn_journal_service,
};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, SerializeOptions,
    Value as Field,
};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// How much of one text is shown.
const TEXT_CHARS: usize = 400;

/// How many entries of one list are shown.
const ENTRIES: usize = 20;

/// How many messages of one stream are shown.
const MESSAGES: usize = 5;

/// The longest request that a command shows, in bytes.
const COMMAND_BYTES: usize = 4 * 1024;

/// What stands for a secret.
const SECRET: &str = "[secret]";

/// Services in which a secret is what a caller has put there.
const CALLERS_OWN: &[&str] = &[
    event_emitter_service::NAME,
    event_log_service::NAME,
    message_retriever_service::NAME,
    session_sql_db_store_service::NAME,
    session_storage_store_service::NAME,
    turn_journal_service::NAME,
];

/// The contract's own descriptors; a test holds that they can be read.
static POOL: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(mortise_proto::FILE_DESCRIPTOR_SET).ok());

/// Which messages a path takes and gives.
struct Types {
    request: MessageDescriptor,
    answer: MessageDescriptor,
}

pub(crate) fn exchange(call: &Call, dial: &Dial, has_token: bool) -> Exchange {
    let (service, method) = halves(&call.path);
    let types = types(service, method);
    let request = types.as_ref().map(|types| &types.request);
    let answer = types.as_ref().map(|types| &types.answer);
    let conceals = !CALLERS_OWN.contains(&service);
    Exchange {
        method: format!("{}/{method}", short_service_name(service)),
        sent: content(&call.sent, request, false),
        received: match &call.received {
            Ok(received) => content(received, answer, conceals),
            Err(failed) => error(failed).to_string(),
        },
        grpcurl: request.and_then(|request| {
            let data = data(&call.sent, request)?;
            Some(command(
                dial,
                has_token,
                &format!("{service}/{method}"),
                &data,
            ))
        }),
    }
}

/// `/mortise.adapter.v1.X/Y` in two.
fn halves(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    path.split_once('/').unwrap_or((path, ""))
}

fn types(service: &str, method: &str) -> Option<Types> {
    let service = POOL.as_ref()?.get_service_by_name(service)?;
    let method = service.methods().find(|one| one.name() == method)?;
    Some(Types {
        request: method.input(),
        answer: method.output(),
    })
}

fn content(content: &Content, of: Option<&MessageDescriptor>, conceals: bool) -> String {
    let messages = match content {
        Content::Note(text) => return text.clone(),
        Content::Messages(messages) => messages,
    };
    let shown = messages.iter().take(MESSAGES).map(|bytes| {
        let read = of.and_then(|of| json_of(of, bytes, conceals));
        read.map_or_else(
            || in_bytes(bytes),
            |mut value| {
                clip(&mut value);
                value.to_string()
            },
        )
    });
    let mut lines: Vec<_> = shown.collect();
    if messages.len() > MESSAGES {
        lines.push(format!("... {} messages in all", messages.len()));
    }
    match lines.is_empty() {
        true => "(no message)".into(),
        false => lines.join(" "),
    }
}

/// What is no message of the type.
fn in_bytes(bytes: &Bytes) -> String {
    format!("{} bytes: {}", bytes.len(), crate::exchange::message(bytes))
}

/// A message as protobuf JSON, with the names of the .proto files.
fn json_of(of: &MessageDescriptor, bytes: &Bytes, conceals: bool) -> Option<Value> {
    let mut message = DynamicMessage::decode(of.clone(), bytes.clone()).ok()?;
    if conceals {
        conceal(&mut message);
    }
    let options = SerializeOptions::new().use_proto_field_name(true);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .ok()
}

/// Puts a mark into every field that is secret, and is there.
fn conceal(message: &mut DynamicMessage) {
    let set: Vec<FieldDescriptor> = message.fields().map(|(field, _)| field).collect();
    for field in set {
        if is_secret(&field) {
            match (field.kind(), field.is_list() || field.is_map()) {
                (Kind::String, false) => message.set_field(&field, Field::String(SECRET.into())),
                (_, _) => message.clear_field(&field),
            }
            continue;
        }
        match message.get_field_mut(&field) {
            Field::Message(inner) => conceal(inner),
            Field::List(entries) => entries.iter_mut().for_each(conceal_entry),
            Field::Map(entries) => entries.values_mut().for_each(conceal_entry),
            Field::Bool(_)
            | Field::I32(_)
            | Field::I64(_)
            | Field::U32(_)
            | Field::U64(_)
            | Field::F32(_)
            | Field::F64(_)
            | Field::String(_)
            | Field::Bytes(_)
            | Field::EnumNumber(_) => {}
        }
    }
}

fn conceal_entry(entry: &mut Field) {
    if let Field::Message(message) = entry {
        conceal(message);
    }
}

/// Whether a field has the option `(secret)`.
fn is_secret(field: &FieldDescriptor) -> bool {
    let option = field
        .parent_pool()
        .get_extension_by_name("mortise.adapter.v1.secret");
    let options = field.options();
    option.is_some_and(|option| options.get_extension(&option).as_bool() == Some(true))
}

/// Cuts long texts and lists.
fn clip(value: &mut Value) {
    match value {
        Value::String(text) => {
            let chars = text.chars().count();
            if chars > TEXT_CHARS {
                let begin: String = text.chars().take(TEXT_CHARS).collect();
                *text = format!("{begin} ... ({chars} characters)");
            }
        }
        Value::Array(entries) => {
            let all = entries.len();
            entries.iter_mut().take(ENTRIES).for_each(clip);
            if all > ENTRIES {
                entries.truncate(ENTRIES);
                entries.push(json!(format!("... {all} entries")));
            }
        }
        Value::Object(members) => members.values_mut().for_each(clip),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// An error with what the server stated, also where it is not of the contract.
fn error(failed: &Failed) -> Value {
    let error = &failed.error;
    let mut shown = json!({ "code": code_name(error.code) });
    match failed.stated.as_deref() {
        Some((domain, reason)) => {
            shown["domain"] = json!(domain);
            shown["reason"] = json!(reason);
        }
        None => shown["reason"] = Value::Null,
    }
    if let Some(field) = &error.field {
        shown["field"] = json!(field);
    }
    if !error.metadata.is_empty() {
        shown["metadata"] = json!(error.metadata);
    }
    shown["message"] = json!(error.message);
    clip(&mut shown);
    shown
}

/// `INVALID_ARGUMENT` for `InvalidArgument`.
fn code_name(code: tonic::Code) -> String {
    let mut name = String::new();
    for (index, character) in format!("{code:?}").chars().enumerate() {
        if index > 0 && character.is_uppercase() {
            name.push('_');
        }
        name.push(character.to_ascii_uppercase());
    }
    name
}

/// A request for a command line: whole or not at all.
fn data(sent: &Content, of: &MessageDescriptor) -> Option<String> {
    let Content::Messages(messages) = sent else {
        return None;
    };
    let values = messages.iter().map(|bytes| json_of(of, bytes, false));
    let values: Option<Vec<_>> = values.collect();
    let texts: Vec<_> = values?.iter().map(Value::to_string).collect();
    let data = texts.join(" ");
    (data.len() <= COMMAND_BYTES).then_some(data)
}

fn command(dial: &Dial, has_token: bool, method: &str, data: &str) -> String {
    let token = match has_token {
        true => "-H \"authorization: Bearer $TOKEN\" ",
        false => "",
    };
    let data = quoted(data);
    let target = dial.grpcurl();
    format!("grpcurl {token}-d {data} {target} {method}")
}

/// One word of a shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by it")]
mod tests {
    use super::*;
    use crate::wire::Tls;
    use mortise_proto::rpc::Method;
    use mortise_proto::rpc::table::provider_credential_store_service as credentials;
    use mortise_proto::rpc::table::session_storage_store_service::{GET_VALUE, SET_VALUE};
    use mortise_proto::{StoreError, pb};

    fn shown(method: &Method, sent: Content, received: Result<Content, Failed>) -> Exchange {
        let call = Call {
            path: method.path.into(),
            sent,
            received,
        };
        let dial = Dial::address("unix:/run/a b.sock", Tls::default()).unwrap();
        exchange(&call, &dial, true)
    }

    /// The suite's own data are shown, as protobuf JSON and as a command that can be run.
    #[test]
    fn a_call_is_shown_as_json_and_as_a_command() {
        let request = pb::SetValueRequest {
            context: None,
            session_id: "session_1".into(),
            key: "it's".into(),
            value: "green".into(),
        };
        let error = StoreError::invalid_field("session_id", "is malformed");
        let failed = Failed {
            error,
            stated: Some(Box::new(("example.com".into(), "BAD".into()))),
        };
        let shown = shown(SET_VALUE.method, Content::of(&[request]), Err(failed));
        let sent = r#"{"key":"it's","session_id":"session_1","value":"green"}"#;
        assert_eq!(shown.sent, sent);
        assert_eq!(
            shown.grpcurl.unwrap(),
            format!(
                "grpcurl -H \"authorization: Bearer $TOKEN\" -d {} -plaintext -unix '/run/a b.sock' mortise.adapter.v1.SessionStorageStoreService/SetValue",
                quoted(sent)
            )
        );
        assert_eq!(
            shown.received,
            r#"{"code":"INVALID_ARGUMENT","domain":"example.com","field":"session_id","message":"session_id: is malformed","reason":"BAD"}"#
        );
    }

    /// A credential of the server's is left out, a value that a caller has set is not.
    #[test]
    fn only_the_callers_own_secrets_are_shown() {
        let answer = pb::GetValueResponse {
            value: Some("green".into()),
        };
        let sent = || Content::note("");
        let value = shown(GET_VALUE.method, sent(), Ok(Content::of(&[answer])));
        assert_eq!(value.received, r#"{"value":"green"}"#);
        let answer = pb::GetDefaultProviderCredentialsResponse {
            credentials: Some(pb::ProviderCredentials {
                api_key: "sk-123".into(),
                base_url: Some("https://models".into()),
            }),
        };
        let method = credentials::GET_DEFAULT_PROVIDER_CREDENTIALS.method;
        let received = shown(method, sent(), Ok(Content::of(&[answer]))).received;
        assert!(!received.contains("sk-123"), "{received}");
        assert!(
            received.contains(SECRET) && received.contains("https://models"),
            "{received}"
        );
    }

    /// Long texts and lists are cut, and say how long they were.
    #[test]
    fn long_values_are_cut() {
        let answer = pb::GetValueResponse {
            value: Some("x".repeat(10_000)),
        };
        let received = Ok(Content::of(&[answer]));
        let shown = shown(GET_VALUE.method, Content::note("(next)"), received);
        assert!(shown.received.ends_with("... (10000 characters)\"}"));
        assert_eq!((shown.sent.as_str(), shown.grpcurl), ("(next)", None));
    }
}
