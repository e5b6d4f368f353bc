//! A minimal adapter: the key/value store of every session in a `HashMap`.
//!
//! ```sh
//! cargo run -p mortise-examples --example key_value
//! ```
//!
//! It listens at 127.0.0.1:7500, or where its argument says. In a second terminal, a host
//! keeps values there and everything else where it was:
//!
//! ```sh
//! cargo run --bin mortise-host -- run \
//!     --route session_storage_store=http://127.0.0.1:7500 "What is 12 times 34?"
//! ```
//!
//! `Values` is all of the adapter. The stores that the trait requires beside it are those
//! of the upstream runtime, in memory; no route leads to them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use everruns_core::AgentLoopError;
use everruns_core::error::Result;
use everruns_core::llmsim_driver::LlmSimConfig;
use everruns_core::traits::{KeyInfo, SecretInfo, SessionStorageStore};
use everruns_core::typed_id::SessionId;
use everruns_runtime::{InProcessRuntimeBuilder, RuntimeBackends};
use mortise_adapter_server::{AdapterServer, ListenAddress};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The values of every session. Keys are sorted: the contract lists them so.
#[derive(Default)]
struct Values(Mutex<HashMap<SessionId, BTreeMap<String, Value>>>);

struct Value {
    text: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Values {
    fn sessions(&self) -> MutexGuard<'_, HashMap<SessionId, BTreeMap<String, Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SessionStorageStore for Values {
    async fn set_value(&self, session_id: SessionId, key: &str, value: &str) -> Result<()> {
        let mut sessions = self.sessions();
        let keys = sessions.entry(session_id).or_default();
        let now = Utc::now();
        // Setting a key again keeps its created_at.
        let created_at = keys.get(key).map_or(now, |stored| stored.created_at);
        let value = Value {
            text: value.into(),
            created_at,
            updated_at: now,
        };
        keys.insert(key.into(), value);
        Ok(())
    }

    async fn get_value(&self, session_id: SessionId, key: &str) -> Result<Option<String>> {
        let sessions = self.sessions();
        let stored = sessions.get(&session_id).and_then(|keys| keys.get(key));
        Ok(stored.map(|stored| stored.text.clone()))
    }

    async fn delete_value(&self, session_id: SessionId, key: &str) -> Result<bool> {
        let mut sessions = self.sessions();
        let keys = sessions.get_mut(&session_id);
        Ok(keys.is_some_and(|keys| keys.remove(key).is_some()))
    }

    async fn list_keys(&self, session_id: SessionId) -> Result<Vec<KeyInfo>> {
        let sessions = self.sessions();
        let keys = sessions.get(&session_id).into_iter().flatten();
        let info = |(key, stored): (&String, &Value)| KeyInfo {
            key: key.clone(),
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        };
        Ok(keys.map(info).collect())
    }

    async fn set_secret(&self, _: SessionId, _: &str, _: &str) -> Result<()> {
        Err(no_secrets())
    }

    async fn get_secret(&self, _: SessionId, _: &str) -> Result<Option<String>> {
        Err(no_secrets())
    }

    async fn delete_secret(&self, _: SessionId, _: &str) -> Result<bool> {
        Err(no_secrets())
    }

    async fn list_secrets(&self, _: SessionId) -> Result<Vec<SecretInfo>> {
        Err(no_secrets())
    }
}

/// The host's tools look for the first three words.
fn no_secrets() -> AgentLoopError {
    AgentLoopError::config("Encryption not configured: this adapter keeps no secrets")
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let values = Arc::new(Values::default());
    let adapter = InProcessRuntimeBuilder::new()
        .backends(RuntimeBackends::in_memory().with_storage_store(values))
        .llm_sim(LlmSimConfig::fixed("this model is never asked"))
        .build()
        .await?;
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:7500");
    let address: ListenAddress = address.parse().map_err(anyhow::Error::msg)?;
    let listener = address.bind().await?;
    println!("listening at {}", listener.endpoint());
    AdapterServer::builder(adapter)
        .identity("key-value-example", env!("CARGO_PKG_VERSION"))
        .serve(listener, async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    Ok(())
}
