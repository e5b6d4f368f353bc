//! Budgets. They are spent by what the host stores: each `llm.generation` says what one
//! call of a model took, and is taken off every budget that its session counts against in
//! the transaction that stores it, so that nothing counts twice.

use super::db::fault;
use super::errors::upstream;
use super::records::domain;
use super::seal::KeyRing;
use super::{ScopedReference, session_store};
use async_trait::async_trait;
use everruns_core::budget::{BudgetSubjectType, BudgetSummary, BudgetToolResponse};
use everruns_core::events::TokenUsage;
use everruns_core::traits::BudgetChecker;
use everruns_core::typed_id::{AgentId, SessionId};
use everruns_core::{AgentLoopError, Session};
use mortise_proto::convert::budget_checker::Budget;
use mortise_proto::{StoreError, pb};
use prost::Message;
use serde::Deserialize;
use sqlx::AnyConnection;

const ALL: &str = "SELECT body, balance FROM budgets WHERE org_id = $1 ORDER BY id";

const PUT: &str = "INSERT INTO budgets \
        (org_id, id, subject_type, subject_id, currency, balance, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org_id, id) \
    DO UPDATE SET subject_type = excluded.subject_type, subject_id = excluded.subject_id, \
                  currency = excluded.currency, balance = excluded.balance, \
                  body = excluded.body";

const SPEND: &str = "UPDATE budgets SET balance = balance - $3 WHERE org_id = $1 AND id = $2";

/// What a call of a model is counted in.
const USD: &str = "usd";
const TOKENS: &str = "tokens";

/// Checks on behalf of an agent.
#[derive(Debug)]
pub(super) struct Budgets {
    pub(super) reference: ScopedReference,
    pub(super) agent_id: Option<AgentId>,
}

#[async_trait]
impl BudgetChecker for Budgets {
    async fn check_budgets(&self, session_id: &str) -> Result<BudgetToolResponse, AgentLoopError> {
        self.check(session_id).await.map_err(upstream)
    }
}

impl Budgets {
    async fn check(&self, session_id: &str) -> Result<BudgetToolResponse, StoreError> {
        let ScopedReference { inner, scope } = &self.reference;
        let mut tx = inner.db.snapshot().await?;
        let session = match session_id.parse::<SessionId>() {
            Ok(id) => session_store::find(&mut tx, scope.org_id, inner.key.as_ref(), id).await?,
            // No session has such an id.
            Err(_) => None,
        };
        let Some(session) = session else {
            return Ok(answer(Vec::new()));
        };
        let budgets = all(&mut tx, scope.org_id).await?;
        let counts = |budget: &Budget| applies(budget, &session, self.agent_id);
        Ok(answer(budgets.into_iter().filter(counts).collect()))
    }
}

/// Puts a budget over whatever stands under its id.
pub(super) async fn put(
    tx: &mut AnyConnection,
    org_id: i64,
    budget: Budget,
) -> Result<(), StoreError> {
    for (field, amount) in [
        ("budget.limit", Some(budget.limit)),
        ("budget.soft_limit", budget.soft_limit),
        ("budget.balance", Some(budget.balance)),
    ] {
        if amount.is_some_and(|amount| !amount.is_finite()) {
            return Err(StoreError::invalid_field(field, "is no finite number"));
        }
    }
    let balance = budget.balance;
    let budget = pb::Budget::from(budget);
    sqlx::query(PUT)
        .bind(org_id)
        .bind(budget.id.as_str())
        .bind(i64::from(budget.subject_type))
        .bind(budget.subject_id.as_bytes())
        .bind(budget.currency.as_bytes())
        .bind(balance)
        .bind(budget.encode_to_vec())
        .execute(tx)
        .await
        .map(|_| ())
        .map_err(fault)
}

/// Every budget of the org, with what is left of it now.
pub(super) async fn all(conn: &mut AnyConnection, org_id: i64) -> Result<Vec<Budget>, StoreError> {
    let rows: Vec<(Vec<u8>, f64)> = sqlx::query_as(ALL)
        .bind(org_id)
        .fetch_all(conn)
        .await
        .map_err(fault)?;
    rows.iter()
        .map(|(body, balance)| {
            let budget: Budget = domain::<pb::Budget, _>(body)?;
            Ok(Budget {
                balance: *balance,
                ..budget
            })
        })
        .collect()
}

