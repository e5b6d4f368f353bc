//! How budgets stand, and budgets as they are put.

use everruns_core::budget::{BudgetSubjectType, BudgetSummary, BudgetToolResponse};
use everruns_core::typed_id::BudgetId;

use super::{ConvertError, Result, enumeration, id, list, required, to_list};
use crate::pb;

// === BudgetSummary ===

impl From<BudgetSummary> for pb::BudgetInfo {
    fn from(budget: BudgetSummary) -> Self {
        let BudgetSummary {
            currency,
            limit,
            balance,
            soft_limit,
            percent_remaining,
            status,
        } = budget;
        Self {
            currency,
            limit: Some(limit),
            balance: Some(balance),
            soft_limit,
            percent_remaining: Some(percent_remaining),
            status,
        }
    }
}

impl TryFrom<pb::BudgetInfo> for BudgetSummary {
    type Error = ConvertError;

    fn try_from(wire: pb::BudgetInfo) -> Result<Self> {
        Ok(Self {
            currency: wire.currency,
            limit: required("limit", wire.limit)?,
            balance: required("balance", wire.balance)?,
            soft_limit: wire.soft_limit,
            percent_remaining: required("percent_remaining", wire.percent_remaining)?,
            status: wire.status,
        })
    }
}

// === BudgetToolResponse ===

impl From<BudgetToolResponse> for pb::CheckBudgetsResponse {
    fn from(answer: BudgetToolResponse) -> Self {
        let BudgetToolResponse {
            status,
            budgets,
            hint,
        } = answer;
        Self {
            status,
            budgets: to_list(budgets),
            hint,
        }
    }
}

impl TryFrom<pb::CheckBudgetsResponse> for BudgetToolResponse {
    type Error = ConvertError;

    fn try_from(wire: pb::CheckBudgetsResponse) -> Result<Self> {
        Ok(Self {
            status: wire.status,
            budgets: list("budgets", wire.budgets)?,
            hint: wire.hint,
        })
    }
}

// === Budget ===

/// A budget as it is put: a ceiling on what a subject's sessions may spend.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// Its id.
    pub id: BudgetId,
    /// What the subject is.
    pub subject_type: BudgetSubjectType,
    /// The subject's public id.
    pub subject_id: String,
    /// What is counted: `usd`, `tokens`, or a unit that another system counts.
    pub currency: String,
    /// What may be spent in all.
    pub limit: f64,
    /// What is left from which on there is a warning.
    pub soft_limit: Option<f64>,
    /// What is left.
    pub balance: f64,
    /// Whether it is halted by hand.
    pub is_paused: bool,
}

// === BudgetSubjectType ===

impl From<BudgetSubjectType> for pb::BudgetSubjectType {
    fn from(subject: BudgetSubjectType) -> Self {
        match subject {
            BudgetSubjectType::Session => Self::Session,
            BudgetSubjectType::Agent => Self::Agent,
            BudgetSubjectType::User => Self::User,
            BudgetSubjectType::Organization => Self::Organization,
            BudgetSubjectType::App => Self::App,
            BudgetSubjectType::AppChannel => Self::AppChannel,
        }
    }
}

impl TryFrom<pb::BudgetSubjectType> for BudgetSubjectType {
    type Error = ConvertError;

    fn try_from(wire: pb::BudgetSubjectType) -> Result<Self> {
        match wire {
            pb::BudgetSubjectType::Session => Ok(Self::Session),
            pb::BudgetSubjectType::Agent => Ok(Self::Agent),
            pb::BudgetSubjectType::User => Ok(Self::User),
            pb::BudgetSubjectType::Organization => Ok(Self::Organization),
            pb::BudgetSubjectType::App => Ok(Self::App),
            pb::BudgetSubjectType::AppChannel => Ok(Self::AppChannel),
            pb::BudgetSubjectType::Unspecified => {
                Err(ConvertError::unspecified::<pb::BudgetSubjectType>())
            }
        }
    }
}

// === Budget ===

impl From<Budget> for pb::Budget {
    fn from(budget: Budget) -> Self {
        let Budget {
            id,
            subject_type,
            subject_id,
            currency,
            limit,
            soft_limit,
            balance,
            is_paused,
        } = budget;
        Self {
            id: id.to_string(),
            subject_type: pb::BudgetSubjectType::from(subject_type).into(),
            subject_id,
            currency,
            limit: Some(limit),
            soft_limit,
            balance: Some(balance),
            is_paused,
        }
    }
}

impl TryFrom<pb::Budget> for Budget {
    type Error = ConvertError;

    fn try_from(wire: pb::Budget) -> Result<Self> {
        Ok(Self {
            id: id("id", &wire.id)?,
            subject_type: enumeration::<pb::BudgetSubjectType, _>(
                "subject_type",
                wire.subject_type,
            )?,
            subject_id: wire.subject_id,
            currency: wire.currency,
            limit: required("limit", wire.limit)?,
            soft_limit: wire.soft_limit,
            balance: required("balance", wire.balance)?,
            is_paused: wire.is_paused,
        })
    }
}
