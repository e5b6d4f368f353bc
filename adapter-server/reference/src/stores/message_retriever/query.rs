//! Filters on messages as SQL. The text is put together from the pieces below alone;
//! values are bound.

use crate::db::{StatementAs, Tx};
use crate::encoding::{domain, nanos};
use crate::stores::message_retriever::of_event::text;
use everruns_core::events::TOOL_COMPLETED;
use everruns_core::message::Message;
use everruns_core::message_filter::{MessageFilter, MessageQuery};
use mortise_proto::{StoreError, pb};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, FromRow};
use std::sync::Arc;

/// The most values that one query binds beside the org; SQLite takes 32 766.
const VALUES_MAX: usize = 9_999;

/// The most values that a query of a kind that is often asked binds.
const COMMON_VALUES_MAX: usize = 7;

type Custom = Arc<dyn Fn(&Message) -> bool + Send + Sync>;

/// The conditions of a query, joined with AND.
pub(crate) struct Conditions {
    sql: String,
    values: Vec<Value>,
    /// Those that only the process that made them can apply.
    pub(crate) customs: Vec<Custom>,
}

enum Value {
    Number(i64),
    Text(String),
}

// === impl Conditions ===

impl Conditions {
    pub(crate) fn of(query: &MessageQuery) -> Result<Self, StoreError> {
        let mut conditions = Self {
            sql: String::new(),
            values: Vec::new(),
            customs: Vec::new(),
        };
        let session = conditions.bind(Value::Text(query.session_id.to_string()));
        conditions.sql = format!("org_id = $1 AND session_id = {session}");
        for filter in &query.filters {
            conditions.add(filter);
        }
        if conditions.values.len() > VALUES_MAX {
            return Err(StoreError::invalid_field(
                "filters",
                format!(
                    "name {} values; name at most {VALUES_MAX}",
                    conditions.values.len()
                ),
            ));
        }
        Ok(conditions)
    }

    fn add(&mut self, filter: &MessageFilter) {
        match filter {
            MessageFilter::TimeRange { from, to } => {
                for (bound, comparison) in [(from, ">="), (to, "<=")] {
                    if let Some(bound) = bound {
                        let value = self.bind(Value::Number(nanos(*bound)));
                        self.and(&format!("created_at {comparison} {value}"));
                    }
                }
            }
            MessageFilter::EventTypes(types) => self.and_in("event_type", types.iter(), true),
            MessageFilter::ToolName(name) => {
                let name = self.bind(Value::Text(name.clone()));
                self.and(&format!(
                    "event_type = '{TOOL_COMPLETED}' AND tool_name = {name}"
                ));
            }
            // Every text contains the empty one.
            MessageFilter::Search(wanted) if wanted.is_empty() => {}
            MessageFilter::Search(wanted) => {
                // Taking the text out changes what contains it. Unlike LIKE this has no
                // wildcards to escape and no limit, and both databases have it.
                let wanted = self.bind(Value::Text(folded(wanted)));
                self.and(&format!("replace(search, {wanted}, '') <> search"));
            }
            MessageFilter::ExcludeIds(ids) => self.and_in("event_id", ids.iter(), false),
            MessageFilter::IncludeIds(ids) => self.and_in("event_id", ids.iter(), true),
            MessageFilter::Custom(custom) => self.customs.push(custom.clone()),
        }
    }

    fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    fn and_in(
        &mut self,
        column: &str,
        values: impl ExactSizeIterator<Item = impl ToString>,
        wanted: bool,
    ) {
        if values.len() == 0 {
            // Nothing is in an empty list, and everything is out of it.
            if wanted {
                self.and("1 = 0");
            }
            return;
        }
        let list: Vec<String> = values
            .map(|value| self.bind(Value::Text(value.to_string())))
            .collect();
        let not = if wanted { "" } else { "NOT " };
        self.and(&format!("{column} {not}IN ({})", list.join(", ")));
    }

    /// Takes a value and names its place.
    fn bind(&mut self, value: Value) -> String {
        self.values.push(match value {
            Value::Text(text) => Value::Text(text_key(&text)),
            number @ Value::Number(_) => number,
        });
        // The first is the org.
        format!("${}", self.values.len() + 1)
    }

