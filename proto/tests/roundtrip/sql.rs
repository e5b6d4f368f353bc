//! SQL databases of a session: descriptions, results and errors.

use everruns_core::session_sqldb::{
    ColumnSchema, DatabaseInfo, SessionSqlDbError, SqlQueryResult, TableSchema,
};
use mortise_proto::convert::session_sql_db_store::{into_host_error, join, split};
use mortise_proto::pb::ErrorReason;
use mortise_proto::pb::sql_query_response::Part;
use mortise_proto::{StoreError, pb};
use proptest::prelude::*;
use serde_json::json;
use tonic::{Code, Status};

use crate::properties::{crosses, debug_form, through_bytes};
use crate::secrets::MARKER;
use crate::tape::{Arb, Tape, arb_struct, tape};
use crate::walk::refuses;

arb_struct! {
    TableSchema { name, columns, row_count }
    ColumnSchema { name, column_type, notnull, pk, default_value }
}

impl Arb for DatabaseInfo {
    fn arb(tape: &mut Tape<'_>) -> Self {
        Self {
            name: tape.make(),
            size_bytes: tape.make(),
            page_count: tape.make::<i64>() as i32,
            created_at: tape.make(),
            updated_at: tape.make(),
        }
    }
}

/// A result has a value for each column.
impl Arb for SqlQueryResult {
    fn arb(tape: &mut Tape<'_>) -> Self {
        let columns: Vec<String> = tape.make();
        let row = |tape: &mut Tape<'_>| columns.iter().map(|_| tape.make()).collect();
        let rows = (0..tape.below(5)).map(|_| row(tape)).collect();
        Self {
            columns,
            rows,
            row_count: tape.make(),
            truncated: tape.make(),
        }
    }
}

impl Arb for SessionSqlDbError {
    fn arb(tape: &mut Tape<'_>) -> Self {
        match tape.below(9) {
            0 => Self::DatabaseNotFound(tape.make()),
            1 => Self::DatabaseAlreadyExists(tape.make()),
            2 => Self::InvalidDatabaseName(tape.make()),
            3 => Self::LimitExceeded(tape.make()),
            4 => Self::QueryError(tape.make()),
            5 => Self::QueryTimeout(tape.make()),
            6 => Self::ResultTooLarge(tape.make()),
            7 => Self::AuthorizerBlocked(tape.make()),
            _ => Self::Internal(tape.make()),
        }
    }
}

fn parts(result: SqlQueryResult) -> Vec<pb::SqlQueryResponse> {
    let (columns, rows, end) = split(result);
    let run = |row| {
        let rows = vec![pb::SqlRow::from(row)];
        Part::Rows(pb::SqlRows { rows })
    };
    [Part::Columns(columns)]
        .into_iter()
        .chain(rows.into_iter().map(run))
        .chain([Part::End(end)])
        .map(|part| through_bytes(&pb::SqlQueryResponse { part: Some(part) }))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What describes databases and tables keeps every field.
    #[test]
    fn descriptions(words in tape()) {
        let mut tape = Tape::new(&words);
        crosses::<DatabaseInfo, pb::DatabaseInfo>(tape.make(), debug_form);
        crosses::<TableSchema, pb::TableSchema>(tape.make(), debug_form);
        let database = pb::DatabaseInfo::from(tape.make::<DatabaseInfo>());
        refuses("DatabaseInfo", &database, DatabaseInfo::try_from);
    }

    /// A result comes back whole from its parts, each value as it was.
    #[test]
    fn results(words in tape()) {
        let result: SqlQueryResult = Tape::new(&words).make();
        let back = join(parts(result.clone())).unwrap();
        assert_eq!(debug_form(&back), debug_form(&result));
    }

    /// An error comes back as the variant and with the payload that it went with.
    #[test]
    fn errors(words in tape()) {
        let error: SessionSqlDbError = Tape::new(&words).make();
        let sent = debug_form(&error);
        let back = into_host_error(StoreError::from(Status::from(StoreError::from(error))));
        assert_eq!(debug_form(&back), sent);
    }
}

/// A result in which a part is missing, doubled or out of place is none, and one that
/// was cut off is never taken for whole.
#[test]
fn a_result_is_whole_or_none() {
    let result = SqlQueryResult {
        columns: vec!["a".into(), "b".into()],
        rows: vec![vec![json!(1), json!(null)], vec![json!(2), json!("x")]],
        row_count: 2,
        truncated: false,
    };
    let whole = parts(result);
    let refused = |parts: Vec<pb::SqlQueryResponse>| {
        let error = join(parts).unwrap_err();
        assert!(error.problem.contains("; send "), "{error}");
        error.path
    };
    assert!(!join(whole.clone()).unwrap().truncated);
    for cut in 0..whole.len() {
        let expected = if cut == 0 { "columns" } else { "end" };
        assert_eq!(refused(whole[..cut].to_vec()), expected);
    }
    for (position, doubled, expected) in [(1, 0, "columns"), (4, 1, "end"), (4, 3, "end")] {
        let mut wrong = whole.clone();
        wrong.insert(position, whole[doubled].clone());
        assert_eq!(refused(wrong), expected);
    }
    let with_row = |values_json: &str| {
        let mut wrong = whole.clone();
        let values_json = values_json.to_string();
        let rows = vec![pb::SqlRow { values_json }];
        wrong[1].part = Some(Part::Rows(pb::SqlRows { rows }));
        wrong
    };
    for broken in [format!("[\"{MARKER}\", "), format!("{{\"{MARKER}\": 1}}")] {
        let error = join(with_row(&broken)).unwrap_err();
        assert_eq!(error.path, "rows[0].values_json");
        assert!(!error.to_string().contains(MARKER), "{error}");
    }
    assert_eq!(refused(with_row("[1]")), "values_json");
    let mut without = whole;
    without[2].part = None;
    assert_eq!(refused(without), "part");
}

/// Every error that is not one of the store's own, the transport's among them, is
/// internal, whatever its code, and says something; so is a timeout without its length.
#[test]
fn whatever_else_fails_is_internal() {
    for code in (1..=16).map(Code::from) {
        for text in ["", "connection refused"] {
            let error = into_host_error(StoreError::from(Status::new(code, text)));
            let SessionSqlDbError::Internal(shown) = &error else {
                panic!("{code:?} became {error:?}");
            };
            assert!(!shown.is_empty());
            assert!(!error.is_tool_error());
        }
    }
    for number in 1..128 {
        let Ok(reason) = ErrorReason::try_from(number) else {
            continue;
        };
        let error = into_host_error(StoreError::new(reason, "why"));
        let own = reason.as_str_name().starts_with("ERROR_REASON_SQL_");
        let hidden = matches!(
            reason,
            ErrorReason::SqlInternal | ErrorReason::SqlQueryTimeout
        );
        assert_eq!(error.is_tool_error(), own && !hidden, "{reason:?}");
    }
}
