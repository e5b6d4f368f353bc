//! Tables of records that are sealed whole: one record per id of an org, in the column
//! `body`. Which other columns a table has, its store knows.

use crate::db::Tx;
use crate::db::errors::refused;
use crate::seal::Binding;
use mortise_proto::convert::ConvertError;
use mortise_proto::{Secrets, StoreError};
use prost::Message;
use std::fmt::Display;
use std::marker::PhantomData;

/// A table of records: `W` as they are stored, `D` as upstream has them.
pub(crate) struct SealedTable<W, D> {
    /// What one record is, as errors say it.
    noun: &'static str,
    /// Its name, which every record is bound to.
    table: &'static str,
    /// Selects the `body` of an id (`$2`).
    find: &'static str,
    forms: PhantomData<fn() -> (W, D)>,
}

// === impl SealedTable ===

impl<W, D> SealedTable<W, D> {
    pub(crate) const fn new(noun: &'static str, table: &'static str, find: &'static str) -> Self {
        Self {
            noun,
            table,
            find,
            forms: PhantomData,
        }
    }
}

impl<W, D> SealedTable<W, D>
where
    W: Message + Secrets + Default,
    D: TryFrom<W, Error = ConvertError>,
{
    /// The record of an id.
    pub(crate) async fn find(
        &self,
        tx: &mut Tx,
        id: impl Display,
    ) -> Result<Option<D>, StoreError> {
        self.read(tx, id).await?.transpose()
    }

    /// The same for a caller that can do without a record that is unreadable.
    pub(crate) async fn read(
        &self,
        tx: &mut Tx,
        id: impl Display,
    ) -> Result<Option<Result<D, StoreError>>, StoreError> {
        let id = id.to_string();
        let body = self.body(tx, &id).await?;
        Ok(body.map(|body| self.open(tx, &id, &body)))
    }

    /// The record of an id, which must be there.
    pub(crate) async fn existing(&self, tx: &mut Tx, id: impl Display) -> Result<D, StoreError> {
        let id = id.to_string();
        let found = self.find(tx, &id).await?;
        found.ok_or_else(|| self.not_found(&id))
    }

    /// The record of an id as it is stored, which must be there.
    pub(crate) async fn existing_stored(&self, tx: &mut Tx, id: &str) -> Result<W, StoreError> {
        let body = self.body(tx, id).await?;
        let body = body.ok_or_else(|| self.not_found(id))?;
        tx.keys().opened(self.binding(id), &body)
    }

    /// Records of ids and bodies.
    pub(crate) fn open_all(
        &self,
        tx: &Tx,
        rows: &[(String, Vec<u8>)],
    ) -> Result<Vec<D>, StoreError> {
        let open = |(id, body): &(String, Vec<u8>)| self.open(tx, id, body);
        rows.iter().map(open).collect()
    }

    /// The body of a record.
    pub(crate) fn seal(&self, tx: &Tx, id: &str, record: &W) -> Result<Vec<u8>, StoreError> {
        tx.keys().stored(self.binding(id), record)
    }

    fn open(&self, tx: &Tx, id: &str, body: &[u8]) -> Result<D, StoreError> {
        tx.keys().opened_domain::<W, D>(self.binding(id), body)
    }

    async fn body(&self, tx: &mut Tx, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<(Vec<u8>,)> = tx.query_as(self.find).bind(id).fetch_optional().await?;
        Ok(row.map(|(body,)| body))
    }

    fn binding<'a>(&self, id: &'a str) -> Binding<'a> {
        Binding::record(self.table, id)
    }

    fn not_found(&self, id: &str) -> StoreError {
        refused(format!("{} not found: {id}", self.noun))
    }
}
