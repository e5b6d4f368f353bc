//! Many rows with few statements. Each statement is a trip to the connection's
//! thread, and SQLite keeps a prepared statement per text: rows are cut into runs of
//! few different lengths, so that few texts are ever seen.

use crate::db::tx::{Statement, Tx};
use mortise_proto::StoreError;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, FromRow};

const RUNS: [usize; 4] = [64, 16, 4, 1];

/// Inserts rows of the org and `columns` values each: `head VALUES ($1, ..), ($1, ..) tail`.
pub(crate) async fn insert<T>(
    tx: &mut Tx,
    (head, tail): (&str, &str),
    columns: usize,
    rows: &[T],
    bind: impl for<'t> Fn(Statement<'t>, &T) -> Statement<'t>,
) -> Result<(), StoreError> {
    let mut rest = rows;
    while !rest.is_empty() {
        let run = RUNS.into_iter().find(|run| *run <= rest.len()).unwrap_or(1);
        let (now, later) = rest.split_at(run);
        let values: Vec<String> = (0..run)
            .map(|row| format!("($1, {})", places(2 + row * columns, columns)))
            .collect();
        let sql = format!("{head} VALUES {} {tail}", values.join(", "));
        let mut statement = tx.query(AssertSqlSafe(sql));
        for row in now {
            statement = bind(statement, row);
        }
        statement.execute().await?;
        rest = later;
    }
    Ok(())
}

/// Looks rows of the org up by a key: `head IN (..) tail`, where `$1` is the org.
pub(crate) async fn lookup<O>(
    tx: &mut Tx,
    (head, tail): (&str, &str),
    keys: &[&str],
) -> Result<Vec<O>, StoreError>
where
    O: for<'r> FromRow<'r, AnyRow> + Send + Unpin,
{
    let mut found = Vec::new();
    for keys in keys.chunks(RUNS[0]) {
        let run = RUNS.into_iter().rev().find(|run| *run >= keys.len());
        let run = run.unwrap_or(RUNS[0]);
        let sql = format!("{head} IN ({}) {tail}", places(2, run));
        // A key named twice finds nothing more.
        let padded = keys.iter().cycle().take(run);
        let statement = padded.fold(tx.query_as::<O>(AssertSqlSafe(sql)), |statement, key| {
            statement.bind(*key)
        });
        found.extend(statement.fetch_all().await?);
    }
    Ok(found)
}

/// `$1, $2, $3`
fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    places.join(", ")
}
