//! What the server and a worker say to each other: prost messages, each after its length,
//! and the bytes of images after the message that announces them.
//!
//! Both are one executable, so that there is one version of this.

use crate::stores::session_sql_db_store::image::{CHUNK_BYTES, Image, Revision};
use crate::stores::session_sql_db_store::job::{Done, Job};
use crate::stores::session_sql_db_store::limits::SqlLimits;
use bytes::Bytes;
use everruns_core::session_sqldb::{SessionSqlDbError, SqlQueryResult};
use mortise_proto::convert::list;
use mortise_proto::pb;
use prost::Message;
use serde_json::Value;
use std::io::{self, Read};
use std::time::Duration;

/// What stands before each message: how many bytes it has, little-endian.
pub(super) const PREFIX_BYTES: usize = 4;

/// What a message takes beside what it carries.
const MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// A worker's first message.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Ready {
    /// Which process it is.
    #[prost(uint32, tag = "1")]
    pub(super) process_id: u32,
}

/// What a worker is asked.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Request {
    #[prost(oneof = "Ask", tags = "1, 2, 3, 4")]
    pub(super) ask: Option<Ask>,
    /// How many bytes of an image follow.
    #[prost(uint64, tag = "5")]
    pub(super) image_bytes: u64,
    #[prost(message, optional, tag = "6")]
    pub(super) limits: Option<Limits>,
}

/// What is asked.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Ask {
    #[prost(string, tag = "1")]
    Query(String),
    #[prost(message, tag = "2")]
    Schema(Schema),
    #[prost(string, tag = "3")]
    Execute(String),
    /// The caller of what is being run is gone.
    #[prost(message, tag = "4")]
    Stop(Stop),
}

/// The tables that are asked for.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Schema {
    #[prost(string, optional, tag = "1")]
    table: Option<String>,
}

/// Nothing more to say.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Stop {}

/// [`SqlLimits`], without those that are checked in the server.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Limits {
    #[prost(uint64, tag = "1")]
    time_ms: u64,
    #[prost(uint64, tag = "2")]
    result_bytes: u64,
    #[prost(uint64, tag = "3")]
    database_bytes: u64,
    #[prost(uint64, tag = "4")]
    memory_bytes: u64,
}

/// What a worker answers.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Answer {
    #[prost(oneof = "Told", tags = "1, 2, 3, 4")]
    told: Option<Told>,
}

/// What came of a call.
#[derive(Clone, PartialEq, prost::Oneof)]
enum Told {
    #[prost(message, tag = "1")]
    Rows(Rows),
    #[prost(message, tag = "2")]
    Tables(Tables),
    #[prost(message, tag = "3")]
    Changed(Changed),
    #[prost(message, tag = "4")]
    Fault(Fault),
}

/// A result.
#[derive(Clone, PartialEq, Message)]
struct Rows {
    #[prost(string, repeated, tag = "1")]
    columns: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    rows: Vec<Row>,
    #[prost(bool, tag = "3")]
    truncated: bool,
}

/// A row of a result.
#[derive(Clone, PartialEq, Message)]
struct Row {
    #[prost(message, repeated, tag = "1")]
    cells: Vec<Cell>,
}

/// A value; NULL where it has none.
#[derive(Clone, PartialEq, Message)]
struct Cell {
    #[prost(oneof = "Content", tags = "1, 2, 3, 4")]
    content: Option<Content>,
}

/// A value as the contract writes it. Numbers are not text here: every digit comes back.
#[derive(Clone, PartialEq, prost::Oneof)]
enum Content {
    #[prost(sint64, tag = "1")]
    Integer(i64),
    #[prost(double, tag = "2")]
    Real(f64),
    #[prost(string, tag = "3")]
    Text(String),
    /// Anything else.
    #[prost(string, tag = "4")]
    Json(String),
}

/// Descriptions of tables.
#[derive(Clone, PartialEq, Message)]
struct Tables {
    #[prost(message, repeated, tag = "1")]
    tables: Vec<pb::TableSchema>,
}

/// A changed image. The chunks that differ follow, one after the other.
#[derive(Clone, PartialEq, Message)]
struct Changed {
    #[prost(uint64, tag = "1")]
    rows_affected: u64,
    #[prost(uint64, tag = "2")]
    image_bytes: u64,
    #[prost(uint64, repeated, tag = "3")]
    changed: Vec<u64>,
}

/// Why a call failed.
#[derive(Clone, PartialEq, Message)]
struct Fault {
    #[prost(enumeration = "FaultKind", tag = "1")]
    kind: i32,
    #[prost(string, tag = "2")]
    text: String,
    #[prost(uint64, tag = "3")]
    seconds: u64,
}

/// The variants of [`SessionSqlDbError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
enum FaultKind {
    Internal = 0,
    DatabaseNotFound = 1,
    DatabaseAlreadyExists = 2,
    InvalidDatabaseName = 3,
    LimitExceeded = 4,
    QueryError = 5,
    QueryTimeout = 6,
    ResultTooLarge = 7,
    AuthorizerBlocked = 8,
}

