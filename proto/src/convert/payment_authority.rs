//! Payments. Upstream only asks for them; who may pay what is put in from outside, in
//! types of this file.

use everruns_core::payment::{
    MachinePaymentRequest, MachinePaymentResponse, PaymentMethod, PaymentRail,
};
use everruns_core::typed_id::{AgentId, PaymentAccountId, SessionId};

use super::user_connection_resolver::optional_secret_json;
use super::{ConvertError, Result, enumeration, id, json, json_text, optional_id, secret_json};
use crate::pb;
use crate::pb::ledger_policy::Subject;

/// What may be paid, by whom, for what. See `LedgerPolicy` in `payment_authority.proto`.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerPolicy {
    /// Whom it is for.
    pub subject: PolicySubject,
    /// The account that is drawn from.
    pub account_id: PaymentAccountId,
    /// The capabilities that may pay; empty for all.
    pub allowed_capabilities: Vec<String>,
    /// The operations that may be paid for; empty for all.
    pub allowed_operations: Vec<String>,
    /// The hosts that may be paid; empty for all.
    pub allowed_hosts: Vec<String>,
    /// The most for one payment, in US dollars.
    pub max_amount_usd_per_request: Option<f64>,
    /// The most in one day (UTC), in US dollars.
    pub max_amount_usd_per_day: Option<f64>,
}

/// Whom a policy for payments is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySubject {
    /// Everyone in the org.
    Org,
    /// One agent.
    Agent(AgentId),
    /// One session.
    Session(SessionId),
}

/// An account that holds money.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerAccount {
    /// Its id.
    pub id: PaymentAccountId,
    /// The rail that its money moves over.
    pub rail: PaymentRail,
    /// What it is called.
    pub label: String,
    /// What is left, in US dollars.
    pub balance_usd: f64,
}

// === PaymentMethod ===

impl From<PaymentMethod> for pb::PaymentMethod {
    fn from(method: PaymentMethod) -> Self {
        match method {
            PaymentMethod::Get => Self::Get,
            PaymentMethod::Post => Self::Post,
        }
    }
}

impl TryFrom<pb::PaymentMethod> for PaymentMethod {
    type Error = ConvertError;

    fn try_from(wire: pb::PaymentMethod) -> Result<Self> {
        match wire {
            pb::PaymentMethod::Unspecified => Err(ConvertError::unspecified::<pb::PaymentMethod>()),
            pb::PaymentMethod::Get => Ok(Self::Get),
            pb::PaymentMethod::Post => Ok(Self::Post),
        }
    }
}

// === PaymentRail ===

impl From<PaymentRail> for pb::PaymentRail {
    fn from(rail: PaymentRail) -> Self {
        match rail {
            PaymentRail::MppTempo => Self::MppTempo,
            PaymentRail::X402Base => Self::X402Base,
        }
    }
}

impl TryFrom<pb::PaymentRail> for PaymentRail {
    type Error = ConvertError;

    fn try_from(wire: pb::PaymentRail) -> Result<Self> {
        match wire {
            pb::PaymentRail::Unspecified => Err(ConvertError::unspecified::<pb::PaymentRail>()),
            pb::PaymentRail::MppTempo => Ok(Self::MppTempo),
            pb::PaymentRail::X402Base => Ok(Self::X402Base),
        }
    }
}

// === MachinePaymentRequest ===

impl From<MachinePaymentRequest> for pb::MachinePaymentRequest {
    fn from(request: MachinePaymentRequest) -> Self {
        let MachinePaymentRequest {
            capability,
            operation,
            method,
            url,
            body,
            max_amount_usd,
            rail_preference,
            metadata,
        } = request;
        let rail = |rail| pb::PaymentRail::from(rail).into();
        Self {
            capability,
            operation,
            method: pb::PaymentMethod::from(method).into(),
            url,
            body_json: body.as_ref().map(json_text),
            max_amount_usd,
            rail_preference: rail_preference.into_iter().map(rail).collect(),
            metadata_json: json_text(&metadata),
        }
    }
}

impl TryFrom<pb::MachinePaymentRequest> for MachinePaymentRequest {
    type Error = ConvertError;

