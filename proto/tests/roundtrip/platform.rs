//! Apps, capabilities, reports: what the platform store alone has.

use everruns_core::app::{AgentVersionPolicy, App, AppChannel, AppStatus, ChannelType};
use everruns_core::capabilities::RiskLevel;
use everruns_core::capability_dto::CapabilityInfo;
use everruns_core::capability_types::CapabilityStatus;
use everruns_core::context_report::{
    ContextReportContribution, ContextReportSection, SessionContextReport,
};
use everruns_core::platform_store::PlatformMessage;
use everruns_core::typed_id::{AgentIdentityId, HarnessId};
use mortise_proto::convert::platform_store::{
    identity_change, optional_channel_config, parent_change, to_identity_change,
    to_optional_channel_config, to_parent_change,
};
use mortise_proto::pb;
use mortise_proto::pb::update_app_request::AgentIdentity;
use mortise_proto::pb::update_harness_request::ParentHarness;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::properties::{crosses, debug_form, through_bytes};
use crate::secrets::MARKER;
use crate::tape::{Arb, Tape, arb_enum, arb_struct, tape};
use crate::walk::refuses;

arb_enum! {
    AppStatus { Draft, Published, Archived, Deleted }
    AgentVersionPolicy { Default, Latest, Pinned }
    ChannelType { Slack, AgUi, Schedule, Webhook, A2a, Fcp }
    CapabilityStatus { Available, ComingSoon, Deprecated }
    RiskLevel { Low, Medium, High }
}

arb_struct! {
    AppChannel {
        public_id, internal_id, channel_type, channel_config, enabled, created_at, updated_at,
    }
    App {
        public_id, internal_id, org_id, name, description, harness_id, agent_id,
        agent_version_policy, agent_version_id, agent_identity_id, owner_principal_id,
        resolved_owner_user_id, owner, effective_owner, channels, status, published_at,
        created_at, updated_at, archived_at, deleted_at,
    }
    CapabilityInfo {
        id, name, description, status, icon, category, system_prompt, tool_definitions, is_mcp,
        is_skill, dependencies, features, config_schema, config_ui_schema, risk_level,
        agent_count, harness_count, docs_slug,
    }
    ContextReportSection { key, label, tokens, items }
    ContextReportContribution { section_key, source_id, label, tokens }
    SessionContextReport {
        session_id, model, context_window_tokens, estimated_input_tokens, sections,
        contributions, cumulative_usage,
    }
    PlatformMessage { role, content, created_at }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Apps keep every field, those that upstream's JSON leaves out among them.
    #[test]
    fn apps(words in tape()) {
        let mut tape = Tape::new(&words);
        crosses::<App, pb::App>(tape.make(), debug_form);
        crosses::<AppChannel, pb::AppChannel>(tape.make(), debug_form);
    }

    /// Capabilities, reports and messages keep every field.
    #[test]
    fn what_is_read(words in tape()) {
        let mut tape = Tape::new(&words);
        crosses::<CapabilityInfo, pb::CapabilityInfo>(tape.make(), debug_form);
        crosses::<SessionContextReport, pb::SessionContextReport>(tape.make(), debug_form);
        crosses::<PlatformMessage, pb::PlatformMessage>(tape.make(), debug_form);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// What breaks the contract is refused by the field that is wrong.
    #[test]
    fn of_the_platform(words in tape()) {
        let mut tape = Tape::full(&words);
        refuses("App", &pb::App::from(tape.make::<App>()), App::try_from);
        let info: CapabilityInfo = tape.make();
        refuses("CapabilityInfo", &pb::CapabilityInfo::from(info), CapabilityInfo::try_from);
        let message: PlatformMessage = tape.make();
        refuses("PlatformMessage", &pb::PlatformMessage::from(message), PlatformMessage::try_from);
    }
}

/// To leave, to clear and to set are three things, also after the bytes.
#[test]
fn a_change_has_three_states() {
    let id = HarnessId::from_uuid(Uuid::from_u128(7));
    for change in [None, Some(None), Some(Some(id))] {
        let request = pb::UpdateHarnessRequest {
            parent_harness: to_parent_change(change),
            ..Default::default()
        };
        let back = through_bytes(&request).parent_harness;
        assert_eq!(parent_change(back), Ok(change));
    }
    let id = AgentIdentityId::from_uuid(Uuid::from_u128(7));
    for change in [None, Some(None), Some(Some(id))] {
        let request = pb::UpdateAppRequest {
            agent_identity: to_identity_change(change),
            ..Default::default()
        };
        let back = through_bytes(&request).agent_identity;
        assert_eq!(identity_change(back), Ok(change));
    }
    let wrong = parent_change(Some(ParentHarness::ParentHarnessId("agent_1".into())));
    assert_eq!(wrong.unwrap_err().path, "parent_harness_id");
    let wrong = identity_change(Some(AgentIdentity::AgentIdentityId(String::new())));
    assert_eq!(wrong.unwrap_err().path, "agent_identity_id");
}

/// A channel's configuration holds secrets: null is not absent, and an error repeats
/// nothing of it.
#[test]
fn a_channel_configuration_stays_hidden() {
    for config in [None, Some(Value::Null), Some(json!({"n": u64::MAX}))] {
        let wire = to_optional_channel_config(config.as_ref());
        assert_eq!(optional_channel_config(wire.as_deref()), Ok(config));
    }
    let broken = format!("{{\"bot_token\": \"{MARKER}\"");
    let error = optional_channel_config(Some(&broken)).unwrap_err();
    assert_eq!(error.path, "channel_config_json");
    assert!(!error.to_string().contains(MARKER), "{error}");
}
