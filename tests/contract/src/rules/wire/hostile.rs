//! Bytes that are no messages, messages that are too large, callers that go away, and many
//! calls at once: the server goes on serving.

use super::{Probe, reads, some};
use crate::check::{Outcome, broken, same, shown, skipped, that};
use crate::context::{Cx, described};
use crate::raw::unknown_field;
use crate::rule::Group;
use crate::rules::common::{HealthStatus, health};
use crate::rules::probes::{caller, reads_of};
use crate::runner::introduction;
use futures::future::join_all;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::adapter_service::DESCRIBE;
use prost::Message;
use std::time::Duration;
use tonic::Code;

/// The largest message that the suite makes.
const MADE_MAX: u64 = 256 * 1024 * 1024;

/// The most of an error's text that may cross the wire.
const TEXT_MAX: usize = 2 * 1024;

pub(super) fn rules(group: Group) -> Group {
    group
        .hard("WIRE-16", "A message as large as the stated limit is accepted.", "adapter.proto, max_message_bytes", wire_16_as_large_as_may_be).full()
        .hard("WIRE-17", "A message above the stated limit is refused with RESOURCE_EXHAUSTED (or OUT_OF_RANGE), and the connection stays usable.", "errors.proto, MESSAGE_TOO_LARGE", wire_17_too_large).full()
        .hard("WIRE-18", "Fields that the server does not know are ignored.", "adapter.proto, ProtocolRange", wire_18_unknown_fields)
        .hard("WIRE-19", "Bytes that are not a message get an error, and the server keeps serving.", "docs/errors.md", wire_19_garbage).full()
        .hard("WIRE-20", "An error's text is at most 2 KiB, whatever it quotes, and its reason arrives.", "errors.proto", wire_20_short_texts)
        .hard("WIRE-21", "Callers whose deadline is over and callers that cancel leave the server serving.", "context.proto, deadlines", wire_21_impatient).full()
        .hard("WIRE-22", "64 calls at once over one connection are all answered.", "tool_scheduler.rs:42", wire_22_at_once).full()
        .hard("WIRE-23", "A service and a method that do not exist answer UNIMPLEMENTED.", "adapter.proto, Describe", wire_23_nothing_there)
        .soft("WIRE-24", "The standard health service answers SERVING.", "grpc.health.v1", wire_24_health)
        .soft("WIRE-25", "The standard reflection service lists the services that are offered.", "grpc.reflection.v1", wire_25_reflection)
}

#[derive(Clone, PartialEq, Message)]
struct ReflectionRequest {
    #[prost(string, tag = "7")]
    list_services: String,
}

#[derive(Clone, PartialEq, Message)]
struct ReflectionResponse {
    #[prost(message, optional, tag = "6")]
    list: Option<ReflectedServices>,
}

#[derive(Clone, PartialEq, Message)]
struct ReflectedServices {
    #[prost(message, repeated, tag = "1")]
    services: Vec<ReflectedService>,
}

#[derive(Clone, PartialEq, Message)]
struct ReflectedService {
    #[prost(string, tag = "1")]
    name: String,
}

async fn still_serves(cx: &Cx) -> Outcome {
    cx.call(&DESCRIBE, introduction(cx.org_id()))
        .await
        .map(|_| ())
}

/// A request of exactly so many bytes.
fn padded(probe: &Probe, cx: &Cx, bytes: u64) -> Vec<u8> {
    let mut message = probe.with(caller(cx).context());
    let size = usize::try_from(bytes).unwrap_or(usize::MAX);
    let more = unknown_field(size.saturating_sub(message.len()));
    message.extend(more);
    message
}

fn limit(cx: &Cx) -> Outcome<u64> {
    let bytes = cx
        .shared
        .described
        .limits
        .unwrap_or_default()
        .max_message_bytes;
    match bytes {
        4_096..=MADE_MAX => Ok(bytes),
        _ => skipped(format!(
            "the limit is {bytes} bytes; the suite tries limits of 4096 to {MADE_MAX}"
        )),
    }
}

