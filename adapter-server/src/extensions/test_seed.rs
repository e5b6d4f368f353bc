//! Records that tests put.

use async_trait::async_trait;
use everruns_core::Agent;
use everruns_core::Harness;
use everruns_core::ModelWithProvider;
use everruns_core::Session;
use everruns_core::traits::ProviderCredentials;
use everruns_core::typed_id::ModelId;
use mortise_proto::StoreError;
use mortise_proto::convert::budget_checker::Budget;
use mortise_proto::convert::payment_authority::LedgerAccount;
use mortise_proto::convert::payment_authority::LedgerPolicy;
use mortise_proto::convert::user_connection_resolver::Connection;

/// Puts records into one org, whole, over whatever stands under their id.
#[async_trait]
pub trait TestSeed: Send + Sync {
    /// Puts a harness.
    async fn put_harness(&self, harness: Harness) -> Result<(), StoreError>;
    /// Puts an agent.
    async fn put_agent(&self, agent: Agent) -> Result<(), StoreError>;
    /// Puts a session, and the initial files of its harness chain, its agent and
    /// itself in its workspace when it is new.
    async fn put_session(&self, session: Session) -> Result<(), StoreError>;
    /// Puts the org's credentials for a type of provider.
    async fn put_provider_credential(
        &self,
        provider_type: &str,
        credentials: ProviderCredentials,
    ) -> Result<(), StoreError>;
    /// Puts a user's connection.
    async fn put_connection(&self, connection: Connection) -> Result<(), StoreError>;
    /// Puts a policy for payments, and its account unless that is there already.
    async fn put_payment_policy(
        &self,
        policy: LedgerPolicy,
        account: Option<LedgerAccount>,
    ) -> Result<(), StoreError>;
    /// Puts a budget.
    async fn put_budget(&self, budget: Budget) -> Result<(), StoreError>;
    /// Puts the org's limit on calls of tools that reach outside; no calls at most
    /// means without limit.
    async fn put_rate_limit(&self, max_calls: u32, window_seconds: u32) -> Result<(), StoreError>;
    /// Puts a model, as the org's default if asked to.
    async fn put_model(
        &self,
        id: ModelId,
        model: ModelWithProvider,
        is_default: bool,
    ) -> Result<(), StoreError>;
}
