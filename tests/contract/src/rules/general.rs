//! What holds of every service alike: ids, absence, errors, times, open values. Each rule
//! takes what the server offers, and leaves the rest out. Times and values are in `values`.

mod errors;
mod leaving;
mod values;

use super::probes::{ContextAlone, caller, reads, reads_of};
use crate::advice::advised;
use crate::check::{Outcome, broken, present, same, shown, skipped, that};
use crate::context::{Cx, described, fresh_id};
use crate::fixtures::is_id;
use crate::rule::{Group, Need, Rule};
use futures::future::join_all;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::Effect;
use mortise_proto::rpc::table::{
    METHODS, SERVICES, adapter_service, agent_store_service as agents,
    harness_store_service as harnesses, platform_store_service as platform,
    session_storage_store_service as storage, session_store_service as sessions,
};
use prost::Message;
use tonic::Code;

/// Makes an id of the prefix that it should have.
type MakeId = fn(&str) -> String;

pub(crate) fn rules() -> Vec<Rule> {
    let group = Group::of(adapter_service::NAME)
        .hard("GEN-01", "Every id of a session in an answer has its prefix and 32 lower-case hex digits.", "ID:85-121", gen_01_ids)
        .hard("GEN-02", "An id with a wrong prefix, in capitals or of a wrong length is refused as INVALID_FIELD, by a read of each service.", "ID:85-121", gen_02_malformed)
        .hard("GEN-03", "An id of zeros is well formed.", "ID:125", gen_03_nil)
        .hard("GEN-04", "No service lets an org read a session of another org.", "H:86-100", gen_04_other_org).needs(&[Need::OtherOrg])
        .hard("GEN-05", "Harnesses, agents and sessions of one org are absent for another.", "H:86-92", gen_05_disjoint).needs(&[Need::OtherOrg, Need::Harness, Need::Agent, Need::Session])
        .hard("GEN-06", "A record that does not exist is absent in the answer, not an error.", "T:41, T:71, T:96", gen_06_not_there)
        .hard("GEN-07", "An error has a reason of the contract and a text without upstream's prefix.", "ER:19-83", errors::gen_07_raw_texts)
        .hard("GEN-08", "An error that says what was not found carries its id.", "ER:63-72", errors::gen_08_typed);
    let group = leaving::rules(values::rules(group))
        .hard(
            "GEN-14",
            "A service that is not listed answers UNIMPLEMENTED, and no empty success.",
            "H:102-192",
            gen_14_unlisted,
        )
        .hard(
            "GEN-15",
            "No error quotes a secret.",
            "options.proto, secret",
            errors::gen_15_no_secret,
        )
        .hard(
            "GEN-16",
            "32 equal reads at the same time have equal answers.",
            "tool_scheduler.rs:42",
            gen_16_equal_reads,
        );
    advised(group.list(), include_str!("general/advice.md"))
}

async fn stored(cx: &Cx, id: &str) -> Outcome<Option<pb::Session>> {
    if cx.offers(sessions::NAME) {
        let request = pb::GetSessionRequest {
            context: None,
            session_id: id.into(),
        };
        return Ok(cx.call(&sessions::GET_SESSION, request).await?.session);
    }
    if cx.offers(platform::NAME) {
        let request = pb::GetSessionByIdRequest {
            context: None,
            session_id: id.into(),
        };
        return Ok(caller(cx)
            .call(&platform::GET_SESSION_BY_ID, request)
            .await?
            .session);
    }
    skipped("no service that reads sessions is offered")
}

async fn gen_01_ids(cx: Cx) -> Outcome {
    let session = stored(&cx, &cx.known_session().await?).await?;
    let session = present("the session", session)?;
    let agent = session.agent_id.clone();
    for (id, prefix) in [
        (Some(session.id), "session"),
        (Some(session.organization_id), "org"),
        (Some(session.harness_id), "harness"),
        (Some(session.owner_principal_id), "principal"),
        (agent, "agent"),
    ] {
        let Some(id) = id else { continue };
        that(
            "an id of a session",
            &format!("`{prefix}_` and 32 lower-case hex digits"),
            is_id(&id, prefix),
            &id,
        )?;
    }
    Ok(())
}

async fn gen_02_malformed(cx: Cx) -> Outcome {
    let kinds: [(&str, MakeId); 4] = [
        ("of another type", |_| fresh_id("wrong")),
        ("too short", |prefix| format!("{prefix}_1")),
        ("in capitals", |prefix| {
            format!("{prefix}_0000000000000000000000000000000A")
        }),
        ("empty", |_| String::new()),
    ];
    for (kind, make) in kinds {
        for probe in reads_of(&cx, &make) {
            let what = format!("{} of an id that is {kind}", probe.method.short_name());
            match cx
                .raw(probe.method.path, probe.with(caller(&cx).context()))
                .await
            {
                Err(error)
                    if error.reason == Some(ErrorReason::InvalidField)
                        && error.code == Code::InvalidArgument => {}
                Err(error) => {
                    return broken(what, "INVALID_ARGUMENT (INVALID_FIELD)", described(&error));
                }
                Ok(answer) => {
                    return broken(what, "INVALID_ARGUMENT (INVALID_FIELD)", shown(&answer));
                }
            }
        }
    }
    Ok(())
}

