//! Budgets are spent by what the host stores: each `llm.generation` says what one call of
//! a model took, and is taken off every budget that its session counts against in the
//! transaction that stores it, so that nothing counts twice.

use crate::db::Tx;
use crate::stores::budget_checker::subjects::Subjects;
use crate::stores::session_store::SESSIONS;
use everruns_core::events::TokenUsage;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;
use serde::Deserialize;
use std::collections::BTreeMap;

const CURRENCIES: &str = "SELECT id, currency FROM budgets WHERE org_id = $1 AND";

const SPEND: &str = "UPDATE budgets SET balance = balance - $3 WHERE org_id = $1 AND id = $2";

/// What a call of a model is counted in.
const USD: &str = "usd";
const TOKENS: &str = "tokens";

/// The most that is taken at once, far above what anything costs: no balance leaves the
/// range of its column because of one absurd event.
const AMOUNT_MAX: f64 = 1e15;

/// What events of one transaction took, by session: of one org.
#[derive(Debug, Default)]
pub(crate) struct Spending {
    taken: BTreeMap<String, Taken>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Taken {
    usd: f64,
    tokens: f64,
}

/// As much of an `llm.generation` event as is counted.
#[derive(Deserialize)]
struct Generation {
    metadata: GenerationMetadata,
}

#[derive(Deserialize)]
struct GenerationMetadata {
    usage: Option<TokenUsage>,
}

// === impl Spending ===

impl Spending {
    /// Counts a generation. An event that says nothing of what it took takes nothing.
    pub(crate) fn count(&mut self, session_id: &str, data_json: &str) {
        let generation = serde_json::from_str::<Generation>(data_json);
        if let Some(usage) = generation.ok().and_then(|said| said.metadata.usage) {
            let taken = self.taken.entry(session_id.to_string());
            taken.or_default().add(&usage);
        }
    }

    /// Takes all of it off the budgets, in the order of their ids: two groups of events
    /// never wait for each other in a circle. A session that cannot be read costs its own
    /// budgets their exactness, and not everybody else their events.
    pub(crate) async fn spend(self, tx: &mut Tx) -> Result<(), StoreError> {
        let mut amounts: BTreeMap<String, f64> = BTreeMap::new();
        for (session, taken) in self.taken {
            let Ok(session_id) = session.parse::<SessionId>() else {
                continue;
            };
            let session = match SESSIONS.read(tx, session_id).await? {
                Some(Ok(session)) => session,
                Some(Err(error)) => {
                    let org_id = tx.org_id();
                    tracing::warn!(org_id, %session_id, %error, "a model's usage was not charged to any budget");
                    continue;
                }
                None => continue,
            };
            let subjects = Subjects::of(&session, None);
            let budgets: Vec<(String, Vec<u8>)> = subjects.select(tx, CURRENCIES).await?;
            for (id, currency) in budgets {
                *amounts.entry(id).or_default() += taken.in_currency(&currency);
            }
        }
        for (id, amount) in amounts.into_iter().filter(|(_, amount)| *amount > 0.0) {
            let spend = tx.query(SPEND).bind(id).bind(amount.min(AMOUNT_MAX));
            spend.execute().await?;
        }
        Ok(())
    }
}

// === impl Taken ===

impl Taken {
    fn add(&mut self, usage: &TokenUsage) {
        let usd = usage.actual_cost_usd.or(usage.estimated_cost_usd);
        self.usd += usd.unwrap_or(0.0).max(0.0);
        self.tokens += f64::from(usage.input_tokens) + f64::from(usage.output_tokens);
    }

    fn in_currency(self, currency: &[u8]) -> f64 {
        match std::str::from_utf8(currency) {
            Ok(USD) => self.usd,
            Ok(TOKENS) => self.tokens,
            // Another system counts it.
            Ok(_) | Err(_) => 0.0,
        }
    }
}
