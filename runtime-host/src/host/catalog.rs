//! What an org has: its sessions, agents, harnesses and models, page by page, and the
//! changes of a session that need no turn.

use super::org_connections::OrgConnection;
use super::pages::{Page, PageToken, nanos};
use super::shown_session::shown;
use super::{Call, Host, errors};
use crate::journal::RememberedRequest;
use everruns_core::message::Message;
use everruns_core::platform_store::PlatformStore;
use everruns_core::session::SessionStatus;
use everruns_core::traits::{AgentStore, HarnessStore, LlmProviderStore, SessionMutator};
use everruns_core::typed_id::{AgentId, HarnessId, ModelId, SessionId};
use everruns_core::{Agent, Harness, ModelWithProvider, Session};
use everruns_runtime::RuntimeHostAdapter;
use futures::{StreamExt, TryStreamExt};
use mortise_adapter_client::GrpcHostAdapter;
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// The store that lists.
const LISTS: &str = "platform_store";

/// How far a list of sessions reaches: storage lists the newest, and has no way to go on
/// after them.
const SESSIONS_MAX: usize = 10_000;

/// How many more sessions are asked for where a filter may leave some out.
const FILTERED_AHEAD: usize = 1000;

/// How many models are asked for at once.
const MODELS_AT_ONCE: usize = 8;

/// Which sessions a list has.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// Only those of this agent.
    pub agent_id: Option<AgentId>,
    /// Only those of this harness.
    pub harness_id: Option<HarnessId>,
    /// Only those with one of these; empty: all.
    pub statuses: Vec<SessionStatus>,
    /// Only those that have this tag.
    pub tag: Option<String>,
}

/// A model, without its key and address.
#[derive(Debug, Clone)]
pub struct ModelView {
    /// Its id; `None` of a default that nothing names.
    pub model_id: Option<ModelId>,
    /// The model; the key is removed.
    pub model: ModelWithProvider,
    /// Whether it is the org's default.
    pub is_default: bool,
}

// === impl SessionFilter ===

impl SessionFilter {
    fn takes(&self, session: &Session) -> bool {
        let harness = self.harness_id.is_none_or(|id| id == session.harness_id);
        let status = self.statuses.is_empty() || self.statuses.contains(&session.status);
        let tag = self.tag.as_ref();
        harness && status && tag.is_none_or(|tag| session.tags.contains(tag))
    }

    /// Whether storage leaves nothing of a list to this.
    fn is_of_storage(&self) -> bool {
        self.harness_id.is_none() && self.statuses.is_empty() && self.tag.is_none()
    }
}

// === impl ModelView ===

impl ModelView {
    fn new(model_id: Option<ModelId>, model: ModelWithProvider, is_default: bool) -> Self {
        let model = ModelWithProvider {
            api_key: None,
            base_url: None,
            ..model
        };
        Self {
            model_id,
            model,
            is_default,
        }
    }
}

// === impl Host ===