    fn try_from(wire: pb::MachinePaymentRequest) -> Result<Self> {
        let rails = wire.rail_preference.into_iter().enumerate();
        let rail = |(position, number)| {
            let field = format!("rail_preference[{position}]");
            enumeration::<pb::PaymentRail, _>(&field, number)
        };
        Ok(Self {
            capability: wire.capability,
            operation: wire.operation,
            method: enumeration::<pb::PaymentMethod, _>("method", wire.method)?,
            url: wire.url,
            body: optional_secret_json("body_json", wire.body_json.as_deref())?,
            max_amount_usd: wire.max_amount_usd,
            rail_preference: rails.map(rail).collect::<Result<_>>()?,
            metadata: secret_json("metadata_json", &wire.metadata_json)?,
        })
    }
}

// === MachinePaymentResponse ===

impl From<MachinePaymentResponse> for pb::MachinePaymentResponse {
    fn from(response: MachinePaymentResponse) -> Self {
        let MachinePaymentResponse {
            attempt_id,
            amount_usd,
            rail,
            response,
            receipt,
        } = response;
        Self {
            attempt_id: attempt_id.map(|id| id.to_string()),
            amount_usd,
            rail: rail.map(|rail| pb::PaymentRail::from(rail).into()),
            response_json: json_text(&response),
            receipt_json: json_text(&receipt),
        }
    }
}

impl TryFrom<pb::MachinePaymentResponse> for MachinePaymentResponse {
    type Error = ConvertError;

    fn try_from(wire: pb::MachinePaymentResponse) -> Result<Self> {
        let rail = |number| enumeration::<pb::PaymentRail, _>("rail", number);
        Ok(Self {
            attempt_id: optional_id("attempt_id", wire.attempt_id.as_deref())?,
            amount_usd: wire.amount_usd,
            rail: wire.rail.map(rail).transpose()?,
            response: json("response_json", &wire.response_json)?,
            receipt: secret_json("receipt_json", &wire.receipt_json)?,
        })
    }
}

// === LedgerPolicy ===

impl From<LedgerPolicy> for pb::LedgerPolicy {
    fn from(policy: LedgerPolicy) -> Self {
        let LedgerPolicy {
            subject,
            account_id,
            allowed_capabilities,
            allowed_operations,
            allowed_hosts,
            max_amount_usd_per_request,
            max_amount_usd_per_day,
        } = policy;
        Self {
            subject: match subject {
                PolicySubject::Org => None,
                PolicySubject::Agent(id) => Some(Subject::AgentId(id.to_string())),
                PolicySubject::Session(id) => Some(Subject::SessionId(id.to_string())),
            },
            account_id: account_id.to_string(),
            allowed_capabilities,
            allowed_operations,
            allowed_hosts,
            max_amount_usd_per_request,
            max_amount_usd_per_day,
        }
    }
}

impl TryFrom<pb::LedgerPolicy> for LedgerPolicy {
    type Error = ConvertError;

    fn try_from(wire: pb::LedgerPolicy) -> Result<Self> {
        Ok(Self {
            subject: match wire.subject {
                None => PolicySubject::Org,
                Some(Subject::AgentId(agent)) => PolicySubject::Agent(id("agent_id", &agent)?),
                Some(Subject::SessionId(session)) => {
                    PolicySubject::Session(id("session_id", &session)?)
                }
            },
            account_id: id("account_id", &wire.account_id)?,
            allowed_capabilities: wire.allowed_capabilities,
            allowed_operations: wire.allowed_operations,
            allowed_hosts: wire.allowed_hosts,
            max_amount_usd_per_request: wire.max_amount_usd_per_request,
            max_amount_usd_per_day: wire.max_amount_usd_per_day,
        })
    }
}

// === LedgerAccount ===

impl From<LedgerAccount> for pb::LedgerAccount {
    fn from(account: LedgerAccount) -> Self {
        let LedgerAccount {
            id,
            rail,
            label,
            balance_usd,
        } = account;
        Self {
            id: id.to_string(),
            rail: pb::PaymentRail::from(rail).into(),
            label,
            balance_usd,
        }
    }
}

impl TryFrom<pb::LedgerAccount> for LedgerAccount {
    type Error = ConvertError;

    fn try_from(wire: pb::LedgerAccount) -> Result<Self> {
        Ok(Self {
            id: id("id", &wire.id)?,
            rail: enumeration::<pb::PaymentRail, _>("rail", wire.rail)?,
            label: wire.label,
            balance_usd: wire.balance_usd,
        })
    }
}
