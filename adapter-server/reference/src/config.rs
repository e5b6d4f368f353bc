//! What the reference storage is opened with.

use crate::db::open;
use crate::seal::EncryptionKey;
use crate::stores::egress::EgressConfig;
use crate::stores::payment_authority::PaymentBackend;
use crate::stores::session_sql_db_store::{SqlLimits, SqlWorker};
use everruns_core::UtilityLlmService;
use everruns_core::egress::EgressService;
use std::fmt;
use std::sync::Arc;

const MAX_CONNECTIONS: u32 = 8;

/// What the reference storage is opened with.
#[derive(Clone)]
pub struct ReferenceConfig {
    /// `sqlite:PATH`, or `sqlite::memory:` for one that is gone with the process. The
    /// path is taken as it is; the file is made if it does not exist.
    pub database_url: String,
    /// Connections: one writes, the others read. At least two, whatever is given.
    pub max_connections: u32,
    /// What secrets are sealed with. Without it they are refused, except those that
    /// configurations of capabilities may hold: these are stored in clear then.
    pub encryption_key: Option<EncryptionKey>,
    /// Keys that secrets were sealed with before, and are still opened with. See
    /// [`Reference::rewrap`](crate::Reference::rewrap).
    pub previous_keys: Vec<EncryptionKey>,
    /// Who moves the money of payments. Without one the ledger is kept and no money is
    /// moved; the answers to payments say so.
    pub payments: Option<Arc<dyn PaymentBackend>>,
    /// Whether records may be put in from outside.
    pub allow_test_seed: bool,
    /// Where the links of the platform store's web console lead, such as
    /// `https://console.example.com`. Empty: there is none, and links are paths.
    pub platform_base_url: String,
    /// The built-in capabilities that the platform store shows. `None`: all of them.
    pub capabilities: Option<Vec<String>>,
    /// What SQL databases of sessions are limited to.
    pub sql_limits: SqlLimits,
    /// How a process is started that runs the statements of SQL databases. Without one
    /// they run in this process: then a statement that takes all memory that SQLite may
    /// have makes changes to a storage on SQLite fail, as unavailable, while it runs.
    pub sql_worker: Option<SqlWorker>,
    /// Where outbound requests may go.
    pub egress: EgressConfig,
    /// Who sends outbound requests instead of this storage: `egress` is then theirs to
    /// heed.
    pub egress_service: Option<Arc<dyn EgressService>>,
    /// The platform's own model, such as a [`UtilityLlm`](crate::UtilityLlm). Without one it is not offered.
    pub utility_llm: Option<Arc<dyn UtilityLlmService>>,
    /// Whether an event of a turn is refused that comes without the fence of its session
    /// while the session is leased. If not, hosts that know no leases are not kept out.
    /// Servers that share a database must agree.
    pub refuse_unfenced_turn_events: bool,
    /// Whether schedules that are due are fired here. Servers that share a database
    /// share the work; one of them must do it.
    pub fire_schedules: bool,
}

// === impl ReferenceConfig ===

impl ReferenceConfig {
    /// A storage at this URL, without encryption and without seeding.
    #[must_use]
    pub fn new(database_url: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            max_connections: MAX_CONNECTIONS,
            encryption_key: None,
            previous_keys: Vec::new(),
            payments: None,
            allow_test_seed: false,
            platform_base_url: String::new(),
            capabilities: None,
            sql_limits: SqlLimits::default(),
            sql_worker: None,
            egress: EgressConfig::default(),
            egress_service: None,
            utility_llm: None,
            refuse_unfenced_turn_events: true,
            fire_schedules: true,
        }
    }

    /// Names the database to people: its URL without the password.
    #[must_use]
    pub fn database_name(&self) -> String {
        open::shown(&self.database_url)
    }
}

impl fmt::Debug for ReferenceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            database_url: _,
            max_connections,
            encryption_key,
            previous_keys,
            payments,
            allow_test_seed,
            platform_base_url,
            capabilities,
            sql_limits,
            sql_worker,
            egress,
            egress_service,
            utility_llm,
            refuse_unfenced_turn_events,
            fire_schedules,
        } = self;
        f.debug_struct("ReferenceConfig")
            .field("database", &self.database_name())
            .field("max_connections", max_connections)
            .field("encryption_key", encryption_key)
            .field("previous_keys", previous_keys)
            .field("payments", payments)
            .field("allow_test_seed", allow_test_seed)
            .field("platform_base_url", platform_base_url)
            .field("capabilities", capabilities)
            .field("sql_limits", sql_limits)
            .field("sql_worker", sql_worker)
            .field("egress", egress)
            .field(
                "egress_service",
                &egress_service.as_ref().map(|it| it.name()),
            )
            .field("utility_llm", &utility_llm.as_ref().map(|it| it.name()))
            .field("refuse_unfenced_turn_events", refuse_unfenced_turn_events)
            .field("fire_schedules", fire_schedules)
            .finish()
    }
}
