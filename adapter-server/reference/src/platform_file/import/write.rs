//! Writes what a plan says, through the stores.

use crate::db::AnyConnection;
use crate::platform_file::import::plan::Put;
use crate::seal::KeyRing;
use crate::stores::names;
use crate::stores::names::Entry;
use crate::stores::{
    agent_store, budget_checker, harness_store, llm_provider_store, outbound_tool_rate_limiter,
    payment_authority, provider_credential_store, user_connection_resolver,
};
use mortise_proto::StoreError;

pub(super) async fn all(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    puts: Vec<Put>,
) -> Result<(), StoreError> {
    for put in puts {
        match put {
            Put::Model(id, model) => llm_provider_store::put(tx, org_id, key, id, model).await?,
            Put::DefaultModel(id) => llm_provider_store::put_default(tx, org_id, id).await?,
            Put::Provider(name, credentials) => {
                provider_credential_store::put(tx, org_id, key, &name, credentials).await?;
            }
            Put::Harness(harness) => harness_store::put(tx, org_id, key, &harness).await?,
            Put::Agent(agent) => agent_store::put(tx, org_id, key, &agent).await?,
            Put::Connection(connection) => {
                user_connection_resolver::put(tx, org_id, key, &connection).await?;
            }
            Put::Budget(budget) => budget_checker::put(tx, org_id, budget).await?,
            Put::PaymentAccount(account) => {
                payment_authority::put_account(tx, org_id, account).await?;
            }
            Put::PaymentPolicy(policy) => {
                payment_authority::put(tx, org_id, policy, None).await?;
            }
            Put::RateLimit(max_calls, window_seconds) => {
                outbound_tool_rate_limiter::put(tx, org_id, max_calls, window_seconds).await?;
            }
            Put::Name(kind, id, name) => {
                let entry = Entry {
                    kind,
                    id: &id,
                    status: "ACTIVE",
                    name: &name,
                };
                names::put(tx, org_id, entry).await?;
            }
        }
    }
    Ok(())
}