impl Host {
    /// A page of the org's sessions that are not deleted, newest first.
    pub async fn list_sessions(
        &self,
        org_id: i64,
        filter: &SessionFilter,
        limit: usize,
        token: Option<PageToken>,
    ) -> Result<Page<Session>, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        let store = platform(&connection.adapter, org_id)?;
        let (seen, after) = match token {
            None => (0, None),
            Some(PageToken::Session(seen, at, id)) => (seen, Some((at, id.uuid()))),
            Some(_) => return Err(PageToken::misplaced()),
        };
        let ahead = match filter.is_of_storage() {
            true => limit + 1,
            false => limit + FILTERED_AHEAD,
        };
        let place = |session: &Session| (nanos(session.created_at), session.id.uuid());
        // One that is new since the page before comes first, and moves the others on.
        let mut asked = seen.saturating_add(ahead).min(SESSIONS_MAX);
        loop {
            let listed = store.list_sessions(Some(asked), filter.agent_id).await;
            let mut listed = listed.map_err(errors::of_store)?;
            let is_whole = listed.len() < asked;
            listed.sort_by_key(|session| std::cmp::Reverse(place(session)));
            let is_left = |session: &Session| after.is_none_or(|after| place(session) < after);
            let passed = listed.iter().filter(|session| !is_left(session)).count();
            let last = listed.last().map(|last| place_of(listed.len() - 1, last));
            let rest: Vec<(usize, Session)> = listed
                .into_iter()
                .enumerate()
                .filter(|(_, session)| is_left(session) && filter.takes(session))
                .collect();
            let is_short = rest.len() <= limit && !is_whole;
            if is_short && asked < SESSIONS_MAX {
                asked = (asked * 2).min(SESSIONS_MAX);
                continue;
            }
            if is_short && passed >= SESSIONS_MAX {
                return Err(too_far());
            }
            let page = Page::of(rest, limit, |(at, session)| place_of(*at, session));
            let sessions = page.items.into_iter().map(|(_, session)| shown(session));
            return Ok(Page {
                items: sessions.collect(),
                next: page.next.or(last.filter(|_| is_short)),
            });
        }
    }

    /// Gives a session another title.
    pub async fn rename_session(
        &self,
        call: impl Into<Call>,
        session_id: SessionId,
        title: String,
    ) -> Result<Session, HostError> {
        let asked = json!({ "session_id": session_id, "title": title });
        let change = async move |host: Host, org_id, change_id| {
            let (org_id, connection) = host.org(org_id)?;
            host.session(&connection, (org_id, session_id)).await?;
            let adapter = for_change(&connection, change_id);
            let store = adapter.session_mutator(org_id);
            let renamed = store.update_session_title(session_id, title).await;
            renamed.map(shown).map_err(errors::of_store)
        };
        self.change_session(call.into(), ("UpdateSession", asked), change)
            .await
    }

    /// Archives a session: lists leave it out and it takes nothing any more.
    pub async fn delete_session(
        &self,
        call: impl Into<Call>,
        session_id: SessionId,
    ) -> Result<Session, HostError> {
        let asked = json!({ "session_id": session_id });
        let change = async move |host: Host, org_id, change_id| {
            let (org_id, connection) = host.org(org_id)?;
            let key = (org_id, session_id);
            host.session(&connection, key).await?;
            let store = platform(&for_change(&connection, change_id), org_id)?;
            let deleted = store.delete_session(session_id).await;
            deleted.map_err(errors::of_store)?;
            host.session(&connection, key).await.map(shown)
        };
        self.change_session(call.into(), ("DeleteSession", asked), change)
            .await
    }

    /// Makes a change, once for its request id.
    async fn change_session<W>(
        &self,
        call: Call,
        asked: (&'static str, serde_json::Value),
        change: impl FnOnce(Host, i64, Option<Uuid>) -> W + Send + 'static,
    ) -> Result<Session, HostError>
    where
        W: Future<Output = Result<Session, HostError>> + Send,
    {
        let Call { org_id, request_id } = call;
        let (org_id, _) = self.org(org_id)?;
        let Some(request_id) = request_id else {
            return change(self.clone(), org_id, None).await;
        };
        let work = async move |host: Host, record: RememberedRequest, _| {
            change(host, org_id, Some(record.change_id)).await
        };
        self.once(org_id, request_id, asked, work).await
    }

    /// A page of the org's active agents, ascending by name.
    pub async fn list_agents(
        &self,
        org_id: i64,
        tag: Option<&str>,
        limit: usize,
        token: Option<PageToken>,
    ) -> Result<Page<Agent>, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        let agents = platform(&connection.adapter, org_id)?.list_agents().await;
        let mut agents = agents.map_err(errors::of_store)?;
        agents.retain(|agent| tag.is_none_or(|tag| agent.tags.iter().any(|own| own == tag)));
        by_name(agents, |agent| &agent.name, limit, token)
    }

    /// An agent, also one that is archived.
    pub async fn get_agent(&self, org_id: i64, agent_id: AgentId) -> Result<Agent, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        let agents = connection.adapter.agent_store(org_id);
        let agent = agents.get_agent(agent_id).await;
        let agent = agent.map_err(errors::of_store)?;
        agent.ok_or_else(|| {
            let text = format!("agent {agent_id} does not exist in this org");
            HostError::new(ErrorReason::AgentNotFound, text)
        })
    }

    /// A page of the org's active harnesses, ascending by name.
    pub async fn list_harnesses(
        &self,
        org_id: i64,
        tag: Option<&str>,
        limit: usize,
        token: Option<PageToken>,
    ) -> Result<Page<Harness>, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        let harnesses = platform(&connection.adapter, org_id)?
            .list_harnesses()
            .await;
        let mut harnesses = harnesses.map_err(errors::of_store)?;
        harnesses.retain(|found| tag.is_none_or(|tag| found.tags.iter().any(|own| own == tag)));
        by_name(harnesses, |harness| &harness.name, limit, token)
    }

    /// A harness, also one that is archived.
    pub async fn get_harness(
        &self,
        org_id: i64,
        harness_id: HarnessId,
    ) -> Result<Harness, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        let chain = connection.adapter.harness_store(org_id);
        let chain = chain.get_harness_chain(harness_id).await;
        let mut chain = chain.map_err(errors::of_store)?.into_iter();
        let harness = chain.find(|harness| harness.id == harness_id);
        harness.ok_or_else(|| {
            let text = format!("harness {harness_id} does not exist in this org");
            HostError::new(ErrorReason::HarnessNotFound, text)
        })
    }

    /// A page of the models that the org uses: its default one first, then those that
    /// agents and harnesses name, by id.
    pub async fn list_models(
        &self,
        org_id: i64,
        limit: usize,
        token: Option<PageToken>,
    ) -> Result<Page<ModelView>, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        let after = match token {
            None => None,
            Some(PageToken::Name(id)) => Some(id),
            Some(_) => return Err(PageToken::misplaced()),
        };
        let store = platform(&connection.adapter, org_id)?;
        let agents = store.list_agents().await.map_err(errors::of_store)?;
        let harnesses = store.list_harnesses().await.map_err(errors::of_store)?;
        let agents = agents.iter().filter_map(|agent| agent.default_model_id);
        let harnesses = harnesses.iter().filter_map(|found| found.default_model_id);
        let named: BTreeSet<String> = agents.chain(harnesses).map(|id| id.to_string()).collect();
        // The default one stands first, under no id.
        let default = after.is_none().then_some(None);
        let rest = named.into_iter().filter(|id| after.as_ref() < Some(id));
        let ids: Vec<Option<String>> = default.into_iter().chain(rest.map(Some)).collect();
        let page = Page::of(ids, limit, |id| {
            PageToken::Name(id.clone().unwrap_or_default())
        });
        let models = connection.adapter.provider_store(org_id);
        let found = futures::stream::iter(page.items)
            .map(|id| model_of(&models, id))
            .buffered(MODELS_AT_ONCE);
        let found: Vec<Option<ModelView>> = found.try_collect().await?;
        Ok(Page {
            items: found.into_iter().flatten().collect(),
            next: page.next,
        })
    }

    /// Refuses a message for a model that is not there: the turn would ask another one.
    pub(super) async fn check_model(
        &self,
        org_id: i64,
        message: &Message,
    ) -> Result<(), HostError> {
        let controls = message.controls.as_ref();
        let Some(model_id) = controls.and_then(|controls| controls.model_id) else {
            return Ok(());
        };
        match self.get_model(org_id, model_id).await {
            Err(error) if error.reason == ErrorReason::ModelNotFound => {
                let problem = format!(
                    "{model_id} does not exist in this org; leave it out for the model of the session"
                );
                Err(errors::no_model("message.controls.model_id", &problem))
            }
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }

    /// A model by its id.
    pub async fn get_model(&self, org_id: i64, model_id: ModelId) -> Result<ModelView, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        let models = connection.adapter.provider_store(org_id);
        let model = models.get_model_with_provider(model_id).await;
        let model = model.map_err(errors::of_store)?.ok_or_else(|| {
            let text = format!("model {model_id} does not exist in this org");
            HostError::new(ErrorReason::ModelNotFound, text)
        })?;
        Ok(ModelView::new(Some(model_id), model, false))
    }
}

