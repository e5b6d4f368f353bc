//! Accounts that payments are made from, and policies for them.

use crate::platform_file::diagnostics::{OfValue, instead, join};
use crate::platform_file::entries::{Entry, Reading, spending};
use crate::platform_file::schema;
use crate::platform_file::state::Names;
use crate::stores::names::Kind;
use everruns_core::budget::BudgetSubjectType;
use everruns_core::payment::PaymentRail;
use everruns_core::typed_id::PaymentAccountId;
use mortise_adapter_server::Diagnostic;
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy, PolicySubject};

const RAILS: [&str; 2] = ["mpp_tempo", "x402_base"];

/// A trillion dollars, the most that the ledger counts.
const USD_MAX: f64 = 1e12;

/// The record of an entry, over the one that is there: its money stays what it is.
pub(in crate::platform_file) fn account(
    reading: &mut Reading<'_>,
    id: PaymentAccountId,
    entry: &Entry<schema::PaymentAccount>,
    former: Option<&LedgerAccount>,
) -> Option<LedgerAccount> {
    let Entry { path, written } = entry;
    let schema::PaymentAccount {
        name: _,
        id: _,
        rail,
        label,
        balance_usd,
    } = written;
    reading.required(path, "rail", rail);
    let parsed = rail.parse::<PaymentRail>().ok();
    if parsed.is_none() {
        let remedy = instead(rail, RAILS, "write mpp_tempo or x402_base");
        let fault = Diagnostic::new(join(path, "rail"), "is not a rail", remedy).of(rail);
        reading.faults.add(fault);
    }
    let balance = usd(reading, path, "balance_usd", *balance_usd);
    let balance = former.map_or(balance.unwrap_or(0.0), |former| former.balance_usd);
    Some(LedgerAccount {
        id,
        rail: parsed?,
        label: label.clone(),
        balance_usd: balance,
    })
}

fn usd(reading: &mut Reading<'_>, path: &str, key: &str, amount: Option<f64>) -> Option<f64> {
    let amount = reading.amount(path, key, amount)?;
    if amount > USD_MAX {
        let reason = "is more than the ledger supports";
        let fault = Diagnostic::new(join(path, key), reason, "write at most a trillion");
        reading.faults.add(fault.of(&amount.to_string()));
        return None;
    }
    Some(amount)
}

pub(in crate::platform_file) fn write_account(
    names: &Names,
    account: LedgerAccount,
) -> schema::PaymentAccount {
    let LedgerAccount {
        id,
        rail,
        label,
        balance_usd,
    } = account;
    let id = id.to_string();
    let name = names.name_of(Kind::PaymentAccount, &id);
    schema::PaymentAccount {
        name: name.map(str::to_string),
        id: Some(id),
        rail: rail.to_string(),
        label,
        balance_usd: Some(balance_usd),
    }
}

// === policies ===

/// The record of an entry. Those that are there decide which references may stay.
pub(in crate::platform_file) fn policy(
    reading: &mut Reading<'_>,
    entry: &Entry<schema::PaymentPolicy>,
    there: &[LedgerPolicy],
) -> Option<LedgerPolicy> {
    let Entry { path, written } = entry;
    let schema::PaymentPolicy {
        subject,
        account,
        allowed_capabilities,
        allowed_operations,
        allowed_hosts,
        max_usd_per_request,
        max_usd_per_day,
    } = written;
    let given = subject.as_ref();
    let kept = there.iter().find_map(|policy| {
        let PolicySubject::Agent(id) = policy.subject else {
            return None;
        };
        let id = id.to_string();
        (given?.one.agent.as_ref() == Some(&id)).then_some(id)
    });
    let kept = kept.as_deref().map(|id| (BudgetSubjectType::Agent, id));
    let subject = spending::subject(reading, path, given, kept);
    let subject = subject.and_then(|(kind, id)| policy_subject(reading, path, &kind, &id));
    let at = join(path, "account");
    let account_id = if account.is_empty() {
        reading.missing(&at, "write the account to pay from");
        None
    } else {
        reading.refer(Kind::PaymentAccount, &at, account, None)
    };
    let max_amount_usd_per_request =
        usd(reading, path, "max_usd_per_request", *max_usd_per_request);
    let max_amount_usd_per_day = usd(reading, path, "max_usd_per_day", *max_usd_per_day);
    Some(LedgerPolicy {
        subject: subject?,
        account_id: account_id?,
        allowed_capabilities: allowed_capabilities.clone(),
        allowed_operations: allowed_operations.clone(),
        allowed_hosts: allowed_hosts.clone(),
        max_amount_usd_per_request,
        max_amount_usd_per_day,
    })
}

fn policy_subject(
    reading: &mut Reading<'_>,
    path: &str,
    kind: &BudgetSubjectType,
    id: &str,
) -> Option<PolicySubject> {
    match kind {
        BudgetSubjectType::Organization if id == reading.org_public_id => Some(PolicySubject::Org),
        BudgetSubjectType::Agent => id.parse().ok().map(PolicySubject::Agent),
        BudgetSubjectType::Session => id.parse().ok().map(PolicySubject::Session),
        BudgetSubjectType::Organization
        | BudgetSubjectType::User
        | BudgetSubjectType::App
        | BudgetSubjectType::AppChannel => {
            let reason = "is not a subject of a policy";
            let remedy = "write organization, {agent: NAME} or {session: ID}";
            let fault = Diagnostic::new(join(path, "subject"), reason, remedy);
            reading.faults.add(fault);
            None
        }
    }
}

/// What a policy is called: whom it is for.
pub(in crate::platform_file) fn name(names: &Names, subject: PolicySubject) -> String {
    match subject {
        PolicySubject::Org => "organization".to_string(),
        PolicySubject::Agent(id) => names.reference(Kind::Agent, &id.to_string()),
        PolicySubject::Session(id) => id.to_string(),
    }
}

pub(in crate::platform_file) fn write_policy(
    names: &Names,
    org_public_id: &str,
    policy: LedgerPolicy,
) -> schema::PaymentPolicy {
    let LedgerPolicy {
        subject,
        account_id,
        allowed_capabilities,
        allowed_operations,
        allowed_hosts,
        max_amount_usd_per_request,
        max_amount_usd_per_day,
    } = policy;
    let (kind, id) = match subject {
        PolicySubject::Org => (BudgetSubjectType::Organization, org_public_id.to_string()),
        PolicySubject::Agent(id) => (BudgetSubjectType::Agent, id.to_string()),
        PolicySubject::Session(id) => (BudgetSubjectType::Session, id.to_string()),
    };
    schema::PaymentPolicy {
        subject: Some(spending::write_subject(names, org_public_id, &kind, id)),
        account: names.reference(Kind::PaymentAccount, &account_id.to_string()),
        allowed_capabilities,
        allowed_operations,
        allowed_hosts,
        max_usd_per_request: max_amount_usd_per_request,
        max_usd_per_day: max_amount_usd_per_day,
    }
}
