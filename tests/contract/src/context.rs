//! What a rule is given: calls on behalf of an org, things to work on, names and ids that
//! no other rule uses. Cheap to clone.

mod ids;

pub(crate) use ids::{fresh_id, fresh_uuid};

use crate::check::{Outcome, broken, skipped};
use crate::client::{Client, Failed};
use crate::exchange::{Call, Content, Log, message};
use crate::rule::Need;
use crate::runner::{OutageCommands, Restart};
use crate::seed::Seeds;
use crate::wire::Dial;
use futures::Stream;
use mortise_proto::rpc::Scoped;
use mortise_proto::{Rpc, StoreError, pb};
use prost::Message;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Code, Streaming};

/// What all rules of a run share.
pub(crate) struct Shared {
    pub(crate) dial: Dial,
    pub(crate) token: Option<MetadataValue<Ascii>>,
    pub(crate) described: pb::DescribeResponse,
    pub(crate) seeds: Seeds,
    pub(crate) org_id: i64,
    pub(crate) other_org_id: Option<i64>,
    pub(crate) patience: Duration,
    pub(crate) restart: Option<Restart>,
    pub(crate) outage: Option<OutageCommands>,
}

/// One rule's view of the server.
#[derive(Clone)]
pub(crate) struct Cx {
    pub(crate) shared: Arc<Shared>,
    client: Client,
    log: Log,
    random: Arc<Mutex<fastrand::Rng>>,
    org_id: i64,
    session_id: String,
    fence: u64,
    request_id: Option<String>,
}

// === impl Cx ===