    /// How many messages there are.
    pub(crate) async fn count(&self, tx: &mut Tx) -> Result<i64, StoreError> {
        let sql = format!("SELECT count(*) FROM messages WHERE {}", self.sql);
        let (count,): (i64,) = self.query(tx, sql).fetch_one().await?;
        Ok(count)
    }

    /// The newest messages, at most `limit`, oldest first.
    pub(crate) async fn newest(&self, tx: &mut Tx, limit: i64) -> Result<Vec<Message>, StoreError> {
        let sql = format!(
            "SELECT body FROM messages WHERE {} ORDER BY sequence DESC LIMIT ${}",
            self.sql,
            self.next_place()
        );
        let query = self.query(tx, sql).bind(limit);
        let rows: Vec<(Vec<u8>,)> = query.fetch_all().await?;
        rows.iter()
            .rev()
            .map(|(body,)| domain::<pb::Message, _>(body))
            .collect()
    }

    /// Where a window of the newest messages begins: the sequence number before its
    /// first. `None` if it holds all of them.
    pub(crate) async fn before_newest(
        &self,
        tx: &mut Tx,
        window: i64,
    ) -> Result<Option<i64>, StoreError> {
        let sql = format!(
            "SELECT sequence FROM messages WHERE {} ORDER BY sequence DESC LIMIT 1 OFFSET ${}",
            self.sql,
            self.next_place()
        );
        self.sequence(tx, sql, window).await
    }

    /// The sequence number of the last of the oldest messages. `None` if there are no
    /// more than that.
    pub(crate) async fn last_of_oldest(
        &self,
        tx: &mut Tx,
        count: i64,
    ) -> Result<Option<i64>, StoreError> {
        let sql = format!(
            "SELECT sequence FROM messages WHERE {} ORDER BY sequence LIMIT 1 OFFSET ${}",
            self.sql,
            self.next_place()
        );
        self.sequence(tx, sql, count.saturating_sub(1)).await
    }

    async fn sequence(
        &self,
        tx: &mut Tx,
        sql: String,
        offset: i64,
    ) -> Result<Option<i64>, StoreError> {
        let query = self.query(tx, sql).bind(offset);
        let row: Option<(i64,)> = query.fetch_optional().await?;
        Ok(row.map(|(sequence,)| sequence))
    }

    /// Messages with sequence numbers after one and up to another, at most `limit`,
    /// oldest first and as they are stored.
    pub(crate) async fn between(
        &self,
        tx: &mut Tx,
        (after, last): (i64, i64),
        limit: i64,
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let next = self.next_place();
        let sql = format!(
            "SELECT sequence, body FROM messages WHERE {} AND sequence > ${next} \
             AND sequence <= ${} ORDER BY sequence LIMIT ${}",
            self.sql,
            next + 1,
            next + 2
        );
        let query = self.query(tx, sql).bind(after).bind(last).bind(limit);
        query.fetch_all().await
    }

    /// The place of a value that is bound after those of the conditions.
    fn next_place(&self) -> usize {
        self.values.len() + 2
    }

    fn query<'t, O>(&self, tx: &'t mut Tx, sql: String) -> StatementAs<'t, O>
    where
        O: for<'r> FromRow<'r, AnyRow>,
    {
        let mut statement = tx.query_as(AssertSqlSafe(sql));
        if self.values.len() > COMMON_VALUES_MAX {
            // A statement with a list of its own will not come again: it is not worth a
            // place among the prepared ones.
            statement = statement.once();
        }
        self.values
            .iter()
            .fold(statement, |statement, value| match value {
                Value::Number(number) => statement.bind(*number),
                Value::Text(text) => statement.bind(text.clone()),
            })
    }
}

/// Text as it is compared with: not every database keeps NUL in a text.
pub(crate) fn text_key(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

/// What a search looks through: the text parts, folded.
pub(crate) fn search_text(message: &Message) -> String {
    let texts: Vec<String> = message
        .content
        .iter()
        .filter_map(text)
        .map(folded)
        .collect();
    texts.join("\n")
}

/// Lower case, character by character: a sigma is one letter wherever it stands. NUL
/// goes, which not every database keeps in a text.
fn folded(text: &str) -> String {
    let lower = text.chars().flat_map(char::to_lowercase);
    lower
        .map(|letter| match letter {
            'ς' => 'σ',
            '\0' => ' ',
            letter => letter,
        })
        .collect()
}