async fn gen_03_nil(cx: Cx) -> Outcome {
    for probe in reads_of(&cx, &|prefix| format!("{prefix}_{:032}", 0)) {
        if let Err(error) = cx
            .raw(probe.method.path, probe.with(caller(&cx).context()))
            .await
        {
            let is_invalid = error.code == Code::InvalidArgument;
            that(
                &format!("{} of an id of zeros", probe.method.short_name()),
                "not INVALID_ARGUMENT",
                !is_invalid,
                &described(&error),
            )?;
        }
    }
    Ok(())
}

/// Every read about a session, made by another org, answers as it does about nothing.
async fn gen_04_other_org(cx: Cx) -> Outcome {
    let (id, other) = (cx.session().await?, cx.in_other_org()?);
    if cx.offers(storage::NAME) {
        let request = pb::SetValueRequest {
            context: None,
            session_id: id.clone(),
            key: "k".into(),
            value: "for this org alone".into(),
        };
        cx.call(&storage::SET_VALUE, request).await?;
    }
    if cx.offers(platform::NAME) {
        let request = pb::SendMessageRequest {
            context: None,
            session_id: id.clone(),
            content: "for this org alone".into(),
        };
        caller(&cx).call(&platform::SEND_MESSAGE, request).await?;
    }
    let about = reads_of(&other, &|prefix| match prefix {
        "session" => id.clone(),
        _ => fresh_id(prefix),
    });
    for probe in about {
        // To refuse is right; to answer is right if the answer is empty.
        if let Ok(answer) = other
            .raw(probe.method.path, probe.with(caller(&other).context()))
            .await
        {
            same(
                &format!("the answer of {} to another org", probe.method.short_name()),
                &answer,
                &bytes::Bytes::new(),
            )?;
        }
    }
    Ok(())
}

async fn gen_05_disjoint(cx: Cx) -> Outcome {
    let other = cx.in_other_org()?;
    let (harness, agent, session) = (cx.harness().await?, cx.agent().await?, cx.session().await?);
    let about = reads_of(&cx, &|prefix| match prefix {
        "harness" => harness.clone(),
        "agent" => agent.clone(),
        "session" => session.clone(),
        _ => fresh_id(prefix),
    });
    for probe in about {
        let records = [sessions::NAME, agents::NAME, harnesses::NAME];
        if !records.contains(&probe.method.service) {
            continue;
        }
        let own = cx
            .raw(probe.method.path, probe.with(caller(&cx).context()))
            .await;
        let is_there = own.as_ref().is_ok_and(|answer| !answer.is_empty());
        that(
            &format!("{} in its own org", probe.method.short_name()),
            "the record",
            is_there,
            &own,
        )?;
        if let Ok(answer) = other
            .raw(probe.method.path, probe.with(caller(&other).context()))
            .await
        {
            same(
                &format!("{} in another org", probe.method.short_name()),
                &answer,
                &bytes::Bytes::new(),
            )?;
        }
    }
    Ok(())
}

async fn gen_06_not_there(cx: Cx) -> Outcome {
    let id = cx.session().await?;
    for probe in reads_of(&cx, &|prefix| {
        if prefix == "session" {
            id.clone()
        } else {
            fresh_id(prefix)
        }
    }) {
        if let Err(error) = cx
            .raw(probe.method.path, probe.with(caller(&cx).context()))
            .await
        {
            return broken(
                format!("{} of what is not there", probe.method.short_name()),
                "success",
                described(&error),
            );
        }
    }
    for probe in reads(&cx) {
        if probe.method.service == storage::NAME {
            // Whether values of a session that is not there are an error, the server decides.
            continue;
        }
        match cx
            .raw(probe.method.path, probe.with(caller(&cx).context()))
            .await
        {
            Ok(answer) => same(
                &format!("{} of what is not there", probe.method.short_name()),
                &answer,
                &bytes::Bytes::new(),
            )?,
            Err(error) => {
                return broken(
                    format!("{} of what is not there", probe.method.short_name()),
                    "success",
                    described(&error),
                );
            }
        }
    }
    Ok(())
}

async fn gen_14_unlisted(cx: Cx) -> Outcome {
    if SERVICES.iter().all(|service| cx.offers(service)) {
        return skipped("the server offers every service");
    }
    let context = ContextAlone {
        context: Some(caller(&cx).context()),
    };
    let absent = METHODS
        .iter()
        .filter(|method| !cx.offers(method.service) && method.service != adapter_service::NAME);
    for method in absent {
        match cx.raw(method.path, context.encode_to_vec()).await {
            Err(error) if error.code == Code::Unimplemented => {}
            // Which is missed first, the service or a field, the server decides.
            Err(error)
                if error.code == Code::InvalidArgument && method.effect != Effect::Unsafe => {}
            Err(error) => {
                return broken(
                    method.short_name(),
                    "UNIMPLEMENTED: Describe does not list its service",
                    described(&error),
                );
            }
            Ok(answer) => {
                return broken(
                    method.short_name(),
                    "UNIMPLEMENTED: Describe does not list its service",
                    shown(&answer),
                );
            }
        }
    }
    Ok(())
}

async fn gen_16_equal_reads(cx: Cx) -> Outcome {
    let id = cx.session().await?;
    for probe in reads_of(&cx, &|prefix| {
        if prefix == "session" {
            id.clone()
        } else {
            fresh_id(prefix)
        }
    }) {
        let bytes = probe.with(caller(&cx).context());
        let calls = (0..32).map(|_| cx.raw(probe.method.path, bytes.clone()));
        let answers = join_all(calls).await;
        for answer in &answers[1..] {
            same(
                &format!("the answer to one of 32 {}", probe.method.short_name()),
                answer,
                &answers[0],
            )?;
        }
    }
    Ok(())
}
