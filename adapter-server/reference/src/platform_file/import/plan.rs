//! What is to be written, entry by entry.

use crate::db::Tx;
use crate::platform_file::diagnostics::{OfValue, join};
use crate::platform_file::entries::{
    Entry, Identities, Reading, agents, harnesses, models, payments, spending, users,
};
use crate::platform_file::import::sections::Layout;
use crate::platform_file::import::{Action, Change};
use crate::platform_file::schema;
use crate::platform_file::state::State;
use crate::stores::agent_store::AGENTS;
use crate::stores::harness_store::HARNESSES;
use crate::stores::names::Kind;
use everruns_core::traits::{ModelWithProvider, ProviderCredentials};
use everruns_core::typed_id::{
    AgentId, BudgetId, HarnessId, IdMarker, ModelId, PaymentAccountId, TypedId,
};
use everruns_core::{Agent, Harness};
use mortise_adapter_server::Diagnostic;
use mortise_proto::StoreError;
use mortise_proto::convert::budget_checker::Budget;
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy};
use mortise_proto::convert::user_connection_resolver::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// What a file makes of an org, as far as it has been read.
pub(super) struct Plan<'a> {
    pub(super) reading: Reading<'a>,
    pub(super) state: &'a State,
    pub(super) puts: Vec<Put>,
    pub(super) changes: Vec<Change>,
    /// Every harness of the file with its parent, and the path of the latter.
    pub(super) parents: Vec<(HarnessId, Option<HarnessId>, String)>,
}

/// A record that is to be put.
pub(super) enum Put {
    Model(ModelId, ModelWithProvider),
    DefaultModel(ModelId),
    Provider(String, ProviderCredentials),
    Harness(Box<Harness>),
    Agent(Box<Agent>),
    Connection(Connection),
    Budget(Budget),
    PaymentAccount(LedgerAccount),
    PaymentPolicy(LedgerPolicy),
    RateLimit(u32, u32),
    Name(Kind, String, String),
}

/// The harnesses and agents that entries give the ids of, in whatever status.
pub(super) struct Existing {
    harnesses: BTreeMap<String, Harness>,
    agents: BTreeMap<String, Agent>,
}

pub(super) async fn existing(tx: &mut Tx, layout: &Layout) -> Result<Existing, StoreError> {
    let mut existing = Existing {
        harnesses: BTreeMap::new(),
        agents: BTreeMap::new(),
    };
    let ids = layout.harnesses.iter().map(|entry| &entry.written.id);
    for id in ids.flatten().flat_map(|id| id.parse::<HarnessId>()) {
        if let Some(found) = HARNESSES.find(tx, id).await? {
            existing.harnesses.insert(id.to_string(), found);
        }
    }
    let ids = layout.agents.iter().map(|entry| &entry.written.id);
    for id in ids.flatten().flat_map(|id| id.parse::<AgentId>()) {
        if let Some(found) = AGENTS.find(tx, id).await? {
            existing.agents.insert(id.to_string(), found);
        }
    }
    Ok(existing)
}

// === impl Plan ===

impl<'a> Plan<'a> {
    pub(super) fn new(reading: Reading<'a>, state: &'a State) -> Self {
        Self {
            reading,
            state,
            puts: Vec::new(),
            changes: Vec::new(),
            parents: Vec::new(),
        }
    }

