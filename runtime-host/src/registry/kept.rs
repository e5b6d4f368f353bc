//! Drivers that outlive a call. Upstream makes a driver for every call of a model, and a
//! new one reads the machine's certificates and opens connections of its own: a TLS
//! handshake before each answer. Kept, the next call finds an open connection.

use super::DriverOptions;
use super::guard::{CallIds, Guarded};
use everruns_core::llm_driver_registry::{DriverRegistry, LlmDriver, ProviderType};
use mortise_proto::KnownSecrets;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many are kept of one provider. An org has a key or a few; beyond this all are made
/// anew, so that keys that are not used any more are forgotten.
const KEPT_MAX: usize = 256;

/// What one provider's drivers are made of: a key and, where it is not the provider's own,
/// a base URL.
type Account = (String, Option<String>);

/// Makes a driver of a key and a base URL.
type Make<D> = Box<dyn Fn(&str, Option<&str>) -> D + Send + Sync>;

/// The drivers of a provider. A copy of a driver shares its connections.
struct Kept<D> {
    make: Make<D>,
    drivers: Mutex<HashMap<Account, D>>,
}

/// Registers a provider whose drivers are kept, and guarded. `ids` says which ids of calls
/// it takes at a base URL, or at its own.
pub(super) fn register<D>(
    registry: &mut DriverRegistry,
    provider: ProviderType,
    options: DriverOptions,
    ids: fn(Option<&str>) -> CallIds,
    make: impl Fn(&str, Option<&str>) -> D + Send + Sync + 'static,
) where
    D: LlmDriver + Clone + 'static,
{
    let kept = Kept::new(make);
    registry.register(provider, move |key, url| {
        Box::new(Guarded {
            driver: kept.of(key, url),
            secrets: KnownSecrets::new([key]).and_of_url(url.unwrap_or_default()),
            silence_max: options.silence_max,
            ids: ids(url),
        })
    });
}

// === impl Kept ===

impl<D: Clone> Kept<D> {
    fn new(make: impl Fn(&str, Option<&str>) -> D + Send + Sync + 'static) -> Self {
        Self {
            make: Box::new(make),
            drivers: Mutex::default(),
        }
    }

    fn of(&self, key: &str, base_url: Option<&str>) -> D {
        let account = (key.to_string(), base_url.map(Into::into));
        let mut drivers = self.drivers.lock().unwrap_or_else(PoisonError::into_inner);
        if drivers.len() >= KEPT_MAX && !drivers.contains_key(&account) {
            drivers.clear();
        }
        let driver = drivers.entry(account);
        driver.or_insert_with(|| (self.make)(key, base_url)).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn made(key: &str, base_url: Option<&str>) -> Arc<String> {
        Arc::new(format!("{key} {base_url:?}"))
    }

    /// A driver is made once for its account, and no account gets another's; more
    /// accounts than are kept lose nothing but the connections.
    #[test]
    fn an_account_has_one_driver() {
        let kept = Kept::new(made);
        let first = kept.of("a", None);
        assert!(Arc::ptr_eq(&first, &kept.of("a", None)));
        for (key, url) in [("a", Some("http://b")), ("b", None), ("", Some("a"))] {
            assert_eq!(*kept.of(key, url), *made(key, url));
        }
        for n in 0..2 * KEPT_MAX {
            let key = n.to_string();
            assert_eq!(*kept.of(&key, None), *made(&key, None));
        }
        assert_eq!(kept.of("a", None), first);
    }
}
