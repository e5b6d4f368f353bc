//! The time that what is stored is measured by.

use crate::db::tx::Tx;
use crate::encoding;
use mortise_proto::StoreError;

const NOW: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) \
                   WHERE CAST($1 AS BIGINT) IS NOT NULL";

/// Now, in nanoseconds since 1970. Servers that share a PostgreSQL have its clock, so that
/// their own need not agree; those that share a SQLite file are on one machine.
pub(crate) async fn now(tx: &mut Tx) -> Result<i64, StoreError> {
    if !tx.is_postgres() {
        return Ok(encoding::now());
    }
    let (micros,): (i64,) = tx.query_as(NOW).fetch_one().await?;
    Ok(micros.saturating_mul(1000))
}
