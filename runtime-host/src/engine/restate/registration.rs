//! Tells the server where the handlers are, once it is there, and again where it has
//! forgotten. Watches whether it answers.

use super::Shared;
use super::client::CallError;
use crate::engine::TurnSite;
use mortise_adapter_client::{Backoff, jittered};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use url::Url;

/// How often it is looked whether the server answers.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The first pause after a look that failed; it doubles.
const LOOK_AFTER: Duration = Duration::from_millis(200);

/// It grows up to this.
const LOOK_AFTER_MAX: Duration = Duration::from_secs(5);

/// Keeps the handlers registered until the site stops.
pub(super) async fn keep(shared: Arc<Shared>, bound: SocketAddr, site: Arc<dyn TurnSite>) {
    let address = shared.options.advertise.as_ref().map(Url::to_string);
    let address = address.unwrap_or_else(|| format!("http://{bound}"));
    let looking = async {
        // What the server knows may be another version's.
        let mut is_new = true;
        let mut backoff = Backoff::new(LOOK_AFTER, LOOK_AFTER_MAX);
        loop {
            let found = look(&shared, &address, is_new).await;
            note(&shared, found.as_ref().err());
            if found.is_ok() {
                is_new = false;
                backoff.reset();
                sleep(jittered(LOOK_EVERY)).await;
            } else {
                sleep(backoff.next()).await;
            }
        }
    };
    tokio::select! {
        () = looking => {}
        () = site.stopping() => {}
    }
}

/// Looks at the server, and registers the handlers where it does not know them.
async fn look(shared: &Shared, address: &str, is_new: bool) -> Result<(), CallError> {
    let client = &shared.client;
    client.check().await?;
    if !is_new && client.is_registered().await? {
        return Ok(());
    }
    // The same address again, with handlers of another version: those take their place.
    let registered = match client.register(address, false).await {
        Err(CallError::Refused { status, .. }) if status.as_u16() == 409 => {
            client.register(address, true).await
        }
        registered => registered,
    };
    if registered.is_ok() {
        tracing::info!(address, "registered with the Restate server");
    }
    registered
}

fn note(shared: &Shared, error: Option<&CallError>) {
    let problem = error.map(|error| format!("{error}; start the server, or correct turns.restate"));
    let mut current = shared.problem();
    if *current != problem {
        match &problem {
            Some(problem) => tracing::warn!(problem, "no turn can run"),
            None => tracing::info!("the Restate server answers"),
        }
    }
    *current = problem;
}
