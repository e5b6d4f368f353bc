//! Faults of what holds for every call: the handshake, who is calling, request ids, errors.

use super::fault::{Fault, answer, ask, encoded, end, fault, instead};
use mortise_proto::Rpc;
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::Scoped;
use mortise_proto::rpc::table::{
    adapter_service::DESCRIBE, llm_provider_store_service as models,
    platform_store_service as platform, session_mutator_service::UPDATE_SESSION_TITLE,
    session_storage_store_service as values, session_store_service::GET_SESSION,
};
use prost::Message;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tonic::Status;
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;

pub(super) fn faults() -> Vec<Fault> {
    [
        handshakes(),
        callers(),
        request_ids(),
        paths(),
        errors(),
        records(),
    ]
    .concat()
}

fn handshakes() -> Vec<Fault> {
    vec![
        answer(
            "WIRE-02",
            "speaks versions from 0 on",
            &DESCRIBE,
            |_, answer| {
                if let Some(range) = &mut answer.protocol {
                    range.min = 0;
                }
            },
        ),
        answer(
            "WIRE-03",
            "remembers answers for an hour",
            &DESCRIBE,
            |_, answer| {
                if let Some(limits) = &mut answer.limits {
                    limits.request_memory_seconds = 3_600;
                }
            },
        ),
        answer(
            "WIRE-06",
            "does not say whose data it has",
            &DESCRIBE,
            |_, answer| {
                answer.scoping = pb::Scoping::Unspecified.into();
            },
        ),
        answer("WIRE-07", "is another each time", &DESCRIBE, |_, answer| {
            if let Some(server) = &mut answer.server {
                server.build = uuid::Uuid::new_v4().to_string();
            }
        }),
        end(
            "WIRE-08",
            "fails for other versions",
            &DESCRIBE,
            |asked, end| match asked.protocol.is_some_and(|range| range.min > 1_000) {
                true => Err(StoreError::new(ErrorReason::Store, "what is this?")),
                false => end,
            },
        ),
        answer(
            "WIRE-17",
            "states a smaller limit than it has",
            &DESCRIBE,
            |_, answer| {
                if let Some(limits) = &mut answer.limits {
                    limits.max_message_bytes = 1024 * 1024;
                }
            },
        ),
        answer(
            "GEN-14",
            "does not list all services",
            &DESCRIBE,
            |_, answer| {
                answer.services.retain(|offer| offer.name != models::NAME);
            },
        ),
    ]
}

fn callers() -> Vec<Fault> {
    vec![
        ask(
            "WIRE-09",
            "takes a call without a caller for one of org 1",
            &values::GET_VALUE,
            |request| {
                request.context.get_or_insert_with(|| pb::CallContext {
                    org_id: 1,
                    ..Default::default()
                });
            },
        ),
        ask(
            "WIRE-10",
            "takes org 0 for org 1",
            &values::GET_VALUE,
            |request| {
                if let Some(context) = &mut request.context {
                    context.org_id = context.org_id.max(1);
                }
            },
        ),
        ask(
            "WIRE-11",
            "makes changes without a request id",
            &values::SET_VALUE,
            |request| {
                if let Some(context) = &mut request.context
                    && context.request_id.is_empty()
                {
                    context.request_id = uuid::Uuid::new_v4().to_string();
                }
            },
        ),
        ask(
            "WIRE-12",
            "cuts request ids",
            &values::SET_VALUE,
            |request| {
                if let Some(context) = &mut request.context {
                    context.request_id.truncate(64);
                }
            },
        ),
        end(
            "WIRE-12",
            "takes UUIDs alone",
            &values::SET_VALUE,
            |asked, end| {
                let context = asked.context.clone().unwrap_or_default();
                match context.request_id.len() > 36 {
                    true => Err(StoreError::invalid_field(
                        "context.request_id",
                        "is no UUID",
                    )),
                    false => end,
                }
            },
        ),
        ask(
            "PLAT-81",
            "acts for no session",
            &platform::CREATE_HARNESS,
            |request| {
                if let Some(context) = &mut request.context
                    && context.session_id.is_empty()
                {
                    context.session_id = "session_00000000000000000000000000000000".into();
                }
            },
        ),
    ]
}

fn request_ids() -> Vec<Fault> {
    vec![
        ask(
            "WIRE-13",
            "remembers answers for each method apart",
            &values::DELETE_VALUE,
            |request| {
                if let Some(context) = &mut request.context {
                    context.request_id = format!("delete {}", context.request_id);
                }
            },
        ),
        instead(
            "WIRE-13",
            "changes something, and then sees that the request id is used",
            &values::DELETE_VALUE,
            |server, asked: pb::DeleteValueRequest| async move {
                let deleted = server.one(&values::DELETE_VALUE, asked.clone()).await;
                if deleted.is_err() {
                    let context = super::races::own(&asked.context);
                    let request = pb::DeleteValueRequest { context, ..asked };
                    server.one(&values::DELETE_VALUE, request).await?;
                }
                deleted
            },
        ),
        one_memory(
            "WIRE-15",
            "answers with what another org was answered",
            &platform::CREATE_AGENT,
        ),
        one_memory(
            "WIRE-15",
            "sets no value that another org has set",
            &values::SET_VALUE,
        ),
    ]
}

