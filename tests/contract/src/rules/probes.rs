//! Valid requests of several services, for the rules that hold of every service: a server
//! that offers one of them alone is held against those rules as well.

use crate::check::Outcome;
use crate::context::{Cx, fresh_id};
use crate::seed::NO_SESSION;
use mortise_proto::rpc::table::{
    agent_store_service as agents, harness_store_service as harnesses,
    message_retriever_service as messages, platform_store_service as platform,
    session_file_system_service as files, session_mutator_service as mutator,
    session_resource_registry_service as registry, session_storage_store_service as storage,
    session_store_service as sessions,
};
use mortise_proto::{Method, pb};
use prost::Message;

/// A valid request of a method.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    pub(crate) method: &'static Method,
    /// All of it but the context.
    body: Vec<u8>,
}

/// Any request as far as its context.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ContextAlone {
    #[prost(message, optional, tag = "1")]
    pub(crate) context: Option<pb::CallContext>,
}

// === impl Probe ===

impl Probe {
    pub(crate) fn of(method: &'static Method, request: &impl Message) -> Self {
        Self {
            method,
            body: request.encode_to_vec(),
        }
    }

    /// The request's bytes, with a context.
    pub(crate) fn with(&self, context: pb::CallContext) -> Vec<u8> {
        let context = ContextAlone {
            context: Some(context),
        };
        let mut bytes = context.encode_to_vec();
        bytes.extend(&self.body);
        bytes
    }
}

/// Who is calling: services that want to know for which session are told.
pub(crate) fn caller(cx: &Cx) -> Cx {
    cx.in_session(NO_SESSION)
}

/// A read of each service of those that the server offers, about an id that belongs to
/// nothing.
pub(crate) fn reads(cx: &Cx) -> Vec<Probe> {
    reads_of(cx, &|prefix| fresh_id(prefix))
}

/// The same about ids that `id` makes of the prefix they should have.
pub(crate) fn reads_of(cx: &Cx, id: &dyn Fn(&str) -> String) -> Vec<Probe> {
    let session_id = id("session");
    let all = vec![
        Probe::of(
            sessions::GET_SESSION.method,
            &pb::GetSessionRequest {
                context: None,
                session_id: session_id.clone(),
            },
        ),
        Probe::of(
            agents::GET_AGENT.method,
            &pb::GetAgentRequest {
                context: None,
                agent_id: id("agent"),
            },
        ),
        Probe::of(
            harnesses::GET_HARNESS_CHAIN.method,
            &pb::GetHarnessChainRequest {
                context: None,
                harness_id: id("harness"),
            },
        ),
        Probe::of(
            messages::LOAD_MESSAGES.method,
            &pb::LoadMessagesRequest {
                context: None,
                session_id: session_id.clone(),
            },
        ),
        Probe::of(
            platform::GET_APP.method,
            &pb::GetAppRequest {
                context: None,
                app_id: id("app"),
            },
        ),
        Probe::of(
            storage::LIST_KEYS.method,
            &pb::ListKeysRequest {
                context: None,
                session_id,
            },
        ),
    ];
    offered(cx, all)
}

/// Two changes of each service of those that the server offers, about a session that is
/// there.
pub(crate) async fn changes(cx: &Cx) -> Outcome<Vec<Probe>> {
    let (session_id, name) = (cx.session().await?, cx.name("probe"));
    let all = vec![
        Probe::of(
            storage::SET_VALUE.method,
            &pb::SetValueRequest {
                context: None,
                session_id: session_id.clone(),
                key: name.clone(),
                value: "v".into(),
            },
        ),
        Probe::of(
            storage::DELETE_VALUE.method,
            &pb::DeleteValueRequest {
                context: None,
                session_id: session_id.clone(),
                key: name.clone(),
            },
        ),
        Probe::of(
            platform::CREATE_HARNESS.method,
            &pb::CreateHarnessRequest {
                name: name.clone(),
                ..Default::default()
            },
        ),
        Probe::of(
            platform::CREATE_AGENT.method,
            &pb::CreateAgentRequest {
                name,
                ..Default::default()
            },
        ),
        Probe::of(
            mutator::UPDATE_SESSION_TITLE.method,
            &pb::UpdateSessionTitleRequest {
                session_id: session_id.clone(),
                title: "probed".into(),
                ..Default::default()
            },
        ),
        Probe::of(
            files::CREATE_DIRECTORY.method,
            &pb::CreateDirectoryRequest {
                session_id: session_id.clone(),
                path: "/probe".into(),
                ..Default::default()
            },
        ),
        Probe::of(
            registry::DEREGISTER.method,
            &pb::DeregisterRequest {
                session_id,
                resource_id: "probe".into(),
                ..Default::default()
            },
        ),
    ];
    let keyed = |probe: &Probe| probe.method.effect == mortise_proto::rpc::Effect::Keyed;
    Ok(offered(cx, all).into_iter().filter(keyed).collect())
}

fn offered(cx: &Cx, probes: Vec<Probe>) -> Vec<Probe> {
    let is_offered = |probe: &Probe| cx.offers(probe.method.service);
    probes.into_iter().filter(is_offered).collect()
}
