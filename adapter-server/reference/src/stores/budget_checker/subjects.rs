//! Whose budgets a session counts against.

use crate::db::Tx;
use everruns_core::Session;
use everruns_core::typed_id::AgentId;
use mortise_proto::StoreError;
use mortise_proto::pb::BudgetSubjectType;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, FromRow};

/// The session itself, its agents, the user it belongs to, its org. Sessions do not say
/// which app they were made for.
pub(super) struct Subjects(Vec<(BudgetSubjectType, String)>);

// === impl Subjects ===

impl Subjects {
    /// Of a session; `at_work` is another agent that works in it.
    pub(super) fn of(session: &Session, at_work: Option<AgentId>) -> Self {
        let mut subjects = vec![
            (BudgetSubjectType::Session, session.id.to_string()),
            (
                BudgetSubjectType::Organization,
                session.organization_id.clone(),
            ),
        ];
        let at_work = at_work.filter(|agent| session.agent_id != Some(*agent));
        let agents = session.agent_id.into_iter().chain(at_work);
        subjects.extend(agents.map(|agent| (BudgetSubjectType::Agent, agent.to_string())));
        let user = session.resolved_owner_user_id.into_iter();
        subjects.extend(user.map(|user| (BudgetSubjectType::User, user.to_string())));
        Self(subjects)
    }

    /// Rows of their budgets, by id: `select`, where `$1` is the org, ends in `AND`.
    pub(super) async fn select<O>(&self, tx: &mut Tx, select: &str) -> Result<Vec<O>, StoreError>
    where
        O: for<'r> FromRow<'r, AnyRow> + Send + Unpin,
    {
        let theirs = (0..self.0.len()).map(|n| {
            let (subject_type, id) = (2 * n + 2, 2 * n + 3);
            format!("(subject_type = ${subject_type} AND subject_id = ${id})")
        });
        let theirs: Vec<String> = theirs.collect();
        let sql = format!("{select} ({}) ORDER BY id", theirs.join(" OR "));
        let statement = tx.query_as(AssertSqlSafe(sql));
        let statement = self.0.iter().fold(statement, |to, (subject_type, id)| {
            to.bind(i64::from(i32::from(*subject_type)))
                .bind(id.as_bytes())
        });
        statement.fetch_all().await
    }
}