/// The store of an org's records, asked in no session.
fn platform(adapter: &GrpcHostAdapter, org_id: i64) -> Result<Arc<dyn PlatformStore>, HostError> {
    let nil = SessionId::from_uuid(Uuid::nil());
    let store = adapter.platform_store(org_id, nil);
    store.ok_or_else(|| errors::not_offered(LISTS))
}

/// The token of the page after a session, which is the one at this place of its list.
fn place_of(at: usize, session: &Session) -> PageToken {
    PageToken::Session(at + 1, nanos(session.created_at), session.id)
}

fn for_change(connection: &OrgConnection, change_id: Option<Uuid>) -> GrpcHostAdapter {
    let adapter = connection.adapter.clone();
    match change_id {
        Some(change_id) => adapter.for_change(change_id),
        None => adapter,
    }
}

fn by_name<T>(
    mut records: Vec<T>,
    name: fn(&T) -> &String,
    limit: usize,
    token: Option<PageToken>,
) -> Result<Page<T>, HostError> {
    match token {
        None => {}
        Some(PageToken::Name(after)) => records.retain(|record| *name(record) > after),
        Some(_) => return Err(PageToken::misplaced()),
    }
    records.sort_by(|one, other| name(one).cmp(name(other)));
    Ok(Page::of(records, limit, |record| {
        PageToken::Name(name(record).clone())
    }))
}

/// The model of an id, or the default one of none.
async fn model_of(
    models: &Arc<dyn LlmProviderStore>,
    id: Option<String>,
) -> Result<Option<ModelView>, HostError> {
    let Some(id) = id else {
        let default = models.get_default_model().await;
        let default = default.map_err(errors::of_store)?;
        return Ok(default.map(|model| ModelView::new(None, model, true)));
    };
    let Ok(model_id) = id.parse::<ModelId>() else {
        return Ok(None);
    };
    let model = models.get_model_with_provider(model_id).await;
    let model = model.map_err(errors::of_store)?;
    Ok(model.map(|model| ModelView::new(Some(model_id), model, false)))
}

fn too_far() -> HostError {
    let problem = format!(
        "reaches beyond the newest {SESSIONS_MAX} sessions, which is as far as lists go; filter by agent_id"
    );
    HostError::invalid_field("page_token", problem)
}
