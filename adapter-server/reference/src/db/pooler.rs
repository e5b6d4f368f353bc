//! A pooler between here and PostgreSQL, such as pgbouncer. One that gives a connection a
//! server session of its own serves; one that shares sessions does not: the limits of a
//! session would be lost or be another's, prepared statements would be missing, and
//! connections that fall silent could not be told from others.

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, Connection, Row};
use std::time::Duration;
use tokio::time::timeout;

/// Each server session has a process of its own.
const PROCESS: &str = "SELECT CAST(pg_backend_pid() AS BIGINT)";

/// Whose turn it is to ask. Sessions that are shared are given out last in, first out, or
/// in a circle of any length: in neither does each connection always meet the same one
/// here, and never the other's.
const SECOND_ASKS: [bool; 12] = [
    false, true, false, false, true, true, false, true, true, true, false, false,
];

/// How long a second session may take.
const SECOND_WITHIN: Duration = Duration::from_secs(5);

/// What the server gives to two connections that are open at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sessions {
    /// Each has its own.
    Own,
    /// They meet each other's, or several.
    Shared,
    /// The second waits until the first has gone.
    OnlyOne,
}

/// Finds out what the server gives to a second connection beside one that is open. Asks
/// with plain queries and without transactions, which every pooler lets pass.
pub(super) async fn sessions(
    first: &mut AnyConnection,
    options: &AnyConnectOptions,
) -> Result<Sessions, sqlx::Error> {
    let own = process(first).await?;
    let second = async {
        let mut second = options.connect().await?;
        let other = process(&mut second).await?;
        Ok::<_, sqlx::Error>((second, other))
    };
    let (mut second, other) = match timeout(SECOND_WITHIN, second).await {
        Ok(Ok(second)) => second,
        // A server that has no room for a second has room to share none.
        Ok(Err(_)) => return Ok(Sessions::Own),
        Err(_) => return Ok(Sessions::OnlyOne),
    };
    let mut are_own = own != other;
    for second_asks in SECOND_ASKS {
        let (asks, expected) = if second_asks {
            (&mut second, other)
        } else {
            (&mut *first, own)
        };
        are_own &= process(asks).await? == expected;
    }
    second.close().await?;
    Ok(if are_own {
        Sessions::Own
    } else {
        Sessions::Shared
    })
}

async fn process(connection: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    let row = sqlx::raw_sql(PROCESS).fetch_one(connection).await?;
    row.try_get(0)
}

/// What to do about a text of a pooler's own, which all come with one SQLSTATE (08P01).
pub(super) fn remedy(text: &str) -> &'static str {
    const REMEDIES: [(&str, &str); 5] = [
        (
            "startup parameter",
            "add ignore_startup_parameters = extra_float_digits to pgbouncer.ini, and set \
             pool_mode = session for this database",
        ),
        (
            "pooling mode",
            "set pool_mode = session for this database in pgbouncer.ini, or give the \
             address of the server itself",
        ),
        (
            "query_wait_timeout",
            "raise default_pool_size in pgbouncer.ini: each of --max-connections, and one \
             more, needs a session of its own",
        ),
        (
            "no more connections",
            "raise max_client_conn in pgbouncer.ini, or give fewer --max-connections",
        ),
        (
            "no such database",
            "name the database in the section [databases] of pgbouncer.ini",
        ),
    ];
    let known = REMEDIES.iter().find(|(words, _)| text.contains(words));
    known.map_or(
        "is it a pooler? pgbouncer needs pool_mode = session and \
         ignore_startup_parameters = extra_float_digits",
        |(_, remedy)| remedy,
    )
}