impl Cx {
    pub(crate) fn new(shared: Arc<Shared>, client: Client, seed: u64) -> Self {
        Self {
            client,
            log: Log::default(),
            random: Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))),
            org_id: shared.org_id,
            session_id: String::new(),
            fence: 0,
            request_id: None,
            shared,
        }
    }

    // --- on whose behalf

    /// The same on behalf of another org.
    pub(crate) fn in_other_org(&self) -> Outcome<Self> {
        match self.shared.other_org_id {
            Some(org_id) => Ok(self.in_org(org_id)),
            None => skipped(format!("there is no {}", Need::OtherOrg.name())),
        }
    }

    pub(crate) fn in_org(&self, org_id: i64) -> Self {
        Self {
            org_id,
            ..self.clone()
        }
    }

    pub(crate) fn org_id(&self) -> i64 {
        self.org_id
    }

    /// The public id that belongs to the org.
    pub(crate) fn org_public_id(&self) -> String {
        format!("org_{:032x}", self.org_id)
    }

    /// The same in a session: the context of each call names it.
    pub(crate) fn in_session(&self, session_id: &str) -> Self {
        Self {
            session_id: session_id.into(),
            // A fence belongs to one session.
            fence: 0,
            ..self.clone()
        }
    }

    /// The same under a fence of a session's lease.
    pub(crate) fn fenced(&self, session_id: &str, fence: u64) -> Self {
        Self {
            fence,
            ..self.in_session(session_id)
        }
    }

    /// The same under one request id, as a caller who sends a change again.
    pub(crate) fn repeating(&self) -> Self {
        self.under(&fresh_uuid())
    }

    /// The same under this request id.
    pub(crate) fn under(&self, request_id: &str) -> Self {
        Self {
            request_id: Some(request_id.into()),
            ..self.clone()
        }
    }

    /// The same over a connection of its own.
    pub(crate) fn over_new_connection(&self) -> Self {
        let wire = self.shared.dial.connect();
        let client = Client::new(wire, self.shared.token.clone(), self.shared.patience);
        Self {
            client,
            ..self.clone()
        }
    }

    /// The same with less patience: calls end as if their answers were lost.
    pub(crate) fn with_patience(&self, patience: Duration) -> Self {
        let mut other = self.clone();
        other.client.patience = patience;
        other
    }

    // --- calls

    /// A call that has to succeed.
    pub(crate) async fn call<Req, Rsp>(&self, rpc: &Rpc<Req, Rsp>, request: Req) -> Outcome<Rsp>
    where
        Req: Scoped + Message + Debug + Send + Sync + 'static,
        Rsp: Message + Default + Debug + Send + Sync + 'static,
    {
        let answer = self.attempt(rpc, request).await;
        self.succeeded(rpc, answer)
    }

    /// A call that may fail.
    pub(crate) async fn attempt<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> Result<Rsp, StoreError>
    where
        Req: Scoped + Message + Debug + Send + Sync + 'static,
        Rsp: Message + Default + Debug + Send + Sync + 'static,
    {
        let request = self.scoped(request);
        let sent = Content::of(std::slice::from_ref(&request));
        let answer = self.client.unary(rpc, request).await;
        self.log(rpc, sent, answer, |answer| {
            Content::of(std::slice::from_ref(answer))
        })
    }

    /// A call that has to be refused; the error that it was refused with.
    pub(crate) async fn refused<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> Outcome<StoreError>
    where
        Req: Scoped + Message + Debug + Send + Sync + 'static,
        Rsp: Message + Default + Debug + Send + Sync + 'static,
    {
        match self.attempt(rpc, request).await {
            Err(error) => self.an_answer(rpc, error),
            Ok(answer) => broken(rpc.method.short_name(), "an error", message(&answer)),
        }
    }

    /// A streamed answer, whole, that has to succeed.
    pub(crate) async fn collect<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> Outcome<Vec<Rsp>>
    where
        Req: Scoped + Message + Debug + Send + Sync + 'static,
        Rsp: Message + Default + Debug + Send + Sync + 'static,
    {
        let answer = self.attempt_collect(rpc, request).await;
        self.succeeded(rpc, answer)
    }

    /// A streamed answer, whole, that may fail.
    pub(crate) async fn attempt_collect<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> Result<Vec<Rsp>, StoreError>
    where
        Req: Scoped + Message + Debug + Send + Sync + 'static,
        Rsp: Message + Default + Debug + Send + Sync + 'static,
    {
        let request = self.scoped(request);
        let sent = Content::of(std::slice::from_ref(&request));
        let answer = self.client.collect(rpc, request).await;
        self.log(rpc, sent, answer, |answers| Content::of(answers))
    }

    /// A streamed answer that has to be refused.
    pub(crate) async fn refused_collect<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> Outcome<StoreError>
    where
        Req: Scoped + Message + Debug + Send + Sync + 'static,
        Rsp: Message + Default + Debug + Send + Sync + 'static,
    {
        match self.attempt_collect(rpc, request).await {
            Err(error) => self.an_answer(rpc, error),
            Ok(answer) => broken(rpc.method.short_name(), "an error", message(&answer)),
        }
    }

    /// A streamed answer, to be read one by one with [`Cx::next`].
    pub(crate) async fn open<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> Outcome<Streaming<Rsp>>
    where
        Req: Scoped + Message + Debug + Send + Sync + 'static,
        Rsp: Message + Default + Debug + Send + Sync + 'static,
    {
        let request = self.scoped(request);
        let sent = Content::of(std::slice::from_ref(&request));
        let opened = self.client.open(rpc, request).await;
        let opened = self.log(rpc, sent, opened, |_| Content::note("a stream"));
        self.succeeded(rpc, opened)
    }

    /// The next message of a stream; `None` at its end.
    pub(crate) async fn next<Req, Rsp: Message>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        stream: &mut Streaming<Rsp>,
    ) -> Outcome<Option<Rsp>> {
        let answer = self.client.next(stream).await;
        let sent = Content::note("(next of the stream)");
        let answer = self.log(rpc, sent, answer, |answer| match answer {
            Some(answer) => Content::of(std::slice::from_ref(answer)),
            None => Content::note("the end of the stream"),
        });
        self.succeeded(rpc, answer)
    }

    /// The error that a stream ends with.
    pub(crate) async fn refused_next<Req, Rsp: Message + Debug>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        stream: &mut Streaming<Rsp>,
    ) -> Outcome<StoreError> {
        let sent = Content::note("(next of the stream)");
        match self.log(rpc, sent, self.client.next(stream).await, |_| {
            Content::note("a message")
        }) {
            Err(error) => self.an_answer(rpc, error),
            Ok(answer) => broken(rpc.method.short_name(), "an error", message(&answer)),
        }
    }

    /// A streamed request, its parts in order; the first says who is calling.
    pub(crate) async fn upload<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        parts: Vec<Req>,
    ) -> Outcome<Rsp>
    where
        Req: Scoped + Message + Debug + Send + Sync + 'static,
        Rsp: Message + Default + Debug + Send + Sync + 'static,
    {
        let answer = self.attempt_upload(rpc, parts).await;
        self.succeeded(rpc, answer)
    }

    /// The same, which may fail.
    pub(crate) async fn attempt_upload<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        mut parts: Vec<Req>,
    ) -> Result<Rsp, StoreError>
    where
        Req: Scoped + Message + Debug + Send + Sync + 'static,
        Rsp: Message + Default + Debug + Send + Sync + 'static,
    {
        if let Some(first) = parts.first_mut() {
            first.set_context(self.context());
        }
        let sent = Content::of(&parts);
        let answer = self.client.upload(rpc, parts).await;
        self.log(rpc, sent, answer, |answer| {
            Content::of(std::slice::from_ref(answer))
        })
    }

    /// Streams both ways. Each request carries its own context: see [`Cx::context`].
    pub(crate) async fn exchange<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        requests: impl Stream<Item = Req> + Send + 'static,
    ) -> Outcome<Streaming<Rsp>>
    where
        Req: Message + Debug + Send + Sync + 'static,
        Rsp: Message + Default + Debug + Send + Sync + 'static,
    {
        let opened = self.client.exchange(rpc, requests).await;
        self.succeeded(rpc, opened.map_err(|failed| failed.error))
    }

    /// A call in bytes, of any method; the first message of its answer.
    pub(crate) async fn raw(
        &self,
        path: &str,
        message: impl Into<bytes::Bytes>,
    ) -> Result<bytes::Bytes, StoreError> {
        let message = message.into();
        let sent = Content::raw(&message);
        let answer = crate::raw::call(&self.client, path.into(), message).await;
        self.noted(path, sent, answer, Content::raw)
    }

    /// Who is calling, with a request id of its own unless one is repeated.
    pub(crate) fn context(&self) -> pb::CallContext {
        pb::CallContext {
            org_id: self.org_id,
            org_public_id: self.org_public_id(),
            session_id: self.session_id.clone(),
            turn_id: String::new(),
            request_id: self.request_id.clone().unwrap_or_else(fresh_uuid),
            fence: self.fence,
        }
    }

    fn scoped<Req: Scoped>(&self, mut request: Req) -> Req {
        // A rule that has said who is calling means it.
        if request.context().is_none() {
            request.set_context(self.context());
        }
        request
    }

    fn succeeded<Req, Rsp, T>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        answer: Result<T, StoreError>,
    ) -> Outcome<T> {
        answer.or_else(|error| {
            if self.shared.seeds.are_invented() && crate::seed::wants_a_session(&error) {
                return skipped(
                    "the server accepts only existing sessions, and the suite cannot create one; \
                     offer PlatformStoreService or TestSeedService, or list some with --fixtures",
                );
            }
            broken(rpc.method.short_name(), "success", described(&error))
        })
    }

    /// An error that the server gave, and no lost connection or spent patience.
    fn an_answer<Req, Rsp>(&self, rpc: &Rpc<Req, Rsp>, error: StoreError) -> Outcome<StoreError> {
        let no_answer = matches!(
            error.code,
            Code::Unavailable | Code::DeadlineExceeded | Code::Unknown
        );
        match no_answer {
            true => broken(
                rpc.method.short_name(),
                "to be refused with a reason",
                described(&error),
            ),
            false => Ok(error),
        }
    }

    /// Keeps a call for the report, and gives its answer back.
    fn log<Req, Rsp, T>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        sent: Content,
        answer: Result<T, Failed>,
        shown: impl FnOnce(&T) -> Content,
    ) -> Result<T, StoreError> {
        self.noted(rpc.method.path, sent, answer, shown)
    }

    fn noted<T>(
        &self,
        path: &str,
        sent: Content,
        answer: Result<T, Failed>,
        shown: impl FnOnce(&T) -> Content,
    ) -> Result<T, StoreError> {
        self.log.add(Call {
            path: path.into(),
            sent,
            received: answer.as_ref().map(shown).map_err(Clone::clone),
        });
        answer.map_err(|failed| failed.error)
    }

    /// Whether a call of the rule ran into its deadline, or found no server.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.log.is_unanswered()
    }

    pub(crate) fn exchanges(&self) -> Vec<crate::exchange::Exchange> {
        let has_token = self.shared.token.is_some();
        self.log.exchanges(&self.shared.dial, has_token)
    }

    // --- things to work on

    /// A session that no other rule uses. Without a way to make one its id is invented,
    /// which servers that keep no sessions do not notice.
    pub(crate) async fn session(&self) -> Outcome<String> {
        self.shared.seeds.session(self).await
    }

    /// A session that the server knows, with a harness.
    pub(crate) async fn known_session(&self) -> Outcome<String> {
        match self.shared.seeds.are_invented() {
            true => skipped(format!("the suite cannot create {}", Need::Session.name())),
            false => self.session().await,
        }
    }

    /// A harness that no other rule uses.
    pub(crate) async fn harness(&self) -> Outcome<String> {
        self.shared.seeds.harness(self).await
    }

    /// An agent that no other rule uses.
    pub(crate) async fn agent(&self) -> Outcome<String> {
        self.shared.seeds.agent(self).await
    }

    /// Whether the server offers a service.
    pub(crate) fn offers(&self, service: &str) -> bool {
        offers(&self.shared.described, service)
    }

    /// Whether the server offers a feature of a service.
    pub(crate) fn offers_feature(&self, service: &str, feature: pb::Feature) -> bool {
        let services = &self.shared.described.services;
        services
            .iter()
            .any(|offer| offer.name == service && offer.features.contains(&feature.into()))
    }

    /// A name that no other rule uses: small letters, digits and single hyphens.
    pub(crate) fn name(&self, stem: &str) -> String {
        let id = fresh_uuid().replace('-', "");
        format!("{stem}-{}", &id[..20])
    }

    /// Bytes, the same in every run with the same seed.
    pub(crate) fn random_bytes(&self, count: usize) -> Vec<u8> {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = vec![0; count];
        random.fill(&mut bytes);
        bytes
    }
}

/// Whether a server's description lists a service.
pub(crate) fn offers(described: &pb::DescribeResponse, service: &str) -> bool {
    described.services.iter().any(|offer| offer.name == service)
}

/// An error with all that a reader needs.
pub(crate) fn described(error: &StoreError) -> String {
    let reason = error.reason.map(mortise_proto::error::reason_name);
    format!(
        "{:?} ({}): {}",
        error.code,
        reason.unwrap_or("without a reason of the contract"),
        error.message
    )
}
