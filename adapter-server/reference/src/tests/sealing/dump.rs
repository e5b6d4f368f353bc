//! Everything that is in a database, as bytes.

use crate::db::AllOrgs;
use crate::reference::Reference;
use crate::tests::database::Database;
use sqlx::{AssertSqlSafe, Row};

/// Every value of every column of every table, with where it stands.
pub(super) struct Dump(Vec<(String, Vec<u8>)>);

impl Dump {
    pub(super) async fn of(store: &Reference) -> Self {
        let mut conn = store.inner.db.read_all_orgs().await.unwrap();
        let mut values = Vec::new();
        for (table, column) in columns(&mut conn).await {
            let place = format!("{table}.{column}");
            let sql = match super::super::database() {
                Database::Sqlite => format!("SELECT CAST(\"{column}\" AS BLOB) FROM \"{table}\""),
                Database::Postgres => format!(
                    "SELECT CASE WHEN pg_typeof(\"{column}\")::text IN ('blob', 'bytea') \
                     THEN decode(substr(\"{column}\"::text, 3), 'hex') \
                     ELSE convert_to(\"{column}\"::text, 'UTF8') END FROM \"{table}\""
                ),
            };
            let rows = conn.query(AssertSqlSafe(sql)).fetch_rows().await;
            for row in rows.unwrap() {
                let value: Option<Vec<u8>> = row.try_get(0).unwrap();
                values.push((place.clone(), value.unwrap_or_default()));
            }
        }
        Self(values)
    }

    /// The columns that hold these bytes.
    pub(super) fn places_of(&self, needle: &[u8]) -> Vec<String> {
        let mut places: Vec<_> = self
            .0
            .iter()
            .filter(|(_, value)| contains(value, needle))
            .map(|(place, _)| place.clone())
            .collect();
        places.sort();
        places.dedup();
        places
    }
}

/// The tables and columns of the database.
pub(super) async fn columns(conn: &mut AllOrgs) -> Vec<(String, String)> {
    let sql = match super::super::database() {
        Database::Sqlite => {
            "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c \
             WHERE t.type = 'table'"
        }
        Database::Postgres => {
            "SELECT table_name::text, column_name::text FROM information_schema.columns \
             WHERE table_schema = 'public'"
        }
    };
    conn.query_as(sql).fetch_all().await.unwrap()
}

/// Whether the bytes hold the needle.
pub(super) fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|bytes| bytes == needle)
}
