//! What errors say, and what they must not.

use crate::check::{Outcome, broken, present, skipped, that};
use crate::context::{Cx, described, fresh_id};
use crate::fixtures::is_id;
use crate::rules::probes::{caller, reads_of};
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::{
    platform_store_service as platform, runtime_host_service as host,
    session_mutator_service as mutator, session_storage_store_service as storage,
};

/// What upstream puts before the text of an error when it shows it.
const PREFIXES: [&str; 6] = [
    "LLM error:",
    "Message store error:",
    "Configuration error:",
    "Session not found: session not found",
    "Internal error:",
    "status:",
];

/// Errors of the server, brought about by changes to what is not there.
async fn provoked(cx: &Cx) -> Vec<StoreError> {
    let mut errors = Vec::new();
    if cx.offers(mutator::NAME) {
        let request = pb::UpdateSessionTitleRequest {
            session_id: fresh_id("session"),
            title: "x".into(),
            ..Default::default()
        };
        errors.extend(
            cx.attempt(&mutator::UPDATE_SESSION_TITLE, request)
                .await
                .err(),
        );
    }
    if cx.offers(host::NAME) {
        let request = pb::SetSessionStatusRequest {
            context: None,
            session_id: fresh_id("session"),
            status: pb::SessionStatus::Idle.into(),
        };
        errors.extend(cx.attempt(&host::SET_SESSION_STATUS, request).await.err());
        let request = pb::LoadTurnContextRequest {
            session_id: fresh_id("session"),
            ..Default::default()
        };
        let context = cx.attempt_collect(&host::LOAD_TURN_CONTEXT, request).await;
        errors.extend(context.err());
    }
    if cx.offers(platform::NAME) {
        let request = pb::DeleteHarnessRequest {
            context: None,
            harness_id: fresh_id("harness"),
        };
        errors.extend(
            caller(cx)
                .attempt(&platform::DELETE_HARNESS, request)
                .await
                .err(),
        );
    }
    for probe in reads_of(cx, &|_| "malformed".into()) {
        errors.extend(
            cx.raw(probe.method.path, probe.with(caller(cx).context()))
                .await
                .err(),
        );
    }
    errors
}

pub(super) async fn gen_07_raw_texts(cx: Cx) -> Outcome {
    for error in provoked(&cx).await {
        present(
            "the reason of an error (ErrorInfo of domain mortise.adapter.v1)",
            error.reason,
        )
        .or_else(|_| {
            broken(
                "an error's ErrorInfo",
                "domain mortise.adapter.v1 and a reason of errors.proto",
                described(&error),
            )
        })?;
        let has_prefix = PREFIXES
            .iter()
            .any(|prefix| error.message.starts_with(prefix));
        that(
            "the text of an error",
            "raw, without a prefix",
            !has_prefix && !error.message.is_empty(),
            &error.message,
        )?;
    }
    Ok(())
}

pub(super) async fn gen_08_typed(cx: Cx) -> Outcome {
    let errors = provoked(&cx).await.into_iter();
    let typed: Vec<_> = errors
        .filter(|error| {
            matches!(
                error.reason,
                Some(
                    ErrorReason::SessionNotFound
                        | ErrorReason::AgentNotFound
                        | ErrorReason::HarnessNotFound
                )
            )
        })
        .collect();
    if typed.is_empty() {
        return skipped(
            "no call that the suite makes is answered with SESSION_NOT_FOUND, AGENT_NOT_FOUND or HARNESS_NOT_FOUND",
        );
    }
    for error in typed {
        let id = error
            .metadata
            .get("id")
            .map(String::as_str)
            .unwrap_or_default();
        let is_one = ["session", "agent", "harness"]
            .iter()
            .any(|prefix| is_id(id, prefix));
        that(
            &format!("metadata.id of {}", described(&error)),
            "the id that was asked for",
            is_one,
            id,
        )?;
    }
    Ok(())
}

pub(super) async fn gen_15_no_secret(cx: Cx) -> Outcome {
    const MARKER: &str = "marker-4c1d77";
    let mut errors = Vec::new();
    if cx.offers(storage::NAME) {
        for session_id in [
            "malformed".to_string(),
            fresh_id("session"),
            cx.session().await?,
        ] {
            let request = pb::SetSecretRequest {
                context: None,
                session_id,
                name: "\0".repeat(300),
                value: MARKER.into(),
            };
            errors.extend(cx.attempt(&storage::SET_SECRET, request).await.err());
        }
    }
    if cx.offers(platform::NAME) {
        for app_id in ["malformed".to_string(), fresh_id("app")] {
            let request = pb::AddAppChannelRequest {
                app_id,
                channel_type: pb::ChannelType::Slack.into(),
                channel_config_json: Some(format!("{{\"token\": \"{MARKER}\", {MARKER}")),
                ..Default::default()
            };
            errors.extend(
                caller(&cx)
                    .attempt(&platform::ADD_APP_CHANNEL, request)
                    .await
                    .err(),
            );
        }
    }
    if errors.is_empty() {
        return skipped("no method that takes a secret, of those that the suite tries, refused it");
    }
    for error in errors {
        let all = format!("{error:?}");
        that(
            "an error of a call that held a secret",
            "without the secret",
            !all.contains(MARKER),
            &all,
        )?;
    }
    Ok(())
}
