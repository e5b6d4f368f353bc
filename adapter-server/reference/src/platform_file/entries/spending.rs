//! Budgets, and whom they and the policies of payments are for.

use crate::platform_file::diagnostics::{OfValue, instead, join};
use crate::platform_file::entries::{Entry, Reading};
use crate::platform_file::schema;
use crate::platform_file::schema::{OneSubject, Subject};
use crate::platform_file::state::Names;
use crate::stores::names::Kind;
use everruns_core::budget::BudgetSubjectType;
use everruns_core::typed_id::{AgentId, AppChannelId, AppId, BudgetId, IdMarker, SessionId};
use mortise_adapter_server::Diagnostic;
use mortise_proto::convert::budget_checker::Budget;
use uuid::Uuid;

/// The word for the org of the file.
const ORGANIZATION: &str = "organization";

/// The record of an entry, over the one that is there. What was spent stays spent: a
/// balance is only given to a new budget, and follows the limit later.
pub(in crate::platform_file) fn record(
    reading: &mut Reading<'_>,
    id: BudgetId,
    entry: &Entry<schema::Budget>,
    former: Option<&Budget>,
) -> Option<Budget> {
    let Entry { path, written } = entry;
    let schema::Budget {
        name: _,
        id: _,
        subject,
        currency,
        limit,
        soft_limit,
        balance,
        paused,
    } = written;
    reading.required(path, "currency", currency);
    if limit.is_none() {
        reading.missing(&join(path, "limit"), "write the most that may be spent");
    }
    let kept = former.map(|former| (former.subject_type.clone(), former.subject_id.as_str()));
    let subject = self::subject(reading, path, subject.as_ref(), kept);
    let limit = reading.amount(path, "limit", *limit);
    let soft_limit = reading.amount(path, "soft_limit", *soft_limit);
    let is_finite = balance.is_none_or(f64::is_finite);
    if !is_finite {
        let at = join(path, "balance");
        reading
            .faults
            .add(Diagnostic::new(at, "is not an amount", "write a number"));
    }
    let ((subject_type, subject_id), limit) = (subject?, limit?);
    let balance = match former {
        Some(former) if former.limit == limit => former.balance,
        Some(former) => former.balance + (limit - former.limit),
        None => balance.unwrap_or(limit),
    };
    Some(Budget {
        id,
        subject_type,
        subject_id,
        currency: currency.clone(),
        limit,
        soft_limit,
        balance,
        is_paused: *paused,
    })
}

pub(in crate::platform_file) fn write(
    names: &Names,
    org_public_id: &str,
    budget: Budget,
) -> schema::Budget {
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
    let id = id.to_string();
    schema::Budget {
        name: names.name_of(Kind::Budget, &id).map(str::to_string),
        id: Some(id),
        subject: Some(write_subject(
            names,
            org_public_id,
            &subject_type,
            subject_id,
        )),
        currency,
        limit: Some(limit),
        soft_limit,
        balance: Some(balance),
        paused: is_paused,
    }
}

// === subjects ===

/// The kind of a subject and its id. `kept` is the one that the record has already.
pub(super) fn subject(
    reading: &mut Reading<'_>,
    path: &str,
    written: Option<&Subject>,
    kept: Option<(BudgetSubjectType, &str)>,
) -> Option<(BudgetSubjectType, String)> {
    let path = join(path, "subject");
    let Some(Subject { word, one }) = written else {
        reading.missing(&path, "write organization, {agent: NAME} or another one");
        return None;
    };
    if let Some(word) = word {
        if word == ORGANIZATION {
            let id = reading.org_public_id.to_string();
            return Some((BudgetSubjectType::Organization, id));
        }
        let remedy = instead(word, [ORGANIZATION], "write organization, or {agent: NAME}");
        let reason = "is not a complete subject";
        reading
            .faults
            .add(Diagnostic::new(path, reason, remedy).of(word));
        return None;
    }
    let OneSubject {
        organization,
        agent,
        user,
        session,
        app,
        app_channel,
    } = one;
    let given = [
        (BudgetSubjectType::Organization, ORGANIZATION, organization),
        (BudgetSubjectType::Agent, "agent", agent),
        (BudgetSubjectType::User, "user", user),
        (BudgetSubjectType::Session, "session", session),
        (BudgetSubjectType::App, "app", app),
        (BudgetSubjectType::AppChannel, "app_channel", app_channel),
    ];
    let mut given = given
        .into_iter()
        .filter_map(|(kind, key, id)| Some((kind, key, id.as_ref()?)));
    let (Some((kind, key, id)), None) = (given.next(), given.next()) else {
        let reason = "does not name one subject";
        reading
            .faults
            .add(Diagnostic::new(path, reason, "write one key"));
        return None;
    };
    if kept == Some((kind.clone(), id)) {
        return Some((kind, id.clone()));
    }
    let id = subject_id(reading, &join(&path, key), &kind, id)?;
    Some((kind, id))
}

fn subject_id(
    reading: &mut Reading<'_>,
    path: &str,
    kind: &BudgetSubjectType,
    id: &str,
) -> Option<String> {
    match kind {
        BudgetSubjectType::Agent => {
            let agent = reading.refer::<<AgentId as Marked>::Marker>(Kind::Agent, path, id, None);
            agent.map(|id| id.to_string())
        }
        BudgetSubjectType::Session => checked::<SessionId>(reading, path, id),
        BudgetSubjectType::App => checked::<AppId>(reading, path, id),
        BudgetSubjectType::AppChannel => checked::<AppChannelId>(reading, path, id),
        BudgetSubjectType::User => {
            let user = Uuid::parse_str(id).ok();
            if user.is_none() {
                let fault = Diagnostic::new(path, "is not a UUID", "write the user's id").of(id);
                reading.faults.add(fault);
            }
            user.map(|id| id.to_string())
        }
        BudgetSubjectType::Organization => Some(id.to_string()),
    }
}

/// The kind of an id, by its type.
trait Marked {
    type Marker: IdMarker;
}

impl<M: IdMarker> Marked for everruns_core::typed_id::TypedId<M> {
    type Marker = M;
}

fn checked<I: Marked>(reading: &mut Reading<'_>, path: &str, id: &str) -> Option<String> {
    let id = reading.id::<I::Marker>(path, id);
    id.map(|id| id.to_string())
}

pub(super) fn write_subject(
    names: &Names,
    org_public_id: &str,
    kind: &BudgetSubjectType,
    id: String,
) -> Subject {
    let mut one = OneSubject::default();
    match kind {
        BudgetSubjectType::Organization if id == org_public_id => {
            return Subject::from(ORGANIZATION.to_string());
        }
        BudgetSubjectType::Organization => one.organization = Some(id),
        BudgetSubjectType::Agent => one.agent = Some(names.reference(Kind::Agent, &id)),
        BudgetSubjectType::User => one.user = Some(id),
        BudgetSubjectType::Session => one.session = Some(id),
        BudgetSubjectType::App => one.app = Some(id),
        BudgetSubjectType::AppChannel => one.app_channel = Some(id),
    }
    Subject::from(one)
}