async fn wire_16_as_large_as_may_be(cx: Cx) -> Outcome {
    // A server may end a connection over this; the other rules have another.
    let cx = cx.over_new_connection();
    let (limit, probes) = (limit(&cx)?, some(reads(&cx))?);
    let message = padded(&probes[0], &cx, limit);
    same(
        "the size of the message",
        &message.len(),
        &usize::try_from(limit).unwrap_or_default(),
    )?;
    match cx.raw(probes[0].method.path, message).await {
        Ok(_) => Ok(()),
        Err(error) => broken(
            format!(
                "{} of {limit} bytes, which is the limit",
                probes[0].method.short_name()
            ),
            "success",
            described(&error),
        ),
    }
}

async fn wire_17_too_large(cx: Cx) -> Outcome {
    // A server may end a connection over this; the other rules have another.
    let cx = cx.over_new_connection();
    let (limit, probes) = (limit(&cx)?, some(reads(&cx))?);
    for more in [1, 64 * 1024] {
        let message = padded(&probes[0], &cx, limit + more);
        let what = format!(
            "{} of {more} bytes more than the limit",
            probes[0].method.short_name()
        );
        match cx.raw(probes[0].method.path, message).await {
            Err(error) if matches!(error.code, Code::ResourceExhausted | Code::OutOfRange) => {}
            Err(error) => return broken(what, "RESOURCE_EXHAUSTED", described(&error)),
            Ok(answer) => return broken(what, "RESOURCE_EXHAUSTED", shown(&answer)),
        }
        still_serves(&cx).await?;
    }
    Ok(())
}

async fn wire_18_unknown_fields(cx: Cx) -> Outcome {
    // A number, eight bytes, a text and four bytes, each under a number of its own.
    let fields: &[u8] = b"\xf8\xff\xff\xff\x0f\x01\xf1\xff\xff\xff\x0f12345678\xea\xff\xff\xff\x0f\x02ab\xe5\xff\xff\xff\x0f1234";
    let mut message = introduction(cx.org_id()).encode_to_vec();
    message.extend(fields);
    if let Err(error) = cx.raw(DESCRIBE.method.path, message).await {
        return broken("Describe with unknown fields", "success", described(&error));
    }
    for probe in reads(&cx) {
        let plain = probe.with(caller(&cx).context());
        let mut more = plain.clone();
        more.extend(fields);
        let what = format!("{} with unknown fields", probe.method.short_name());
        let answer = cx.raw(probe.method.path, more).await;
        same(&what, &answer, &cx.raw(probe.method.path, plain).await)?;
    }
    Ok(())
}

async fn wire_19_garbage(cx: Cx) -> Outcome {
    // A server may end a connection over this; the other rules have another.
    let cx = cx.over_new_connection();
    for probe in some(reads(&cx))? {
        // A group that is not closed, a length beyond the end, a number without an end.
        let mut messages = vec![
            b"\x0b".to_vec(),
            b"\x0a\xff\xff\x03abc".to_vec(),
            vec![0x80; 12],
        ];
        let mut noise = cx.random_bytes(512);
        noise.insert(0, 0x07);
        messages.push(noise);
        for message in messages {
            let what = format!("{} of bytes that are no message", probe.method.short_name());
            match cx.raw(probe.method.path, message).await {
                Ok(answer) => return broken(what, "an error", shown(&answer)),
                Err(error) if error.code == Code::Unavailable => {
                    return broken(
                        what,
                        "an error, and a connection that goes on",
                        described(&error),
                    );
                }
                Err(_) => {}
            }
        }
    }
    still_serves(&cx).await
}

