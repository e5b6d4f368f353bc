//! Writes what a plan says, through the stores.

use crate::db::Tx;
use crate::platform_file::import::plan::Put;
use crate::stores::names;
use crate::stores::names::Entry;
use crate::stores::{
    agent_store, budget_checker, harness_store, llm_provider_store, outbound_tool_rate_limiter,
    payment_authority, provider_credential_store, user_connection_resolver,
};
use mortise_proto::StoreError;

pub(super) async fn all(tx: &mut Tx, puts: Vec<Put>) -> Result<(), StoreError> {
    for put in puts {
        match put {
            Put::Model(id, model) => llm_provider_store::put(tx, id, model).await?,
            Put::DefaultModel(id) => llm_provider_store::put_default(tx, id).await?,
            Put::Provider(name, credentials) => {
                provider_credential_store::put(tx, &name, credentials).await?;
            }
            Put::Harness(harness) => harness_store::put(tx, &harness).await?,
            Put::Agent(agent) => agent_store::put(tx, &agent).await?,
            Put::Connection(connection) => {
                user_connection_resolver::put(tx, &connection).await?;
            }
            Put::Budget(budget) => budget_checker::put(tx, budget).await?,
            Put::PaymentAccount(account) => {
                payment_authority::put_account(tx, account).await?;
            }
            Put::PaymentPolicy(policy) => {
                payment_authority::put(tx, policy, None).await?;
            }
            Put::RateLimit(max_calls, window_seconds) => {
                outbound_tool_rate_limiter::put(tx, max_calls, window_seconds).await?;
            }
            Put::Name(kind, id, name) => {
                let entry = Entry {
                    kind,
                    id: &id,
                    status: "ACTIVE",
                    name: &name,
                };
                names::put(tx, entry).await?;
            }
        }
    }
    Ok(())
}
