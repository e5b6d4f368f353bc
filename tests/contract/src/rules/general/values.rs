//! Times that things were made and changed at, open JSON and texts.

use super::stored;
use crate::check::{Outcome, absent, present, same, skipped};
use crate::context::Cx;
use crate::rule::Group;
use crate::rules::common::{AWKWARD_JSON, awkward_texts, not_before, same_json};
use crate::rules::probes::caller;
use mortise_proto::pb;
use mortise_proto::rpc::table::{
    platform_store_service as platform, session_mutator_service as mutator,
    session_resource_registry_service as registry, session_storage_store_service as storage,
    session_store_service as sessions,
};

pub(super) fn rules(group: Group) -> Group {
    group
        .hard("GEN-09", "updated_at is never before created_at.", "session_file.rs:97-101", gen_09_times)
        .hard("GEN-10", "created_at never changes.", "IM:175-184, IM:518-521", gen_10_made_once)
        .hard("GEN-11", "Open JSON values keep integers beyond 2^53, 1 apart from 1.0, nulls, empty objects and keys of any script.", "platform_types.proto", gen_11_json)
        .hard("GEN-12", "In optional JSON, absent, `null` and `{}` stay apart.", "message.rs:432-438", gen_12_null_apart)
        .hard("GEN-13", "Texts with NUL, emoji, line ends of every kind and of 1 MiB survive.", "web_fetch.rs:256", gen_13_texts)
}

/// A key of a session as it is listed, after some writes of it.
async fn written(cx: &Cx, id: &str, value: &str) -> Outcome<pb::KeyInfo> {
    let request = pb::SetValueRequest {
        context: None,
        session_id: id.into(),
        key: "k".into(),
        value: value.into(),
    };
    cx.call(&storage::SET_VALUE, request).await?;
    let request = pb::ListKeysRequest {
        context: None,
        session_id: id.into(),
    };
    let keys = cx.call(&storage::LIST_KEYS, request).await?.keys;
    present(
        "the key in ListKeys",
        keys.into_iter().find(|info| info.key == "k"),
    )
}

async fn titled(cx: &Cx, id: &str, title: &str) -> Outcome<pb::Session> {
    let request = pb::UpdateSessionTitleRequest {
        session_id: id.into(),
        title: title.into(),
        ..Default::default()
    };
    let answer = cx.call(&mutator::UPDATE_SESSION_TITLE, request).await?;
    present("UpdateSessionTitle.session", answer.session)
}

async fn gen_09_times(cx: Cx) -> Outcome {
    let mut held = false;
    if cx.offers(storage::NAME) {
        let info = written(&cx, &cx.session().await?, "v").await?;
        not_before(
            "updated_at of a key",
            info.updated_at.as_ref(),
            info.created_at.as_ref(),
        )?;
        held = true;
    }
    if cx.offers(sessions::NAME) && !cx.shared.seeds.are_invented() {
        let session = present("the session", stored(&cx, &cx.session().await?).await?)?;
        not_before(
            "updated_at of a session",
            session.updated_at.as_ref(),
            session.created_at.as_ref(),
        )?;
        held = true;
    }
    match held {
        true => Ok(()),
        false => skipped("no service whose answers have both times is offered"),
    }
}

async fn gen_10_made_once(cx: Cx) -> Outcome {
    let mut held = false;
    if cx.offers(storage::NAME) {
        let id = cx.session().await?;
        let first = written(&cx, &id, "1").await?;
        same(
            "created_at of a key that was set again",
            &written(&cx, &id, "2").await?.created_at,
            &first.created_at,
        )?;
        held = true;
    }
    if cx.offers(mutator::NAME) && !cx.shared.seeds.are_invented() {
        let id = cx.session().await?;
        let first = titled(&cx, &id, "one").await?;
        same(
            "created_at of a session whose title was changed",
            &titled(&cx, &id, "two").await?.created_at,
            &first.created_at,
        )?;
        held = true;
    }
    match held {
        true => Ok(()),
        false => skipped("neither SessionStorageStoreService nor SessionMutatorService is offered"),
    }
}

/// JSON as it comes back: of a blueprint's configuration, else of a resource's metadata,
/// else of a value, which is text.
async fn there_and_back(cx: &Cx, json: &str) -> Outcome<String> {
    if cx.offers(platform::NAME) {
        let session = blueprint(cx, Some(json)).await?;
        return present("blueprint_config_json", session.blueprint_config_json);
    }
    if cx.offers(registry::NAME) {
        let request = pb::RegisterRequest {
            context: None,
            session_id: cx.session().await?,
            resource_id: "probe".into(),
            kind: "probe".into(),
            display_name: "Probe".into(),
            status: pb::SessionResourceStatus::Active.into(),
            metadata_json: json.into(),
        };
        let entry = cx.call(&registry::REGISTER, request).await?.entry;
        return Ok(present("Register.entry", entry)?.metadata_json);
    }
    if cx.offers(storage::NAME) {
        return kept(cx, json).await;
    }
    skipped("no service that keeps open JSON, of those that the suite tries, is offered")
}

async fn kept(cx: &Cx, text: &str) -> Outcome<String> {
    let id = cx.session().await?;
    written(cx, &id, text).await?;
    let request = pb::GetValueRequest {
        context: None,
        session_id: id,
        key: "k".into(),
    };
    present(
        "GetValue.value",
        cx.call(&storage::GET_VALUE, request).await?.value,
    )
}

async fn blueprint(cx: &Cx, config: Option<&str>) -> Outcome<pb::Session> {
    let cx = caller(cx);
    let request = pb::CreateSessionRequest {
        harness_id: cx.harness().await?,
        blueprint_id: Some("coder".into()),
        blueprint_config_json: config.map(Into::into),
        ..Default::default()
    };
    let made = cx.call(&platform::CREATE_SESSION, request).await?.session;
    let id = present("CreateSession.session", made)?.id;
    present("the session", stored(&cx, &id).await?)
}

async fn gen_11_json(cx: Cx) -> Outcome {
    same_json(
        "an open JSON value",
        &there_and_back(&cx, AWKWARD_JSON).await?,
        AWKWARD_JSON,
    )
}

async fn gen_12_null_apart(cx: Cx) -> Outcome {
    for text in ["null", "{}", "[]", "\"\""] {
        same_json(
            "an open JSON value",
            &there_and_back(&cx, text).await?,
            text,
        )?;
    }
    if cx.offers(platform::NAME) {
        let session = blueprint(&cx, None).await?;
        absent(
            "blueprint_config_json that was not given",
            session.blueprint_config_json,
        )?;
    }
    Ok(())
}

async fn gen_13_texts(cx: Cx) -> Outcome {
    let mut texts = awkward_texts();
    texts.push("ü\r\n\0".repeat(220 * 1024));
    for text in texts {
        if cx.offers(storage::NAME) {
            same("GetValue.value", &kept(&cx, &text).await?, &text)?;
        } else if cx.offers(platform::NAME) {
            let request = pb::CreateAgentRequest {
                name: cx.name("texts"),
                system_prompt: text.clone(),
                ..Default::default()
            };
            let agent = caller(&cx)
                .call(&platform::CREATE_AGENT, request)
                .await?
                .agent;
            same(
                "CreateAgent.agent.system_prompt",
                &present("CreateAgent.agent", agent)?.system_prompt,
                &text,
            )?;
        } else {
            return skipped(
                "neither SessionStorageStoreService nor PlatformStoreService is offered",
            );
        }
    }
    Ok(())
}
