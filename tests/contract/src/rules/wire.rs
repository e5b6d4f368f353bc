//! What holds of every call: the handshake, the context, request ids, limits, errors, and
//! a server that goes on serving. What is about bytes and connections is in `hostile`, what
//! is about request ids in `request_ids`.

mod hostile;
mod request_ids;

use super::probes::{ContextAlone, Probe, caller, reads};
use crate::advice::advised;
use crate::check::{Outcome, broken, different, same, shown, skipped, that};
use crate::context::{Cx, described};
use crate::rule::{Group, Need, Rule};
use crate::runner::introduction;
use bytes::Bytes;
use mortise_proto::pb::{self, ErrorReason, Feature};
use mortise_proto::rpc::Kind;
use mortise_proto::rpc::table::adapter_service::{self, DESCRIBE};
use mortise_proto::rpc::table::event_emitter_service::{self, EMIT_STREAM};
use mortise_proto::rpc::table::{METHODS, SERVICES};
use mortise_proto::{Method, StoreError};
use prost::Message;
use tonic::Code;

/// What a day has, in seconds.
const DAY: u64 = 24 * 60 * 60;

pub(crate) fn rules() -> Vec<Rule> {
    let group = Group::of(adapter_service::NAME)
        .hard("WIRE-01", "Describe says the server's name and version.", "adapter.proto, Identity", wire_01_identity)
        .hard("WIRE-02", "Describe says a range of protocol versions: the oldest at least 1, the newest not below it.", "adapter.proto, ProtocolRange", wire_02_protocol)
        .hard("WIRE-03", "Describe states the largest message, and that answers are stored for at least a day.", "adapter.proto, Limits", wire_03_limits)
        .hard("WIRE-04", "Describe lists services of this package, each once.", "adapter.proto, services", wire_04_listed)
        .hard("WIRE-05", "No method of a listed service answers UNIMPLEMENTED.", "adapter.proto, services", wire_05_implemented)
        .hard("WIRE-06", "Describe states a scoping.", "adapter.proto, Scoping", wire_06_scoping)
        .hard("WIRE-07", "Describe answers a call without an org, with the same answer as before.", "adapter.proto, DescribeRequest", wire_07_describes_again)
        .hard("WIRE-08", "A client of another protocol version is answered, or refused with PROTOCOL_MISMATCH.", "adapter.proto, Describe", wire_08_mismatch)
        .hard("WIRE-09", "A call without a context is refused with INVALID_FIELD that names `context`, by every method.", "context.proto", wire_09_no_context)
        .hard("WIRE-10", "A call for org 0 is refused with INVALID_FIELD that names `context.org_id`, by every method.", "context.proto, org_id", wire_10_no_org)
        .hard("WIRE-11", "A change without a request_id is refused with INVALID_FIELD that names `context.request_id`.", "context.proto, request_id", request_ids::wire_11_no_request_id)
        .hard("WIRE-12", "A request_id of 64 bytes is accepted, one of 65 refused with INVALID_FIELD.", "context.proto, request_id", request_ids::wire_12_long_request_id)
        .hard("WIRE-13", "A request_id that is used again with another method is refused with REQUEST_ID_REUSED, and nothing is changed.", "context.proto, request_id", request_ids::wire_13_reused)
        .hard("WIRE-14", "Eight calls at the same time with one request_id change something once and get the same answer.", "context.proto, request_id", request_ids::wire_14_at_once).full()
        .hard("WIRE-15", "The same request_id in two orgs is two changes.", "context.proto, request_id", request_ids::wire_15_per_org).needs(&[Need::OtherOrg]);
    advised(hostile::rules(group).list(), include_str!("wire/advice.md"))
}

/// The same without those that stream both ways, which answer errors in messages.
fn plain_methods(cx: &Cx) -> impl Iterator<Item = &'static Method> {
    methods(cx).filter(|method| method.kind != Kind::BidiStream)
}

/// The methods of the services that are offered, as far as they are.
fn methods(cx: &Cx) -> impl Iterator<Item = &'static Method> {
    let has_stream = cx.offers_feature(event_emitter_service::NAME, Feature::EmitStream);
    let is_offered = |method: &&'static Method| {
        cx.offers(method.service)
            && method.service != adapter_service::NAME
            && (has_stream || method.name != EMIT_STREAM.method.name)
    };
    METHODS
        .iter()
        .copied()
        .filter(is_offered)
        .collect::<Vec<_>>()
        .into_iter()
}

fn alone(context: Option<pb::CallContext>) -> Vec<u8> {
    ContextAlone { context }.encode_to_vec()
}

/// The probes, or a reason to leave the rule out.
fn some(probes: Vec<Probe>) -> Outcome<Vec<Probe>> {
    match probes.is_empty() {
        false => Ok(probes),
        true => skipped("none of the services that the suite has requests for is offered"),
    }
}

