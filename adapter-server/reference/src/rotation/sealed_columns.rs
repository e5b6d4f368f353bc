//! Every column of the database that holds something sealed. A new one is added
//! here; a test compares this list with the tables.

use crate::seal::Binding;
use mortise_proto::{Secrets, pb};
use prost::Message;

/// A table with something sealed in each row.
#[derive(Debug)]
pub(super) struct Place {
    /// Its name, and that of the column where several are sealed.
    pub(super) table: &'static str,
    /// The key columns beside the org, one or two.
    pub(super) keys: &'static [KeyColumn],
    pub(super) form: Form,
    pub(super) statements: Statements,
}

/// How a key column is stored.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeyColumn {
    Text,
    Bytes,
}

/// In which form something is sealed.
#[derive(Debug)]
pub(super) enum Form {
    /// In columns of its own, bound as this says.
    Columns(for<'a> fn(&'static str, [&'a str; 2]) -> Binding<'a>),
    /// As a record, which may also be in clear; whether it then holds a secret.
    Record(fn(&[u8]) -> bool),
}

/// What is asked of a place. A row's key comes last, org first.
#[derive(Debug)]
pub(super) struct Statements {
    /// Rows after a key that the current key (`$1`) did not seal, at most `$2`.
    pub(super) rest: &'static str,
    /// Puts `$1` in place of `$2` if that still stands, and for columns key (`$3`) and
    /// nonce (`$4`) beside it.
    pub(super) replace: &'static str,
    /// How many rows a key (`$1`) sealed.
    pub(super) count: &'static str,
}

/// The statements of a table whose secrets stand in columns of their own.
macro_rules! columns {
    ($table:literal, $first:literal $(, $second:literal)?) => {
        Statements {
            rest: concat!(
                "SELECT key_id, nonce, sealed, org_id, ", $first, $(", ", $second,)?
                " FROM ", $table, " WHERE key_id <> $1 AND (org_id, ", $first, $(", ", $second,)?
                ") > ($3, $4", $(fifth!($second),)? ") ORDER BY org_id, ", $first,
                $(", ", $second,)? " LIMIT $2"
            ),
            replace: concat!(
                "UPDATE ", $table, " SET sealed = $1, key_id = $3, nonce = $4 WHERE sealed = $2",
                " AND org_id = $5 AND ", $first, " = $6" $(, " AND ", $second, " = $7")?
            ),
            count: concat!(
                "SELECT CAST(COUNT(*) AS BIGINT) FROM ", $table, " WHERE key_id = $1"
            ),
        }
    };
}

/// The statements of a table whose records are sealed whole, in the column named.
macro_rules! record {
    ($table:literal, $body:literal, $first:literal $(, $second:literal)? $(; $only:literal)?) => {
        Statements {
            rest: concat!(
                "SELECT ", $body, ", org_id, ", $first, $(", ", $second,)? " FROM ", $table,
                " WHERE ", $body, " IS NOT NULL AND substr(", $body, ", 1, 10) <> $1",
                $(" AND ", $only,)? " AND (org_id, ", $first, $(", ", $second,)?
                ") > ($3, $4", $(fifth!($second),)? ") ORDER BY org_id, ", $first,
                $(", ", $second,)? " LIMIT $2"
            ),
            replace: concat!(
                "UPDATE ", $table, " SET ", $body, " = $1 WHERE ", $body, " = $2",
                " AND org_id = $3 AND ", $first, " = $4" $(, " AND ", $second, " = $5")?
            ),
            count: concat!(
                "SELECT CAST(COUNT(*) AS BIGINT) FROM ", $table,
                " WHERE substr(", $body, ", 1, 10) = $1"
            ),
        }
    };
}

macro_rules! fifth {
    ($column:literal) => {
        ", $5"
    };
}

/// All of them.
pub(super) const PLACES: &[Place] = &[
    Place {
        table: "session_secrets",
        keys: &[KeyColumn::Text, KeyColumn::Bytes],
        form: Form::Columns(|_, [session_id, name]| Binding::Secret { session_id, name }),
        statements: columns!("session_secrets", "session_id", "name"),
    },
    Place {
        table: "models",
        keys: &[KeyColumn::Text],
        form: Form::Columns(|_, [model_id, _]| Binding::ApiKey { model_id }),
        statements: columns!("models", "id"),
    },
    Place {
        table: "provider_credentials",
        keys: &[KeyColumn::Bytes],
        form: Form::Columns(column),
        statements: columns!("provider_credentials", "provider_type"),
    },
    Place {
        table: "user_connections",
        keys: &[KeyColumn::Text, KeyColumn::Bytes],
        form: Form::Columns(column),
        statements: columns!("user_connections", "user_id", "provider"),
    },
    Place {
        table: "user_connection_metadata",
        keys: &[KeyColumn::Text, KeyColumn::Bytes],
        form: Form::Columns(column),
        statements: columns!("user_connection_metadata", "user_id", "provider"),
    },
    Place {
        table: "harnesses",
        keys: &[KeyColumn::Text],
        form: Form::Record(holds_secret::<pb::Harness>),
        statements: record!("harnesses", "body", "id"),
    },
    Place {
        table: "agents",
        keys: &[KeyColumn::Text],
        form: Form::Record(holds_secret::<pb::Agent>),
        statements: record!("agents", "body", "id"),
    },
    Place {
        table: "sessions",
        keys: &[KeyColumn::Text],
        form: Form::Record(holds_secret::<pb::Session>),
        statements: record!("sessions", "body", "id"),
    },
    Place {
        table: "session_values",
        keys: &[KeyColumn::Text, KeyColumn::Bytes],
        form: Form::Record(holds_secret::<pb::GetValueResponse>),
        statements: record!("session_values", "value", "session_id", "name"),
    },
    Place {
        table: "apps",
        keys: &[KeyColumn::Text],
        form: Form::Record(holds_secret::<pb::App>),
        statements: record!("apps", "body", "id"),
    },
    Place {
        table: "payment_attempts.answer",
        keys: &[KeyColumn::Text],
        form: Form::Record(holds_secret::<pb::ExecuteMachinePaymentResponse>),
        statements: record!("payment_attempts", "answer", "id"),
    },
    Place {
        table: "payment_attempts.request",
        keys: &[KeyColumn::Text],
        form: Form::Record(holds_secret::<pb::MachinePaymentRequest>),
        statements: record!("payment_attempts", "request", "id"),
    },
    Place {
        table: "journaled_turns",
        keys: &[KeyColumn::Text, KeyColumn::Text],
        form: Form::Record(holds_secret::<pb::GetTurnResponse>),
        statements: record!("journaled_turns", "record", "session_id", "turn_id"),
    },
    Place {
        table: "journaled_tool_calls",
        keys: &[KeyColumn::Text],
        form: Form::Record(holds_secret::<pb::JournaledToolCall>),
        statements: record!("journaled_tool_calls", "body", "id"),
    },
    Place {
        table: "replies",
        keys: &[KeyColumn::Text],
        // Which message an answer in clear is, its row does not say; it is gone in a week.
        form: Form::Record(|_| false),
        statements: record!(
            "replies", "body", "request_id";
            "substr(body, 1, 2) = substr(CAST($1 AS BLOB), 1, 2)"
        ),
    },
];

// === impl Place ===

impl Place {
    /// What the sealed value of a row of this table is bound to.
    pub(super) fn binding<'a>(&self, row: [&'a str; 2]) -> Binding<'a> {
        let table = self.table;
        match self.form {
            Form::Columns(binding) => binding(table, row),
            Form::Record(_) => Binding::Record { table, row },
        }
    }
}

fn column<'a>(table: &'static str, row: [&'a str; 2]) -> Binding<'a> {
    Binding::Column { table, row }
}

fn holds_secret<W: Message + Secrets + Default>(body: &[u8]) -> bool {
    W::decode(body).is_ok_and(|record| record.secret(&|_| true).is_some())
}