// === impl Request ===

impl Request {
    pub(super) fn of(job: Job, image: &Image, limits: &SqlLimits) -> Self {
        Self {
            ask: Some(match job {
                Job::Query(sql) => Ask::Query(sql),
                Job::Schema(table) => Ask::Schema(Schema { table }),
                Job::Execute(sql) => Ask::Execute(sql),
            }),
            image_bytes: image.bytes() as u64,
            limits: Some(limits.into()),
        }
    }

    pub(super) fn stop() -> Self {
        Self {
            ask: Some(Ask::Stop(Stop {})),
            ..Self::default()
        }
    }
}

impl Ask {
    /// What is to be run; `None` if something is to be stopped.
    pub(super) fn job(self) -> Option<Job> {
        match self {
            Self::Query(sql) => Some(Job::Query(sql)),
            Self::Schema(Schema { table }) => Some(Job::Schema(table)),
            Self::Execute(sql) => Some(Job::Execute(sql)),
            Self::Stop(Stop {}) => None,
        }
    }
}

impl From<&SqlLimits> for Limits {
    fn from(limits: &SqlLimits) -> Self {
        let SqlLimits {
            time,
            result_bytes,
            database_bytes,
            memory_bytes,
            databases: _,
        } = limits;
        Self {
            time_ms: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            result_bytes: *result_bytes as u64,
            database_bytes: *database_bytes as u64,
            memory_bytes: *memory_bytes as u64,
        }
    }
}

impl From<Limits> for SqlLimits {
    fn from(limits: Limits) -> Self {
        Self {
            time: Duration::from_millis(limits.time_ms),
            result_bytes: number(limits.result_bytes),
            database_bytes: number(limits.database_bytes),
            memory_bytes: number(limits.memory_bytes),
            ..Self::default()
        }
    }
}

fn number(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

// === impl Answer ===

impl Answer {
    /// An answer, and the chunks that follow it.
    pub(super) fn of(done: Result<Done, SessionSqlDbError>) -> (Self, Vec<Bytes>) {
        let mut chunks = Vec::new();
        let told = match done {
            Err(error) => Told::Fault(error.into()),
            Ok(Done::Rows(result)) => Told::Rows(result.into()),
            Ok(Done::Tables(tables)) => Told::Tables(Tables {
                tables: tables.into_iter().map(Into::into).collect(),
            }),
            Ok(Done::Changed(revision, rows_affected)) => {
                let Revision { image, changed } = revision;
                chunks.extend(changed.iter().filter_map(|at| image.shared_chunk(*at)));
                Told::Changed(Changed {
                    rows_affected,
                    image_bytes: image.bytes() as u64,
                    changed: changed.into_iter().map(|at| at as u64).collect(),
                })
            }
        };
        (Self { told: Some(told) }, chunks)
    }

    /// How many bytes of chunks follow it.
    pub(super) fn following(&self) -> Vec<usize> {
        let Some(Told::Changed(changed)) = &self.told else {
            return Vec::new();
        };
        let bytes = number(changed.image_bytes);
        let chunk = |at: &u64| bytes.saturating_sub(number(*at).saturating_mul(CHUNK_BYTES));
        let chunks = changed.changed.iter().map(chunk);
        chunks.map(|bytes| bytes.min(CHUNK_BYTES)).collect()
    }

    /// What it tells, with the chunks that followed it. `None` if it is not understood.
    pub(super) fn done(
        self,
        before: &Image,
        chunks: Vec<Bytes>,
    ) -> Option<Result<Done, SessionSqlDbError>> {
        Some(match self.told? {
            Told::Fault(fault) => Err(fault.into()),
            Told::Rows(rows) => Ok(Done::Rows(rows.result()?)),
            Told::Tables(Tables { tables }) => Ok(Done::Tables(list("tables", tables).ok()?)),
            Told::Changed(changed) => {
                let positions = changed.changed.into_iter().map(number);
                let revision =
                    before.with(number(changed.image_bytes), positions.zip(chunks).collect())?;
                Ok(Done::Changed(revision, changed.rows_affected))
            }
        })
    }
}

impl From<SqlQueryResult> for Rows {
    fn from(result: SqlQueryResult) -> Self {
        let SqlQueryResult {
            columns,
            rows,
            row_count: _,
            truncated,
        } = result;
        let row = |cells: Vec<Value>| Row {
            cells: cells.into_iter().map(Into::into).collect(),
        };
        Self {
            columns,
            rows: rows.into_iter().map(row).collect(),
            truncated,
        }
    }
}

impl Rows {
    fn result(self) -> Option<SqlQueryResult> {
        let row = |row: Row| row.cells.into_iter().map(Cell::value).collect();
        let rows: Option<Vec<Vec<Value>>> = self.rows.into_iter().map(row).collect();
        let rows = rows?;
        Some(SqlQueryResult {
            columns: self.columns,
            row_count: rows.len(),
            rows,
            truncated: self.truncated,
        })
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        let content = match value {
            Value::Null => None,
            Value::String(text) => Some(Content::Text(text)),
            Value::Number(number) => Some(match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => Content::Integer(number),
                (None, Some(number)) => Content::Real(number),
                (None, None) => Content::Json(number.to_string()),
            }),
            other @ (Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                Some(Content::Json(other.to_string()))
            }
        };
        Self { content }
    }
}