    /// Reads everything. First what each entry is called, so that entries may refer to
    /// those that come later.
    pub(super) fn read(&mut self, layout: Layout, mut existing: Existing) {
        for harness in &self.state.harnesses {
            let id = harness.id.to_string();
            existing
                .harnesses
                .entry(id)
                .or_insert_with(|| harness.clone());
        }
        for agent in &self.state.agents {
            let id = agent.public_id.to_string();
            existing.agents.entry(id).or_insert_with(|| agent.clone());
        }
        let Existing {
            harnesses: existing_harnesses,
            agents: existing_agents,
        } = existing;
        let existing_name = |id: &str| {
            existing_harnesses
                .get(id)
                .map(|existing| existing.name.clone())
        };
        let identities = Identities::new(Kind::Harness, &existing_name);
        let harnesses = self.identified(identities, layout.harnesses, |written| {
            (Some(written.name.as_str()), written.id.as_deref())
        });
        let existing_name = |id: &str| {
            existing_agents
                .get(id)
                .map(|existing| existing.name.clone())
        };
        let identities = Identities::new(Kind::Agent, &existing_name);
        let agents = self.identified(identities, layout.agents, |written| {
            (Some(written.name.as_str()), written.id.as_deref())
        });
        let unnamed = |_: &str| None;
        let identities = Identities::new(Kind::Model, &unnamed);
        let named = self.named(Kind::Model);
        let models = self.identified(identities, layout.models, |written| {
            (written.name.as_deref(), written.id.as_deref())
        });
        self.models(models, &named);
        self.providers(&layout.providers);
        for (id, entry) in harnesses {
            self.harness(id, entry, existing_harnesses.get(&id.to_string()));
        }
        for (id, entry) in agents {
            self.agent(id, entry, existing_agents.get(&id.to_string()));
        }
        self.connections(&layout.connections);
        let identities = Identities::new(Kind::Budget, &unnamed);
        let named = self.named(Kind::Budget);
        let budgets = self.identified(identities, layout.budgets, |written| {
            (written.name.as_deref(), written.id.as_deref())
        });
        self.budgets(budgets, &named);
        let identities = Identities::new(Kind::PaymentAccount, &unnamed);
        let named = self.named(Kind::PaymentAccount);
        let accounts = self.identified(identities, layout.payment_accounts, |written| {
            (written.name.as_deref(), written.id.as_deref())
        });
        self.accounts(accounts, &named);
        self.policies(&layout.payment_policies);
        if let Some(Entry { path, written }) = layout.rate_limit {
            self.rate_limit(&path, &written);
        }
    }

    fn identified<T, M: IdMarker>(
        &mut self,
        mut identities: Identities<'_>,
        entries: Vec<Entry<T>>,
        called: impl Fn(&T) -> (Option<&str>, Option<&str>),
    ) -> Vec<(TypedId<M>, Entry<T>)> {
        let identified = entries.into_iter().map(|entry| {
            let (name, id) = called(&entry.written);
            let id = identities.identify(&mut self.reading, &entry.path, name, id);
            (id, entry)
        });
        identified.collect()
    }

    /// The names that records of a kind have before the file gives them others.
    fn named(&self, kind: Kind) -> BTreeMap<String, String> {
        let names = &self.reading.names;
        let known = names.known(kind);
        known
            .filter_map(|name| Some((names.id_of(kind, name)?.to_string(), name.to_string())))
            .collect()
    }

    fn change(&mut self, kind: &'static str, name: impl Into<String>, action: Action) {
        self.changes.push(Change {
            action,
            kind,
            name: name.into(),
        });
    }

    /// What becomes of an entry that may have a name; notes the name if it is new.
    fn note(
        &mut self,
        kind: Kind,
        id: &str,
        name: Option<&str>,
        former_name: Option<&String>,
        action: Action,
    ) {
        let is_new = name.is_some_and(|name| former_name.is_none_or(|existing| existing != name));
        let action = match (action, is_new) {
            (Action::Unchanged, true) => Action::Update,
            (action, _) => action,
        };
        if let (Some(name), true) = (name, is_new) {
            self.puts
                .push(Put::Name(kind, id.to_string(), name.to_string()));
        }
        self.change(kind.name(), name.unwrap_or(id), action);
    }

