//! The stores of the upstream trait, each answering over gRPC. One file per store:
//! encode, call, decode.

mod agent_store;
mod budget_checker;
mod egress;
mod event_emitter;
pub(crate) mod event_log;
mod harness_store;
mod image_artifact_store;
mod image_resolver;
mod leased_resource_store;
mod llm_provider_store;
mod mcp;
mod memory_store;
mod message_retriever;
mod outbound_tool_rate_limiter;
mod payment_authority;
pub(crate) mod platform_store;
mod provider_credential_store;
mod runtime_host;
mod session_file_system;
pub(crate) mod session_lease;
mod session_mutator;
mod session_resource_registry;
mod session_schedule_store;
mod session_sql_db_store;
mod session_storage_store;
mod session_store;
pub(crate) mod test_seed;
pub(crate) mod turn_journal;
pub(crate) mod turn_queue;
mod user_connection_resolver;
mod utility_llm;

pub(crate) use budget_checker::Budgets;
pub(crate) use event_emitter::{draft, is_fatal};
pub(crate) use mcp::{McpTools, executor, mcp_servers};
pub(crate) use message_retriever::finish_query;
pub(crate) use payment_authority::RemotePayments;
pub(crate) use platform_store::{OnChange, Platform};
pub(crate) use runtime_host::TurnParts;
pub(crate) use utility_llm::RemoteUtilityLlm;

use crate::Fence;
use crate::call_error::CallError;
use crate::mesh::change::RequestIds;
use crate::mesh::tap::{CallTap, Tap};
use crate::mesh::{Mesh, Org, TurnTime};
use crate::phase::PhaseCache;
use everruns_core::AgentLoopError;
use everruns_core::typed_id::SessionId;
use futures::{Stream, StreamExt};
use mortise_proto::convert::ConvertError;
use mortise_proto::convert::error::into_host_error;
use mortise_proto::convert::open_value::OpenValues;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::Scoped;
use mortise_proto::{Method, Rpc, StoreError};
use prost::Message;
use std::sync::Arc;
use tokio::time::Instant;

/// Every store of one org. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) mesh: Mesh,
    pub(crate) org: Arc<Org>,
    /// The org that a getter asked for, where it is another than the adapter's:
    /// every call is refused then.
    foreign_org: Option<i64>,
    /// Set in the stores of a phase: what is kept of their answers.
    cache: Option<Arc<PhaseCache>>,
}

// === impl Remote ===

impl Remote {
    pub(crate) fn new(mesh: Mesh, org: Org) -> Self {
        Self {
            mesh,
            org: Arc::new(org),
            foreign_org: None,
            cache: None,
        }
    }

    /// The same stores, on behalf of one session.
    pub(crate) fn in_session(&self, session_id: SessionId) -> Self {
        Self {
            org: Arc::new(Org {
                session_id: session_id.to_string(),
                ..Org::clone(&self.org)
            }),
            ..self.clone()
        }
    }

    /// The same stores, with an observer of their calls.
    pub(crate) fn tapped(&self, tap: CallTap) -> Self {
        Self {
            org: Arc::new(Org {
                tap: Tap(Some(tap)),
                ..Org::clone(&self.org)
            }),
            ..self.clone()
        }
    }

    /// The same stores, whose changes have these request ids.
    pub(crate) fn with_request_ids(&self, request_ids: RequestIds) -> Self {
        Self {
            org: Arc::new(Org {
                request_ids,
                ..Org::clone(&self.org)
            }),
            ..self.clone()
        }
    }

    /// The same stores, whose changes are made under a lease.
    pub(crate) fn fenced(&self, fence: Fence) -> Self {
        Self {
            org: Arc::new(Org {
                fence: Some(fence),
                ..Org::clone(&self.org)
            }),
            ..self.clone()
        }
    }

    /// The same stores, for a turn whose time is over then.
    pub(crate) fn until(&self, until: Instant) -> Self {
        Self {
            org: Arc::new(Org {
                turn_time: Some(TurnTime::new(until)),
                ..Org::clone(&self.org)
            }),
            ..self.clone()
        }
    }

    /// The same stores, with answers kept as the options of the methods allow.
    pub(crate) fn cached(&self, cache: Arc<PhaseCache>) -> Self {
        Self {
            cache: Some(cache),
            ..self.clone()
        }
    }

    /// The stores as a getter with an org argument hands them out. An adapter serves
    /// the org it was built for: half of the getters carry none, and mixing two
    /// would show one org the data of the other.
    pub(crate) fn for_org(&self, org_id: i64) -> Self {
        Self {
            foreign_org: (org_id != self.org.id).then_some(org_id),
            ..self.clone()
        }
    }

    pub(crate) async fn call<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> Result<Rsp, CallError>
    where
        Req: Scoped + OpenValues + Message,
        Rsp: Message + Default + Clone + 'static,
    {
        self.own_org()?;
        let call = |request| self.mesh.call(rpc, &self.org, request);
        let cache = self.cache.as_ref();
        match cache.and_then(|cache| Some((cache, cache.question(rpc.method, &request)?))) {
            Some((cache, question)) => {
                let size = Rsp::encoded_len;
                Ok(cache.answer(question, size, || call(request)).await?)
            }
            None => Ok(call(request).await?),
        }
    }

    pub(crate) async fn upload<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        first: Req,
        rest: impl IntoIterator<Item = Req>,
    ) -> Result<Rsp, CallError>
    where
        Req: Scoped + OpenValues + Message,
        Rsp: Message + Default + 'static,
    {
        self.own_org()?;
        Ok(self.mesh.upload(rpc, &self.org, first, rest).await?)
    }

    pub(crate) async fn collect<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> Result<Vec<Rsp>, CallError>
    where
        Req: Scoped + OpenValues + Message,
        Rsp: Message + Default + Clone + 'static,
    {
        self.own_org()?;
        let collect = |request| self.mesh.collect(rpc, &self.org, request);
        let cache = self.cache.as_ref();
        match cache.and_then(|cache| Some((cache, cache.question(rpc.method, &request)?))) {
            Some((cache, question)) => {
                let size = |answers: &Vec<Rsp>| answers.iter().map(Rsp::encoded_len).sum();
                Ok(cache.answer(question, size, || collect(request)).await?)
            }
            None => Ok(collect(request).await?),
        }
    }

    /// A stream of answers without an end. Each is decoded as it comes.
    pub(crate) async fn follow<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> Result<impl Stream<Item = Result<Rsp, CallError>> + Send + Unpin + use<Req, Rsp>, CallError>
    where
        Req: Scoped + OpenValues + Message,
        Rsp: Message + Default + 'static,
    {
        self.own_org()?;
        let answers = self.mesh.follow(rpc, &self.org, request).await?;
        Ok(answers.map(|answer| answer.map_err(CallError)))
    }

    pub(crate) fn own_org(&self) -> Result<(), CallError> {
        match self.foreign_org {
            None => Ok(()),
            Some(asked) => {
                let problem = format!(
                    "this adapter serves org {} and was called for org {asked}; build one adapter per org",
                    self.org.id
                );
                Err(StoreError::new(ErrorReason::Configuration, problem).into())
            }
        }
    }
}

/// What an answer that breaks the contract means to the host.
pub(crate) fn malformed(method: &'static Method) -> impl Fn(ConvertError) -> AgentLoopError {
    move |error| {
        let answer = format!("the answer of {}", method.short_name());
        into_host_error(error.malformed(&answer))
    }
}