// === spending ===

/// As much of an `llm.generation` event as is counted.
#[derive(Deserialize)]
struct Generation {
    metadata: GenerationMetadata,
}

#[derive(Deserialize)]
struct GenerationMetadata {
    usage: Option<TokenUsage>,
}

/// Takes what a call of a model took off the budgets that its session counts against.
pub(super) async fn spend(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    session_id: &str,
    generation_json: &str,
) -> Result<(), StoreError> {
    let budgets = all(tx, org_id).await?;
    if budgets.is_empty() {
        return Ok(());
    }
    // An event that says nothing of what it took takes nothing.
    let Ok(generation) = serde_json::from_str::<Generation>(generation_json) else {
        return Ok(());
    };
    let (Some(usage), Ok(id)) = (generation.metadata.usage, session_id.parse()) else {
        return Ok(());
    };
    let Some(session) = session_store::find(tx, org_id, key, id).await? else {
        return Ok(());
    };
    for budget in budgets {
        let amount = taken(&usage, &budget.currency);
        if amount > 0.0 && applies(&budget, &session, None) {
            sqlx::query(SPEND)
                .bind(org_id)
                .bind(budget.id.to_string())
                .bind(amount)
                .execute(&mut *tx)
                .await
                .map_err(fault)?;
        }
    }
    Ok(())
}

fn taken(usage: &TokenUsage, currency: &str) -> f64 {
    match currency {
        USD => usage
            .actual_cost_usd
            .or(usage.estimated_cost_usd)
            .unwrap_or(0.0),
        TOKENS => f64::from(usage.input_tokens) + f64::from(usage.output_tokens),
        // Somebody else counts it.
        _ => 0.0,
    }
}

fn applies(budget: &Budget, session: &Session, at_work: Option<AgentId>) -> bool {
    let subject = budget.subject_id.as_str();
    match budget.subject_type {
        BudgetSubjectType::Session => subject == session.id.to_string(),
        BudgetSubjectType::Agent => {
            let agents = [session.agent_id, at_work];
            agents
                .iter()
                .flatten()
                .any(|agent| subject == agent.to_string())
        }
        BudgetSubjectType::User => {
            let user = session.resolved_owner_user_id;
            user.is_some_and(|user| subject == user.to_string())
        }
        BudgetSubjectType::Organization => subject == session.organization_id,
        // Sessions do not say which app they were made for.
        BudgetSubjectType::App | BudgetSubjectType::AppChannel => false,
    }
}

// === answering ===

/// From the best to the worst.
const STATUSES: [&str; 4] = ["active", "warning", "paused", "exhausted"];

fn answer(budgets: Vec<Budget>) -> BudgetToolResponse {
    let budgets: Vec<BudgetSummary> = budgets.into_iter().map(summary).collect();
    let worst = budgets
        .iter()
        .filter_map(|budget| STATUSES.iter().position(|status| *status == budget.status))
        .max();
    let status = worst.map_or("no_budgets", |worst| STATUSES[worst]);
    let hint = match status {
        "warning" => Some("A budget is nearly used up: finish what matters most."),
        "paused" => Some("A budget is paused: stop and ask the user."),
        "exhausted" => Some("A budget is used up: stop and tell the user."),
        _ => None,
    };
    BudgetToolResponse {
        status: status.into(),
        budgets,
        hint: hint.map(Into::into),
    }
}

fn summary(budget: Budget) -> BudgetSummary {
    let status = if budget.is_paused {
        "paused"
    } else if budget.balance <= 0.0 {
        "exhausted"
    } else if budget.soft_limit.is_some_and(|soft| budget.balance <= soft) {
        "warning"
    } else {
        "active"
    };
    let percent = if budget.limit > 0.0 {
        (budget.balance / budget.limit * 100.0).clamp(0.0, 100.0)
    } else {
        0.0
    };
    BudgetSummary {
        currency: budget.currency,
        limit: budget.limit,
        balance: budget.balance,
        soft_limit: budget.soft_limit,
        percent_remaining: percent,
        status: status.into(),
    }
}