impl Cell {
    fn value(self) -> Option<Value> {
        Some(match self.content {
            None => Value::Null,
            Some(Content::Integer(number)) => number.into(),
            Some(Content::Real(number)) => number.into(),
            Some(Content::Text(text)) => text.into(),
            Some(Content::Json(text)) => serde_json::from_str(&text).ok()?,
        })
    }
}

impl From<SessionSqlDbError> for Fault {
    fn from(error: SessionSqlDbError) -> Self {
        use SessionSqlDbError as E;
        let (kind, text, seconds) = match error {
            E::DatabaseNotFound(text) => (FaultKind::DatabaseNotFound, text, 0),
            E::DatabaseAlreadyExists(text) => (FaultKind::DatabaseAlreadyExists, text, 0),
            E::InvalidDatabaseName(text) => (FaultKind::InvalidDatabaseName, text, 0),
            E::LimitExceeded(text) => (FaultKind::LimitExceeded, text, 0),
            E::QueryError(text) => (FaultKind::QueryError, text, 0),
            E::QueryTimeout(seconds) => (FaultKind::QueryTimeout, String::new(), seconds),
            E::ResultTooLarge(text) => (FaultKind::ResultTooLarge, text, 0),
            E::AuthorizerBlocked(text) => (FaultKind::AuthorizerBlocked, text, 0),
            E::Internal(text) => (FaultKind::Internal, text, 0),
        };
        Self {
            kind: kind.into(),
            text,
            seconds,
        }
    }
}

impl From<Fault> for SessionSqlDbError {
    fn from(fault: Fault) -> Self {
        let kind = fault.kind();
        match kind {
            FaultKind::Internal => Self::Internal(fault.text),
            FaultKind::DatabaseNotFound => Self::DatabaseNotFound(fault.text),
            FaultKind::DatabaseAlreadyExists => Self::DatabaseAlreadyExists(fault.text),
            FaultKind::InvalidDatabaseName => Self::InvalidDatabaseName(fault.text),
            FaultKind::LimitExceeded => Self::LimitExceeded(fault.text),
            FaultKind::QueryError => Self::QueryError(fault.text),
            FaultKind::QueryTimeout => Self::QueryTimeout(fault.seconds),
            FaultKind::ResultTooLarge => Self::ResultTooLarge(fault.text),
            FaultKind::AuthorizerBlocked => Self::AuthorizerBlocked(fault.text),
        }
    }
}

// === frames ===

/// A message as it is sent.
pub(super) fn framed(message: &impl Message) -> Vec<u8> {
    let length = message.encoded_len();
    let mut frame = Vec::with_capacity(PREFIX_BYTES + length);
    frame.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    // A vector has room for all there is.
    message.encode_raw(&mut frame);
    frame
}

/// How long the message is that this prefix announces. One that is longer than any may be
/// comes of something else than a worker.
pub(super) fn announced(prefix: [u8; PREFIX_BYTES], limits: &SqlLimits) -> io::Result<usize> {
    let length = u32::from_le_bytes(prefix) as usize;
    // Of the smallest values a message takes some bytes for each of JSON's.
    let most = limits
        .result_bytes
        .saturating_mul(8)
        .saturating_add(MESSAGE_BYTES);
    if length > most {
        let text = format!("a message of {length} bytes was announced, at most {most} are taken");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(length)
}

/// What comes in, as a message.
pub(super) fn understood<M: Message + Default>(body: &[u8]) -> io::Result<M> {
    M::decode(body).map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))
}

/// Reads a message; `None` where the other side has ended.
pub(super) fn read<M: Message + Default>(
    from: &mut impl Read,
    limits: &SqlLimits,
) -> io::Result<Option<M>> {
    let mut prefix = [0; PREFIX_BYTES];
    match from.read_exact(&mut prefix) {
        Ok(()) => {}
        Err(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(fault) => return Err(fault),
    }
    let mut body = vec![0; announced(prefix, limits)?];
    from.read_exact(&mut body)?;
    understood(&body).map(Some)
}

/// Reads an image of so many bytes.
pub(super) fn read_image(from: &mut impl Read, bytes: u64) -> io::Result<Image> {
    let mut left = number(bytes);
    let mut chunks = Vec::with_capacity(left.div_ceil(CHUNK_BYTES));
    while left > 0 {
        let mut chunk = vec![0; left.min(CHUNK_BYTES)];
        from.read_exact(&mut chunk)?;
        left -= chunk.len();
        chunks.push(Bytes::from(chunk));
    }
    Ok(Image::of_chunks(chunks))
}