/// A refusal for a field.
fn refused_for(method: &Method, field: Option<&str>, answer: Result<Bytes, StoreError>) -> Outcome {
    let expected = format!(
        "INVALID_ARGUMENT (INVALID_FIELD) that names `{}`",
        field.unwrap_or("a field")
    );
    let error = match answer {
        Err(error) => error,
        Ok(answer) => return broken(method.short_name(), expected, shown(&answer)),
    };
    let is_it = error.code == Code::InvalidArgument
        && error.reason == Some(ErrorReason::InvalidField)
        && (field.is_none() || error.field.as_deref() == field);
    match is_it {
        true => Ok(()),
        false => {
            let named = error.field.as_deref().unwrap_or("none");
            broken(
                method.short_name(),
                expected,
                format!("{}; BadRequest names {named}", described(&error)),
            )
        }
    }
}

async fn wire_01_identity(cx: Cx) -> Outcome {
    let server = cx.shared.described.server.clone().unwrap_or_default();
    different("Describe.server.name", server.name.as_str(), "")?;
    different("Describe.server.version", server.version.as_str(), "")
}

async fn wire_02_protocol(cx: Cx) -> Outcome {
    let range = cx.shared.described.protocol.unwrap_or_default();
    let is_range = range.min >= 1 && range.max >= range.min;
    that("Describe.protocol", "1 <= min <= max", is_range, &range)
}

async fn wire_03_limits(cx: Cx) -> Outcome {
    let limits = cx.shared.described.limits.unwrap_or_default();
    that(
        "Describe.limits.max_message_bytes",
        "more than 0",
        limits.max_message_bytes > 0,
        &limits,
    )?;
    let is_long = limits.request_memory_seconds >= DAY;
    that(
        "Describe.limits.request_memory_seconds",
        "at least 86400",
        is_long,
        &limits,
    )
}

async fn wire_04_listed(cx: Cx) -> Outcome {
    let mut seen = Vec::new();
    for offer in &cx.shared.described.services {
        let name = offer.name.as_str();
        that(
            "a service of Describe",
            "a service of mortise.adapter.v1 by its full name",
            SERVICES.contains(&name),
            name,
        )?;
        that(
            "a service of Describe",
            "to be listed once",
            !seen.contains(&name),
            name,
        )?;
        seen.push(name);
    }
    Ok(())
}

async fn wire_05_implemented(cx: Cx) -> Outcome {
    for method in methods(&cx) {
        if let Err(error) = cx.raw(method.path, Bytes::new()).await {
            let is_there = error.code != Code::Unimplemented;
            that(
                method.short_name(),
                "any answer but UNIMPLEMENTED: Describe lists its service",
                is_there,
                &described(&error),
            )?;
        }
    }
    Ok(())
}

async fn wire_06_scoping(cx: Cx) -> Outcome {
    different(
        "Describe.scoping",
        &cx.shared.described.scoping(),
        &pb::Scoping::Unspecified,
    )
}

async fn wire_07_describes_again(cx: Cx) -> Outcome {
    let again = cx.call(&DESCRIBE, introduction(cx.org_id())).await?;
    same("Describe asked again", &again, &cx.shared.described)?;
    let no_one = pb::DescribeRequest {
        context: None,
        ..introduction(0)
    };
    let answer = cx.raw(DESCRIBE.method.path, no_one.encode_to_vec()).await;
    match answer {
        Ok(answer) => {
            let read = pb::DescribeResponse::decode(answer);
            that(
                "Describe without a context",
                "a DescribeResponse with an identity",
                read.as_ref().is_ok_and(|read| read.server.is_some()),
                &read,
            )
        }
        Err(error) => broken("Describe without a context", "success", described(&error)),
    }
}

async fn wire_08_mismatch(cx: Cx) -> Outcome {
    let request = pb::DescribeRequest {
        protocol: Some(pb::ProtocolRange {
            min: 9_999,
            max: 9_999,
        }),
        ..introduction(cx.org_id())
    };
    match cx.attempt(&DESCRIBE, request).await {
        Ok(_) => Ok(()),
        Err(error) => same(
            "the reason that Describe refuses version 9999 with",
            &error.reason,
            &Some(ErrorReason::ProtocolMismatch),
        ),
    }
}

async fn wire_09_no_context(cx: Cx) -> Outcome {
    for method in plain_methods(&cx) {
        let answer = cx.raw(method.path, Bytes::new()).await;
        refused_for(method, Some("context"), answer)?;
    }
    Ok(())
}

async fn wire_10_no_org(cx: Cx) -> Outcome {
    let context = pb::CallContext {
        org_id: 0,
        ..caller(&cx).context()
    };
    for method in plain_methods(&cx) {
        let answer = cx.raw(method.path, alone(Some(context.clone()))).await;
        refused_for(method, Some("context.org_id"), answer)?;
    }
    Ok(())
}
