//! The table of RPCs. A client method names a constant of [`table`] and knows the
//! path, the types and the semantics; retries, caches and metrics read the same
//! facts. Generated from the options in the .proto files.

use crate::pb;
use std::fmt;
use std::marker::PhantomData;

/// Every method of the contract, by service.
#[rustfmt::skip]
#[allow(clippy::all)]
pub mod table {
    include!("generated/table.rs");
}

/// One RPC: the facts of its method, and the types it takes and gives.
pub struct Rpc<Req, Rsp> {
    /// The facts.
    pub method: &'static Method,
    /// Of a method that counts as allowed when its server cannot be asked: the answer
    /// that its caller goes on with.
    pub allowed: Option<fn() -> Rsp>,
    types: PhantomData<fn(Req) -> Rsp>,
}

/// The facts of one method.
#[derive(Debug, PartialEq, Eq)]
pub struct Method {
    /// Full name of the service.
    pub service: &'static str,
    /// Name of the method.
    pub name: &'static str,
    /// The HTTP/2 path.
    pub path: &'static str,
    /// Which sides stream.
    pub kind: Kind,
    /// What a call does to the state behind it.
    pub effect: Effect,
    /// What a caller does when the server cannot be reached.
    pub on_unavailable: OnUnavailable,
    /// How long a caller may keep the answer.
    pub cache: Cache,
    /// How a caller limits the time a call takes.
    pub deadline: Deadline,
    /// Whether the method takes notice of a session lease's fence.
    pub fencing: Fencing,
}

/// One service of the contract, as its `store` option describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Store {
    /// Full name of the service.
    pub service: &'static str,
    /// Its name in routes, files and messages, such as `agent_store`.
    pub name: &'static str,
    /// Which servers must offer it.
    pub requirement: Requirement,
}

/// Which servers must offer a service; see `options.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// One of those that a host's routes name.
    Required,
    /// None.
    Optional,
    /// All.
    EveryServer,
}

/// Which sides of a method stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Neither.
    Unary,
    /// The server.
    ServerStream,
    /// The client.
    ClientStream,
    /// Both.
    BidiStream,
}

/// What a call does to the state behind it; see `options.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Read,
    /// Sent twice it leaves the same state.
    Idempotent,
    /// The server remembers its answer by request id.
    Keyed,
    /// Sent again only if it certainly did not happen.
    Unsafe,
}

/// What a caller does when the server cannot be reached; see `options.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnavailable {
    /// The call fails.
    FailClosed,
    /// The call counts as allowed.
    Allow,
}

/// How long a caller may keep an answer; see `options.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// Not at all.
    None,
    /// Within one phase of a turn.
    Phase,
}

/// How a caller limits the time a call takes; see `options.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// The caller's standard deadline.
    Standard,
    /// The caller's long deadline: the server waits for a third party.
    Long,
    /// None.
    Open,
}

/// Whether a method takes notice of the fence in its context, in a service that states
/// the feature; see `options.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fencing {
    /// It does not.
    Ignored,
    /// The method changes the session that its request names.
    Session,
    /// The method changes what does not belong to the caller's session.
    Caller,
}

/// A request that says who is calling.
pub trait Scoped {
    /// Who is calling, if it says.
    fn context(&self) -> Option<&pb::CallContext>;
    /// Says who is calling.
    fn set_context(&mut self, context: pb::CallContext);
    /// The session that the request names in a field of its own, if it does.
    fn session_id(&self) -> Option<&str> {
        None
    }
    /// The event that the request holds, if it holds one.
    fn event(&self) -> Option<&pb::NewEvent> {
        None
    }
}

// === impl Rpc ===

impl<Req, Rsp> Rpc<Req, Rsp> {
    /// For the generated table alone: a method that fails closed.
    const fn new(method: &'static Method) -> Self {
        assert!(matches!(method.on_unavailable, OnUnavailable::FailClosed));
        Self {
            method,
            allowed: None,
            types: PhantomData,
        }
    }

    /// For the generated table alone: a method that counts as allowed.
    const fn allowing(method: &'static Method, allowed: fn() -> Rsp) -> Self {
        assert!(matches!(method.on_unavailable, OnUnavailable::Allow));
        Self {
            method,
            allowed: Some(allowed),
            types: PhantomData,
        }
    }
}

impl<Req, Rsp> fmt::Debug for Rpc<Req, Rsp> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rpc").field(&self.method.path).finish()
    }
}

// === impl Method ===

impl Method {
    /// Whether the same call may be sent again without knowing what became of the
    /// first.
    #[must_use]
    pub fn may_repeat(&self) -> bool {
        match self.effect {
            Effect::Read | Effect::Idempotent | Effect::Keyed => true,
            Effect::Unsafe => false,
        }
    }

    /// Service and method, such as `AgentStoreService/GetAgent`.
    #[must_use]
    pub fn short_name(&self) -> &'static str {
        self.path
            .rsplit_once("mortise.adapter.v1.")
            .map_or(self.path, |(_, short)| short)
    }
}

// === impl Store ===

impl Store {
    /// The store that a service's full name stands for.
    #[must_use]
    pub fn of_service(service: &str) -> Option<&'static Self> {
        table::STORES.iter().find(|store| store.service == service)
    }

    /// The services of one requirement, by full name.
    pub fn services(requirement: Requirement) -> impl Iterator<Item = &'static str> {
        let stores = table::STORES.iter();
        stores
            .filter(move |store| store.requirement == requirement)
            .map(|store| store.service)
    }
}

/// `AgentStoreService` for `mortise.adapter.v1.AgentStoreService`.
#[must_use]
pub fn short_service_name(service: &str) -> &str {
    service
        .strip_prefix("mortise.adapter.v1.")
        .unwrap_or(service)
}