    fn models(
        &mut self,
        entries: Vec<(ModelId, Entry<schema::Model>)>,
        named: &BTreeMap<String, String>,
    ) {
        let mut default = None;
        for (id, entry) in entries {
            let Some(model) = models::record(&mut self.reading, &entry) else {
                continue;
            };
            let existing = self.state.models.iter().find(|(there, _)| *there == id);
            let mut action = match existing {
                None => Action::Create,
                Some((_, existing)) if models::is_same(existing, &model) => Action::Unchanged,
                Some(_) => Action::Update,
            };
            if action != Action::Unchanged {
                self.puts.push(Put::Model(id, model));
            }
            if entry.written.default {
                if default.replace(id).is_some() {
                    let reason = "a second model is the default";
                    let at = join(&entry.path, "default");
                    let fault = Diagnostic::new(at, reason, "leave one of them out");
                    self.reading.faults.add(fault);
                }
                if self.state.default_model != Some(id) {
                    self.puts.push(Put::DefaultModel(id));
                    if action == Action::Unchanged {
                        action = Action::Update;
                    }
                }
            }
            let (id, name) = (id.to_string(), entry.written.name.as_deref());
            self.note(Kind::Model, &id, name, named.get(&id), action);
        }
    }

    fn providers(&mut self, entries: &[Entry<schema::Provider>]) {
        let mut seen = BTreeSet::new();
        for entry in entries {
            let name = &entry.written.provider_type;
            self.must_be_first(&mut seen, name.clone(), &entry.path, "type");
            let Some(credentials) = models::credentials(&mut self.reading, entry) else {
                continue;
            };
            let existing = self.state.providers.iter().find(|(there, _)| there == name);
            let action = match existing {
                None => Action::Create,
                Some((_, existing)) if models::are_same(existing, &credentials) => {
                    Action::Unchanged
                }
                Some(_) => Action::Update,
            };
            self.change("provider", name, action);
            if action != Action::Unchanged {
                self.puts.push(Put::Provider(name.clone(), credentials));
            }
        }
    }

    fn harness(
        &mut self,
        id: HarnessId,
        entry: Entry<schema::Harness>,
        existing: Option<&Harness>,
    ) {
        let (path, name) = (entry.path.clone(), entry.written.name.clone());
        // The platform's own may be called anything; upstream looks for a "Generic".
        let own = entry.written.built_in.then_some(name.as_str());
        let former_name = existing.map(|existing| existing.name.as_str());
        self.check_name(Kind::Harness, &path, &name, own.or(former_name));
        let mut harness = harnesses::record(&mut self.reading, id, entry, existing);
        let at = join(&path, "parent");
        self.parents.push((id, harness.parent_harness_id, at));
        let action = match existing {
            None => Action::Create,
            Some(existing) if harnesses::is_changed(&mut harness, existing) => Action::Update,
            Some(_) => Action::Unchanged,
        };
        self.change(Kind::Harness.name(), name, action);
        if action != Action::Unchanged {
            self.puts.push(Put::Harness(Box::new(harness)));
        }
    }

    fn agent(&mut self, id: AgentId, entry: Entry<schema::Agent>, existing: Option<&Agent>) {
        let (path, name) = (entry.path.clone(), entry.written.name.clone());
        self.check_name(
            Kind::Agent,
            &path,
            &name,
            existing.map(|it| it.name.as_str()),
        );
        let mut agent = agents::record(&mut self.reading, id, entry, existing);
        let action = match existing {
            None => Action::Create,
            Some(existing) if agents::is_changed(&mut agent, existing) => Action::Update,
            Some(_) => Action::Unchanged,
        };
        self.change(Kind::Agent.name(), name, action);
        if action != Action::Unchanged {
            self.puts.push(Put::Agent(Box::new(agent)));
        }
    }

    /// A name that can be given, or the one that the record has.
    fn check_name(&mut self, kind: Kind, path: &str, name: &str, existing: Option<&str>) {
        if name.is_empty() {
            let remedy = format!("name the {}", kind.name());
            self.reading.missing(&join(path, "name"), &remedy);
        } else if existing != Some(name)
            && let Err(problem) = everruns_core::agent::validate_addressable_name(name)
        {
            let remedy = "choose one such as `code-reviewer`";
            let fault = Diagnostic::new(
                join(path, "name"),
                format!("is not allowed: {problem}"),
                remedy,
            )
            .of(name);
            self.reading.faults.add(fault);
        }
    }

