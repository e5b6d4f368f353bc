//! What a sealed value is tied to: what it is, and the row of an org in which it stands.

/// What a sealed value is and in which row of its org it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Binding<'a> {
    /// A session's secret.
    Secret { session_id: &'a str, name: &'a str },
    /// The API key of a model.
    ApiKey { model_id: &'a str },
    /// A sealed column of a table, in the row of these two key columns.
    Column {
        table: &'static str,
        row: [&'a str; 2],
    },
    /// A whole record of a table, in the row of these two key columns.
    Record {
        table: &'static str,
        row: [&'a str; 2],
    },
}

// === impl Binding ===

impl<'a> Binding<'a> {
    /// A whole record of a table whose rows have one key column.
    pub(crate) fn record(table: &'static str, id: &'a str) -> Self {
        Self::Record {
            table,
            row: [id, ""],
        }
    }

    /// The associated data of the cipher. Each field is preceded by its length: no two
    /// places give the same bytes.
    pub(super) fn associated_data(self, org_id: i64) -> Vec<u8> {
        let (kind, fields): (u8, &[&str]) = match &self {
            Self::Secret { session_id, name } => (1, &[session_id, name]),
            Self::ApiKey { model_id } => (2, &[model_id, ""]),
            Self::Column { table, row } => (3, &[table, row[0], row[1]]),
            Self::Record { table, row } => (4, &[table, row[0], row[1]]),
        };
        let mut bytes = b"mortise sealed v1".to_vec();
        bytes.push(kind);
        bytes.extend(org_id.to_le_bytes());
        for field in fields {
            bytes.extend((field.len() as u64).to_le_bytes());
            bytes.extend(field.as_bytes());
        }
        bytes
    }
}
