//! What an org has now, and what everything in it is called.

use crate::db::Tx;
use crate::stores::names;
use crate::stores::names::Kind;
use crate::stores::{
    agent_store, budget_checker, harness_store, llm_provider_store, outbound_tool_rate_limiter,
    payment_authority, provider_credential_store, user_connection_resolver,
};
use everruns_core::traits::{ModelWithProvider, ProviderCredentials};
use everruns_core::typed_id::ModelId;
use everruns_core::{Agent, Harness};
use mortise_proto::StoreError;
use mortise_proto::convert::budget_checker::Budget;
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy};
use mortise_proto::convert::user_connection_resolver::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// What an org has, each list in a fixed order.
pub(super) struct State {
    pub(super) models: Vec<(ModelId, ModelWithProvider)>,
    pub(super) default_model: Option<ModelId>,
    pub(super) providers: Vec<(String, ProviderCredentials)>,
    /// Those that are active.
    pub(super) harnesses: Vec<Harness>,
    /// Those that are active.
    pub(super) agents: Vec<Agent>,
    pub(super) connections: Vec<Connection>,
    pub(super) budgets: Vec<Budget>,
    pub(super) accounts: Vec<LedgerAccount>,
    pub(super) policies: Vec<LedgerPolicy>,
    pub(super) rate_limit: Option<(i64, i64)>,
}

/// What has which name, by kind.
#[derive(Default)]
pub(super) struct Names {
    ids: BTreeMap<&'static str, BTreeMap<String, String>>,
    names: BTreeMap<&'static str, BTreeMap<String, String>>,
    /// What is there, whether it has a name or not.
    there: BTreeMap<&'static str, BTreeSet<String>>,
}

// === impl State ===

impl State {
    pub(super) async fn load(tx: &mut Tx) -> Result<Self, StoreError> {
        Ok(Self {
            models: llm_provider_store::list_all(tx).await?,
            default_model: llm_provider_store::default_id(tx).await?,
            providers: provider_credential_store::list_all(tx).await?,
            harnesses: harness_store::list(tx).await?,
            agents: agent_store::list(tx).await?,
            connections: user_connection_resolver::list_all(tx).await?,
            budgets: budget_checker::all(tx).await?,
            accounts: payment_authority::list_accounts(tx).await?,
            policies: payment_authority::list_policies(tx).await?,
            rate_limit: outbound_tool_rate_limiter::find(tx).await?,
        })
    }

    /// What everything is called. What has no name is there all the same.
    pub(super) async fn names(&self, tx: &mut Tx) -> Result<Names, StoreError> {
        let mut names = Names::default();
        let models = self.models.iter().map(|(id, _)| id.to_string());
        names.add_all(Kind::Model, models);
        let budgets = self.budgets.iter().map(|budget| budget.id.to_string());
        names.add_all(Kind::Budget, budgets);
        let accounts = self.accounts.iter().map(|account| account.id.to_string());
        names.add_all(Kind::PaymentAccount, accounts);
        for kind in [
            Kind::Model,
            Kind::Budget,
            Kind::PaymentAccount,
            Kind::Harness,
            Kind::Agent,
        ] {
            for (id, name) in names::names(tx, kind).await? {
                names.add(kind, &id, Some(&name));
            }
        }
        Ok(names)
    }
}

// === impl Names ===

impl Names {
    fn add_all(&mut self, kind: Kind, ids: impl Iterator<Item = String>) {
        self.there.entry(kind.name()).or_default().extend(ids);
    }

    /// Something is there, and has this name and no other.
    pub(super) fn add(&mut self, kind: Kind, id: &str, name: Option<&str>) {
        let kind = kind.name();
        self.there.entry(kind).or_default().insert(id.to_string());
        let Some(name) = name else {
            return;
        };
        let ids = self.ids.entry(kind).or_default();
        let names = self.names.entry(kind).or_default();
        if let Some(former) = names.insert(id.to_string(), name.to_string())
            && ids.get(&former).is_some_and(|named| named == id)
        {
            ids.remove(&former);
        }
        // Of several, the first: a name from outside may be given twice.
        ids.entry(name.to_string())
            .or_insert_with(|| id.to_string());
    }

    pub(super) fn id_of(&self, kind: Kind, name: &str) -> Option<&str> {
        let ids = self.ids.get(kind.name())?;
        ids.get(name).map(String::as_str)
    }

    pub(super) fn name_of(&self, kind: Kind, id: &str) -> Option<&str> {
        let names = self.names.get(kind.name())?;
        names.get(id).map(String::as_str)
    }

    pub(super) fn is_there(&self, kind: Kind, id: &str) -> bool {
        let there = self.there.get(kind.name());
        there.is_some_and(|there| there.contains(id))
    }

    /// The names of a kind.
    pub(super) fn known(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let ids = self.ids.get(kind.name()).into_iter();
        ids.flat_map(|ids| ids.keys().map(String::as_str))
    }

    /// How a file refers to something: by its name if that leads there, else by its id.
    pub(super) fn reference(&self, kind: Kind, id: &str) -> String {
        match self.name_of(kind, id) {
            Some(name) if self.id_of(kind, name) == Some(id) => name.to_string(),
            _ => id.to_string(),
        }
    }
}