/// Answers are remembered by request ids alone.
fn one_memory<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &'static Rpc<Req, Rsp>,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
    Rsp: Message + Default + Clone + 'static,
{
    let answers: Arc<Mutex<HashMap<String, Rsp>>> = Arc::default();
    instead(rule, name, rpc, move |server, asked: Req| {
        let answers = answers.clone();
        async move {
            let id = asked.context().cloned().unwrap_or_default().request_id;
            let known = answers.lock().unwrap().get(&id).cloned();
            if let Some(answer) = known {
                return Ok(answer);
            }
            let answer = server.one(rpc, asked).await?;
            answers.lock().unwrap().insert(id, answer.clone());
            Ok(answer)
        }
    })
}

fn paths() -> Vec<Fault> {
    let status = |rule, name, path, status: fn() -> Status| {
        fault(
            rule,
            name,
            path,
            move |_, _| async move { status().into_http() },
        )
    };
    vec![
        status(
            "WIRE-05",
            "lacks a method",
            values::GET_VALUE.method.path,
            || Status::unimplemented("not yet"),
        ),
        fault(
            "WIRE-23",
            "answers methods that do not exist",
            "/mortise.adapter.v1.NoSuchService/Nothing",
            |_, _| async { encoded(Ok(vec![pb::DescribeResponse::default()])) },
        ),
        fault(
            "WIRE-24",
            "says that it does not serve",
            "/grpc.health.v1.Health/Check",
            |_, _| async {
                encoded(Ok(vec![HealthCheckResponse {
                    status: ServingStatus::NotServing.into(),
                }]))
            },
        ),
        status(
            "WIRE-25",
            "lacks reflection",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            || Status::unimplemented("none"),
        ),
        fault(
            "WIRE-18",
            "refuses fields that it does not know",
            GET_SESSION.method.path,
            |server, request| async move {
                let request = super::fault::whole(request).await;
                let known: pb::GetSessionRequest = super::fault::first_of(request.body());
                match request.body().len() > 5 + known.encoded_len() {
                    true => Status::invalid_argument("unknown field").into_http(),
                    false => server.pass(request).await,
                }
            },
        ),
        fault(
            "WIRE-19",
            "takes bytes that are no message for an empty one",
            GET_SESSION.method.path,
            |server, request| async move {
                let request = super::fault::whole(request).await;
                let message = request.body().get(5..).unwrap_or_default();
                match pb::GetSessionRequest::decode(message) {
                    Ok(_) => server.pass(request).await,
                    Err(_) => encoded(Ok(vec![pb::GetSessionResponse::default()])),
                }
            },
        ),
    ]
}

fn errors() -> Vec<Fault> {
    vec![
        end(
            "WIRE-20",
            "says in errors all that was asked",
            &GET_SESSION,
            |asked, end| end.map_err(|_| Status::invalid_argument(&asked.session_id).into()),
        ),
        end(
            "GEN-07",
            "says twice what failed",
            &UPDATE_SESSION_TITLE,
            |_, end| {
                end.map_err(|error| {
                    let text = format!("Message store error: {}", error.message);
                    StoreError::new(error.reason.unwrap_or(ErrorReason::Store), text)
                })
            },
        ),
        end(
            "GEN-08",
            "does not say which session is not there",
            &mortise_proto::rpc::table::runtime_host_service::LOAD_TURN_CONTEXT,
            |_, end| {
                end.map_err(|mut error| {
                    error.metadata.remove("id");
                    error
                })
            },
        ),
        end(
            "GEN-03",
            "takes an id of zeros for none",
            &GET_SESSION,
            |asked, end| match asked.session_id.ends_with(&"0".repeat(32)) {
                true => Err(StoreError::invalid_field("session_id", "is zero")),
                false => end,
            },
        ),
        end(
            "GEN-06",
            "fails for an app that is not there",
            &platform::GET_APP,
            |_, end| {
                let answers = end?;
                match answers.iter().all(|answer| answer.app.is_none()) {
                    true => Err(StoreError::new(ErrorReason::Store, "app not found")),
                    false => Ok(answers),
                }
            },
        ),
    ]
}

fn records() -> Vec<Fault> {
    vec![
        answer(
            "GEN-09",
            "changes keys before it makes them",
            &values::LIST_KEYS,
            |_, answer| {
                let times = answer
                    .keys
                    .iter_mut()
                    .filter_map(|key| key.updated_at.as_mut());
                times.for_each(|time| time.seconds -= 60);
            },
        ),
        answer(
            "GEN-10",
            "makes keys anew",
            &values::LIST_KEYS,
            |_, answer| {
                answer
                    .keys
                    .iter_mut()
                    .for_each(|key| key.created_at = key.updated_at);
            },
        ),
        answer(
            "GEN-11",
            "passes JSON through doubles",
            &GET_SESSION,
            |_, answer| {
                if let Some(session) = &mut answer.session
                    && let Some(json) = &mut session.blueprint_config_json
                {
                    *json = json.replace("9007199254740993", "9007199254740992");
                }
            },
        ),
        answer(
            "GEN-12",
            "takes null for none",
            &GET_SESSION,
            |_, answer| {
                if let Some(session) = &mut answer.session {
                    let config = session.blueprint_config_json.take();
                    session.blueprint_config_json = config.filter(|json| json != "null");
                }
            },
        ),
    ]
}
