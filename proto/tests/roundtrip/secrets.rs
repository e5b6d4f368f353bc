//! Secrets stay out of debug dumps.

use std::collections::BTreeMap;
use std::fmt::Debug;

use mortise_proto::{FILE_DESCRIPTOR_SET, pb};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};

pub(crate) const MARKER: &str = "marker-of-a-secret";

pub(crate) fn message(name: &str) -> MessageDescriptor {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    pool.get_message_by_name(&format!("mortise.adapter.v1.{name}"))
        .unwrap()
}

/// Whether the contract marks the field as a secret.
pub(crate) fn is_secret(field: &FieldDescriptor) -> bool {
    let option = field
        .parent_pool()
        .get_extension_by_name("mortise.adapter.v1.secret")
        .unwrap();
    field.options().get_extension(&option).as_bool() == Some(true)
}

/// The dump of a message whose every secret is the marker.
fn dump<W: prost::Message + Default + Debug>(name: &str) -> String {
    let message = message(name);
    let mut filled = DynamicMessage::new(message.clone());
    for field in message.fields().filter(is_secret) {
        let secret = Value::String(MARKER.to_string());
        let secret = if field.is_map() {
            Value::Map([(MapKey::String(MARKER.to_string()), secret)].into())
        } else if field.kind() == Kind::Bytes {
            Value::Bytes(MARKER.as_bytes().to_vec().into())
        } else {
            secret
        };
        filled.set_field(&field, secret);
    }
    let typed: W = filled.transcode_to().unwrap();
    format!("{typed:?} {typed:#?}")
}

/// No message shows a secret in its debug dump, and none that has one is left out
/// of this test.
#[test]
fn no_debug_dump_shows_a_secret() {
    let dumps = BTreeMap::from([
        ("AppChannel", dump::<pb::AppChannel>("AppChannel")),
        (
            "CreateAppRequest",
            dump::<pb::CreateAppRequest>("CreateAppRequest"),
        ),
        (
            "AddAppChannelRequest",
            dump::<pb::AddAppChannelRequest>("AddAppChannelRequest"),
        ),
        (
            "UpdateAppChannelRequest",
            dump::<pb::UpdateAppChannelRequest>("UpdateAppChannelRequest"),
        ),
        (
            "AgentCapabilityConfig",
            dump::<pb::AgentCapabilityConfig>("AgentCapabilityConfig"),
        ),
        ("Connection", dump::<pb::Connection>("Connection")),
        (
            "GetConnectionMetadataResponse",
            dump::<pb::GetConnectionMetadataResponse>("GetConnectionMetadataResponse"),
        ),
        (
            "GetConnectionTokenForUserResponse",
            dump::<pb::GetConnectionTokenForUserResponse>("GetConnectionTokenForUserResponse"),
        ),
        (
            "GetConnectionTokenResponse",
            dump::<pb::GetConnectionTokenResponse>("GetConnectionTokenResponse"),
        ),
        (
            "ProviderCredentials",
            dump::<pb::ProviderCredentials>("ProviderCredentials"),
        ),
        (
            "GetSecretResponse",
            dump::<pb::GetSecretResponse>("GetSecretResponse"),
        ),
        (
            "GetValueResponse",
            dump::<pb::GetValueResponse>("GetValueResponse"),
        ),
        ("EgressHead", dump::<pb::EgressHead>("EgressHead")),
        ("EgressRequest", dump::<pb::EgressRequest>("EgressRequest")),
        ("Event", dump::<pb::Event>("Event")),
        ("SendResponse", dump::<pb::SendResponse>("SendResponse")),
        (
            "SendStreamResponse",
            dump::<pb::SendStreamResponse>("SendStreamResponse"),
        ),
        (
            "MachinePaymentRequest",
            dump::<pb::MachinePaymentRequest>("MachinePaymentRequest"),
        ),
        (
            "MachinePaymentResponse",
            dump::<pb::MachinePaymentResponse>("MachinePaymentResponse"),
        ),
        ("McpCredential", dump::<pb::McpCredential>("McpCredential")),
        (
            "McpHttpEndpoint",
            dump::<pb::McpHttpEndpoint>("McpHttpEndpoint"),
        ),
        (
            "McpStdioEndpoint",
            dump::<pb::McpStdioEndpoint>("McpStdioEndpoint"),
        ),
        ("Message", dump::<pb::Message>("Message")),
        (
            "ModelWithProvider",
            dump::<pb::ModelWithProvider>("ModelWithProvider"),
        ),
        ("DataPiece", dump::<pb::DataPiece>("DataPiece")),
        ("NewEvent", dump::<pb::NewEvent>("NewEvent")),
        (
            "ScopedMcpServer",
            dump::<pb::ScopedMcpServer>("ScopedMcpServer"),
        ),
        (
            "SqlExecuteRequest",
            dump::<pb::SqlExecuteRequest>("SqlExecuteRequest"),
        ),
        (
            "SqlQueryRequest",
            dump::<pb::SqlQueryRequest>("SqlQueryRequest"),
        ),
        ("SqlRow", dump::<pb::SqlRow>("SqlRow")),
        (
            "SetSecretRequest",
            dump::<pb::SetSecretRequest>("SetSecretRequest"),
        ),
        (
            "SetValueRequest",
            dump::<pb::SetValueRequest>("SetValueRequest"),
        ),
        (
            "GetTurnResponse",
            dump::<pb::GetTurnResponse>("GetTurnResponse"),
        ),
        (
            "JournaledToolCall",
            dump::<pb::JournaledToolCall>("JournaledToolCall"),
        ),
        (
            "PutTurnRequest",
            dump::<pb::PutTurnRequest>("PutTurnRequest"),
        ),
        (
            "SettleToolCallRequest",
            dump::<pb::SettleToolCallRequest>("SettleToolCallRequest"),
        ),
        ("LlmMessage", dump::<pb::LlmMessage>("LlmMessage")),
        ("LlmReasonItem", dump::<pb::LlmReasonItem>("LlmReasonItem")),
        (
            "ChatCompletionResponse",
            dump::<pb::ChatCompletionResponse>("ChatCompletionResponse"),
        ),
        (
            "ChatCompletionStreamResponse",
            dump::<pb::ChatCompletionStreamResponse>("ChatCompletionStreamResponse"),
        ),
    ]);
    let pool = message("Session").parent_pool().clone();
    let with_secrets: Vec<String> = pool
        .all_messages()
        .filter(|message| message.fields().any(|field| is_secret(&field)))
        .map(|message| message.name().to_string())
        .collect();
    for name in &with_secrets {
        assert!(dumps.contains_key(name.as_str()), "{name} is not tested");
    }
    assert_eq!(with_secrets.len(), dumps.len());
    for (name, dump) in dumps {
        assert!(!dump.contains(MARKER), "{name} shows a secret: {dump}");
        assert!(dump.contains("[redacted]"), "{name}: {dump}");
    }
}

/// A secret stays out of the dump of whatever holds its message.
#[test]
fn a_secret_stays_hidden_inside_other_messages() {
    let model = pb::ModelWithProvider {
        api_key: Some(MARKER.to_string()),
        ..Default::default()
    };
    let snapshot = pb::TurnSnapshot {
        model: Some(model),
        ..Default::default()
    };
    assert!(!format!("{snapshot:?}").contains(MARKER));
}
