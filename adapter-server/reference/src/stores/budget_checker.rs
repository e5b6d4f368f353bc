//! Budgets.

mod spending;
mod subjects;

pub(crate) use spending::Spending;

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::encoding::domain;
use crate::stores::session_store::SESSIONS;
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::budget::{BudgetSummary, BudgetToolResponse};
use everruns_core::traits::BudgetChecker;
use everruns_core::typed_id::{AgentId, SessionId};
use mortise_proto::convert::budget_checker::Budget;
use mortise_proto::{StoreError, pb};
use prost::Message;
use subjects::Subjects;

const ALL: &str = "SELECT body, balance FROM budgets WHERE org_id = $1 ORDER BY id";

/// Of some subjects.
const THEIRS: &str = "SELECT body, balance FROM budgets WHERE org_id = $1 AND";

const PUT: &str = "INSERT INTO budgets \
        (org_id, id, subject_type, subject_id, currency, balance, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org_id, id) \
    DO UPDATE SET subject_type = excluded.subject_type, subject_id = excluded.subject_id, \
                  currency = excluded.currency, balance = excluded.balance, \
                  body = excluded.body";

/// The budgets of an org, checked on behalf of an agent.
#[derive(Debug)]
pub(crate) struct Budgets {
    pub(crate) ctx: StoreCtx,
    pub(crate) agent_id: Option<AgentId>,
}

#[async_trait]
impl BudgetChecker for Budgets {
    async fn check_budgets(&self, session_id: &str) -> Result<BudgetToolResponse, AgentLoopError> {
        upstream(async {
            let mut tx = self.ctx.snapshot().await?;
            let session = match session_id.parse::<SessionId>() {
                Ok(id) => SESSIONS.find(&mut tx, id).await?,
                // No session has such an id.
                Err(_) => None,
            };
            let Some(session) = session else {
                return Ok(answer(Vec::new()));
            };
            let subjects = Subjects::of(&session, self.agent_id);
            let rows = subjects.select(&mut tx, THEIRS).await?;
            Ok(answer(budgets(rows)?))
        })
        .await
    }
}

/// Puts a budget over whatever stands under its id.
pub(crate) async fn put(tx: &mut Tx, budget: Budget) -> Result<(), StoreError> {
    for (field, amount) in [
        ("budget.limit", Some(budget.limit)),
        ("budget.soft_limit", budget.soft_limit),
        ("budget.balance", Some(budget.balance)),
    ] {
        if amount.is_some_and(|amount| !amount.is_finite()) {
            return Err(StoreError::invalid_field(field, "is not a finite number"));
        }
    }
    let balance = budget.balance;
    let budget = pb::Budget::from(budget);
    tx.query(PUT)
        .bind(budget.id.as_str())
        .bind(i64::from(budget.subject_type))
        .bind(budget.subject_id.as_bytes())
        .bind(budget.currency.as_bytes())
        .bind(balance)
        .bind(budget.encode_to_vec())
        .execute()
        .await?;
    Ok(())
}

/// Every budget of the org, with what is left of it now.
pub(crate) async fn all(tx: &mut Tx) -> Result<Vec<Budget>, StoreError> {
    let rows: Vec<(Vec<u8>, f64)> = tx.query_as(ALL).fetch_all().await?;
    budgets(rows)
}

/// Budgets with what is left of them.
fn budgets(rows: Vec<(Vec<u8>, f64)>) -> Result<Vec<Budget>, StoreError> {
    let read = |(body, balance): (Vec<u8>, f64)| {
        let budget: Budget = domain::<pb::Budget, _>(&body)?;
        Ok(Budget { balance, ..budget })
    };
    rows.into_iter().map(read).collect()
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
