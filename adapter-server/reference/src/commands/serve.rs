//! `mortise-adapter serve`.

use super::{Failure, Storage, Traces, transport, utility_llm};
use clap::builder::RangedU64ValueParser;
use mortise_adapter_server::{AdapterServer, ListenAddress};
use mortise_proto::MAX_MESSAGE_BYTES;
use mortise_reference::Reference;
use tokio::signal::unix::{SignalKind, signal};

/// What to serve, and where.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to listen: unix:PATH or IP:PORT.
    #[arg(long, default_value = "127.0.0.1:7443")]
    listen: ListenAddress,
    #[command(flatten)]
    storage: Storage,
    /// Offer TestSeedService: let callers store harnesses, agents, sessions, models and
    /// other records. For tests and demos.
    #[arg(long)]
    test_seed: bool,
    /// The address of the web console for links that agents get, such as
    /// `https://console.example.com`. Without it the links are paths.
    #[arg(long, value_name = "URL", default_value = "")]
    platform_base_url: String,
    /// What becomes of an event of a turn that comes without a fence while its session is
    /// leased. Every other change without a fence is accepted.
    #[arg(long, value_name = "WHAT", default_value = "refuse-turn-events")]
    unfenced_changes: UnfencedChanges,
    /// Let outbound requests of agents reach private, loopback and link-local addresses,
    /// where the platform's own services are. For development, and if a proxy decides
    /// instead: proxies from the environment (HTTPS_PROXY) are used only with this flag.
    #[arg(long)]
    allow_private_egress: bool,
    /// The largest request that the server accepts, in MiB. A file is written in one
    /// request.
    #[arg(long, value_name = "MIB", default_value_t = MAX_MESSAGE_BYTES / MIB,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    max_message_mib: usize,
    /// How much of requests may be in memory at once, in MiB, and as much again of files
    /// that are read, of changes and of streamed requests. What does not fit waits.
    #[arg(long, value_name = "MIB", default_value_t = 256,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_536))]
    max_in_flight_mib: usize,
    #[command(flatten)]
    transport: transport::Args,
    #[command(flatten)]
    traces: Traces,
    #[command(flatten)]
    utility_llm: utility_llm::Args,
}

/// Changes without a fence to a session that is leased.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum UnfencedChanges {
    /// Events of turns are refused: two hosts cannot run turns of one session.
    RefuseTurnEvents,
    /// All are accepted, for as long as some hosts know no leases: these are not kept out.
    Accept,
}

const MIB: usize = 1024 * 1024;

/// Serves until it is told to stop.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let Args {
        listen,
        storage,
        test_seed,
        platform_base_url,
        unfenced_changes,
        allow_private_egress,
        max_message_mib,
        max_in_flight_mib,
        transport,
        traces,
        utility_llm,
    } = args;
    let telemetry = traces.start()?;
    let mut security = transport.open(&listen)?;
    let mut config = storage.config()?;
    config.allow_test_seed = test_seed;
    config.platform_base_url = platform_base_url;
    config.refuse_unfenced_turn_events = unfenced_changes == UnfencedChanges::RefuseTurnEvents;
    config.egress.allow_private = allow_private_egress;
    config.utility_llm = utility_llm.service()?;
    let (database, secrets) = (config.database_name(), config.encryption_key.is_some());
    let reference = Reference::open(config).await?;

    let bound = listen.bind_for(security.socket_access()).await;
    let listener = bound.map_err(|cause| Failure::Listen {
        address: listen.to_string(),
        cause,
    })?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Signals)?;
    // On standard output, so that the process that started it can wait for this line.
    let listener = security.secure(listener);
    let endpoint = listener.endpoint();
    if let Err(error) = mortise_output::write(&format!("listening at {endpoint}\n")) {
        // It serves all the same: the address is known to who configured it.
        tracing::warn!(%error, %endpoint, "the address could not be printed");
    }
    tracing::info!(database, secrets, test_seed, "serving");
    let server = AdapterServer::builder(reference)
        .identity("mortise-adapter", env!("CARGO_PKG_VERSION"))
        .max_message_bytes(max_message_mib * MIB)
        .max_bytes_in_flight(max_in_flight_mib * MIB);
    security
        .guard(server)
        .serve(listener, async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping");
        })
        .await?;
    telemetry.stop().await;
    Ok(())
}
