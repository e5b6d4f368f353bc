//! Writes what an org has as a file.

use crate::db::Db;
use crate::platform_file::entries::{agents, harnesses, models, payments, spending, users};
use crate::platform_file::schema::{File, RateLimit};
use crate::platform_file::secrets::Writer;
use crate::platform_file::state::{Names, State};
use crate::platform_file::text::FileFormat;
use everruns_core::org_public_id_from_internal;
use mortise_proto::StoreError;
use std::collections::BTreeMap;
use std::fmt;

/// A platform file that was written.
#[derive(Clone)]
pub struct Exported {
    /// The file.
    pub text: String,
    /// What was left out of it, by the environment variables that it refers to.
    pub(crate) left_out: BTreeMap<String, String>,
}

// === impl Exported ===

impl Exported {
    /// The environment variables that must hold a secret when the file is imported.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.left_out.keys().map(String::as_str)
    }
}

impl fmt::Debug for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text: _, left_out } = self;
        f.debug_struct("Exported")
            .field("variables", &left_out.keys())
            .finish_non_exhaustive()
    }
}

/// Writes an org's platform as a file. See `Reference::export`.
pub(crate) async fn export(
    db: &Db,
    org_id: i64,
    format: FileFormat,
    with_secrets: bool,
) -> Result<Exported, StoreError> {
    let mut tx = db.snapshot(org_id).await?;
    let state = State::load(&mut tx).await?;
    let names = state.names(&mut tx).await?;
    drop(tx);
    let mut writer = Writer {
        with_secrets,
        ..Writer::default()
    };
    let file = file(&mut writer, &names, org_id, state)?;
    Ok(Exported {
        text: format.write(&file)?,
        left_out: writer.left_out,
    })
}

fn file(writer: &mut Writer, names: &Names, org_id: i64, state: State) -> Result<File, StoreError> {
    let org_public_id = org_public_id_from_internal(org_id);
    let State {
        models,
        default_model,
        providers,
        harnesses,
        agents,
        connections,
        budgets,
        accounts,
        policies,
        rate_limit,
    } = state;
    let rate_limit = rate_limit.map(|(max_calls, window_seconds)| {
        Ok::<_, StoreError>(RateLimit {
            max_calls: number(max_calls)?,
            window_seconds: number(window_seconds)?,
        })
    });
    Ok(File {
        models: models
            .into_iter()
            .map(|(id, model)| models::write(writer, names, id, model, default_model == Some(id)))
            .collect(),
        providers: providers
            .into_iter()
            .map(|(name, credentials)| models::write_credentials(writer, name, credentials))
            .collect(),
        harnesses: harnesses
            .into_iter()
            .map(|harness| harnesses::write(writer, names, harness))
            .collect(),
        agents: agents
            .into_iter()
            .map(|agent| agents::write(writer, names, agent))
            .collect(),
        connections: connections
            .into_iter()
            .map(|connection| users::write(writer, connection))
            .collect(),
        budgets: budgets
            .into_iter()
            .map(|budget| spending::write(names, &org_public_id, budget))
            .collect(),
        payment_accounts: accounts
            .into_iter()
            .map(|account| payments::write_account(names, account))
            .collect(),
        payment_policies: policies
            .into_iter()
            .map(|policy| payments::write_policy(names, &org_public_id, policy))
            .collect(),
        rate_limit: rate_limit.transpose()?,
    })
}

fn number(stored: i64) -> Result<u32, StoreError> {
    u32::try_from(stored).map_err(|_| crate::encoding::corrupt_row("a rate limit is out of range"))
}