async fn wire_20_short_texts(cx: Cx) -> Outcome {
    // Headers that are too long cost the connection, which other rules use.
    let cx = cx.over_new_connection();
    let probes = reads_of(&cx, &|prefix| format!("{prefix}_{}", "ü".repeat(50_000)));
    for probe in some(probes)? {
        let what = probe.method.short_name();
        match cx
            .raw(probe.method.path, probe.with(caller(&cx).context()))
            .await
        {
            Ok(answer) => {
                return broken(
                    format!("{what} of a malformed id of 100 KB"),
                    "an error",
                    shown(&answer),
                );
            }
            Err(error) => {
                same(
                    &format!("the reason of {what}'s error: {}", described(&error)),
                    &error.reason,
                    &Some(ErrorReason::InvalidField),
                )?;
                that(
                    &format!("the size of the text of {what}'s error"),
                    "at most 2048 bytes",
                    error.message.len() <= TEXT_MAX,
                    &error.message.len(),
                )?;
            }
        }
    }
    Ok(())
}

async fn wire_21_impatient(cx: Cx) -> Outcome {
    let probes = some(reads(&cx))?;
    for micros in [0, 1, 50, 500] {
        // A server may end a connection over which too many callers went away.
        let gone = cx
            .over_new_connection()
            .with_patience(Duration::from_micros(micros));
        let calls = (0..32).map(|index| {
            let probe: &Probe = &probes[index % probes.len()];
            gone.raw(probe.method.path, probe.with(caller(&cx).context()))
        });
        drop(join_all(calls).await);
    }
    still_serves(&cx).await?;
    still_serves(&cx.over_new_connection()).await
}

async fn wire_22_at_once(cx: Cx) -> Outcome {
    let probes = some(reads(&cx))?;
    let calls = (0..64).map(|index| {
        let probe: &Probe = &probes[index % probes.len()];
        cx.raw(probe.method.path, probe.with(caller(&cx).context()))
    });
    for answer in join_all(calls).await {
        if let Err(error) = answer {
            let is_lost = matches!(
                error.code,
                Code::Unavailable
                    | Code::DeadlineExceeded
                    | Code::Cancelled
                    | Code::Unknown
                    | Code::Internal
            );
            that(
                "one of 64 calls at once",
                "an answer",
                !is_lost,
                &described(&error),
            )?;
        }
    }
    Ok(())
}

async fn wire_23_nothing_there(cx: Cx) -> Outcome {
    for path in [
        "/mortise.adapter.v1.NoSuchService/Nothing",
        "/mortise.adapter.v1.AdapterService/Nothing",
    ] {
        match cx.raw(path, bytes::Bytes::new()).await {
            Ok(answer) => return broken(path, "UNIMPLEMENTED", shown(&answer)),
            Err(error) => same(
                &format!("the code of {path}"),
                &error.code,
                &Code::Unimplemented,
            )?,
        }
    }
    Ok(())
}

async fn wire_24_health(cx: Cx) -> Outcome {
    match health(&cx).await {
        Ok(status) => same(
            "the status of Health/Check, where Up is SERVING",
            &status,
            &HealthStatus::Up,
        ),
        Err(error) => broken("Health/Check", "success", described(&error)),
    }
}

async fn wire_25_reflection(cx: Cx) -> Outcome {
    let request = ReflectionRequest {
        list_services: "*".into(),
    };
    let answer = cx
        .raw(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request.encode_to_vec(),
        )
        .await;
    let answer = match answer {
        Ok(answer) => ReflectionResponse::decode(answer).unwrap_or_default(),
        Err(error) => return broken("ServerReflectionInfo", "success", described(&error)),
    };
    let names: Vec<_> = answer
        .list
        .unwrap_or_default()
        .services
        .into_iter()
        .map(|service| service.name)
        .collect();
    for offer in &cx.shared.described.services {
        that(
            "the services of ServerReflectionInfo",
            &format!("{} among them", offer.name),
            names.contains(&offer.name),
            &names,
        )?;
    }
    Ok(())
}