    fn connections(&mut self, entries: &[Entry<schema::Connection>]) {
        let mut seen = BTreeSet::new();
        for entry in entries {
            let schema::Connection { user, provider, .. } = &entry.written;
            let name = format!("{user} {provider}");
            self.must_be_first(&mut seen, name.clone(), &entry.path, "user");
            let Some(connection) = users::record(&mut self.reading, entry) else {
                continue;
            };
            let existing = self.state.connections.iter().find(|existing| {
                existing.user_id == connection.user_id && existing.provider == connection.provider
            });
            let action = action(existing, &connection);
            self.change("connection", name, action);
            if action != Action::Unchanged {
                self.puts.push(Put::Connection(connection));
            }
        }
    }

    fn budgets(
        &mut self,
        entries: Vec<(BudgetId, Entry<schema::Budget>)>,
        named: &BTreeMap<String, String>,
    ) {
        for (id, entry) in entries {
            let existing = self.state.budgets.iter().find(|existing| existing.id == id);
            let Some(budget) = spending::record(&mut self.reading, id, &entry, existing) else {
                continue;
            };
            let action = action(existing, &budget);
            if action != Action::Unchanged {
                self.puts.push(Put::Budget(budget));
            }
            let (id, name) = (id.to_string(), entry.written.name.as_deref());
            self.note(Kind::Budget, &id, name, named.get(&id), action);
        }
    }

    fn accounts(
        &mut self,
        entries: Vec<(PaymentAccountId, Entry<schema::PaymentAccount>)>,
        named: &BTreeMap<String, String>,
    ) {
        for (id, entry) in entries {
            let existing = self
                .state
                .accounts
                .iter()
                .find(|existing| existing.id == id);
            let Some(account) = payments::account(&mut self.reading, id, &entry, existing) else {
                continue;
            };
            let action = action(existing, &account);
            if action != Action::Unchanged {
                self.puts.push(Put::PaymentAccount(account));
            }
            let (id, name) = (id.to_string(), entry.written.name.as_deref());
            self.note(Kind::PaymentAccount, &id, name, named.get(&id), action);
        }
    }

    fn policies(&mut self, entries: &[Entry<schema::PaymentPolicy>]) {
        let mut seen = BTreeSet::new();
        for entry in entries {
            let there = &self.state.policies;
            let Some(policy) = payments::policy(&mut self.reading, entry, there) else {
                continue;
            };
            let name = payments::name(&self.reading.names, policy.subject);
            self.must_be_first(&mut seen, name.clone(), &entry.path, "subject");
            let mut there = self.state.policies.iter();
            let existing = there.find(|existing| existing.subject == policy.subject);
            let action = action(existing, &policy);
            self.change("payment policy", name, action);
            if action != Action::Unchanged {
                self.puts.push(Put::PaymentPolicy(policy));
            }
        }
    }

    fn rate_limit(&mut self, path: &str, written: &schema::RateLimit) {
        let schema::RateLimit {
            max_calls,
            window_seconds,
        } = *written;
        if max_calls > 0 && window_seconds == 0 {
            let remedy = "write the window in seconds";
            self.reading.missing(&join(path, "window_seconds"), remedy);
        }
        let limit = (i64::from(max_calls), i64::from(window_seconds));
        let action = action(self.state.rate_limit.as_ref(), &limit);
        self.change("rate limit", "of the org", action);
        if action != Action::Unchanged {
            self.puts.push(Put::RateLimit(max_calls, window_seconds));
        }
    }

    fn must_be_first(&mut self, seen: &mut BTreeSet<String>, name: String, path: &str, key: &str) {
        if !seen.contains(&name) {
            seen.insert(name);
            return;
        }
        let reason = "is in the file twice";
        let fault = Diagnostic::new(join(path, key), reason, "leave one of them out").of(&name);
        self.reading.faults.add(fault);
    }
}

fn action<T: PartialEq>(existing: Option<&T>, record: &T) -> Action {
    match existing {
        None => Action::Create,
        Some(existing) if existing == record => Action::Unchanged,
        Some(_) => Action::Update,
    }
}
