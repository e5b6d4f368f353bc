//! Many rows with few statements. Each statement is a trip to the connection's
//! thread, and SQLite keeps a prepared statement per text: rows are cut into runs of
//! few different lengths, so that few texts are ever seen.

use crate::db::AnyConnection;
use crate::db::db_error;
use mortise_proto::StoreError;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, FromRow};

const RUNS: [usize; 4] = [64, 16, 4, 1];

/// A statement that values are bound to.
pub(crate) type Statement = Query<'static, Any, AnyArguments>;

/// Inserts rows of `columns` values each: `head VALUES (..), (..) tail`.
pub(crate) async fn insert<T>(
    conn: &mut AnyConnection,
    (head, tail): (&str, &str),
    columns: usize,
    rows: &[T],
    bind: impl Fn(Statement, &T) -> Statement,
) -> Result<(), StoreError> {
    let mut rest = rows;
    while !rest.is_empty() {
        let run = RUNS.into_iter().find(|run| *run <= rest.len()).unwrap_or(1);
        let (now, later) = rest.split_at(run);
        let values: Vec<String> = (0..run)
            .map(|row| places(row * columns + 1, columns))
            .collect();
        let sql = format!("{head} VALUES {} {tail}", values.join(", "));
        let statement = now
            .iter()
            .fold(sqlx::query(AssertSqlSafe(sql)), |statement, row| {
                bind(statement, row)
            });
        statement.execute(&mut *conn).await.map_err(db_error)?;
        rest = later;
    }
    Ok(())
}

/// Looks rows of one org up by a key: `head IN (..) tail`, where `$1` is the org.
pub(crate) async fn lookup<O>(
    conn: &mut AnyConnection,
    (head, tail): (&str, &str),
    org_id: i64,
    keys: &[&str],
) -> Result<Vec<O>, StoreError>
where
    O: for<'r> FromRow<'r, AnyRow> + Send + Unpin,
{
    let mut found = Vec::new();
    for keys in keys.chunks(RUNS[0]) {
        let run = RUNS.into_iter().rev().find(|run| *run >= keys.len());
        let run = run.unwrap_or(RUNS[0]);
        let sql = format!("{head} IN {} {tail}", places(2, run));
        // A key named twice finds nothing more.
        let padded = keys.iter().cycle().take(run);
        let statement = padded.fold(
            sqlx::query_as::<_, O>(AssertSqlSafe(sql)).bind(org_id),
            |statement, key| statement.bind(*key),
        );
        found.extend(statement.fetch_all(&mut *conn).await.map_err(db_error)?);
    }
    Ok(found)
}

/// `($1, $2, $3)`
fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    format!("({})", places.join(", "))
}
