//! Storage that fails, and heals by itself: what was acknowledged is there, the next
//! change succeeds soon after the fault has gone, without a restart, and meanwhile health,
//! handshake and the host's `/ready` say what is wrong.

mod disk;
mod library;
mod server;

use everruns_core::typed_id::{EventId, SessionId};
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::GrpcHostAdapter;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::fixtures::said;
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::in_process::impatient_mesh;
use mortise_test_support::scenario::{host_adapter, seed};
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// What nothing here takes, also on a busy machine.
const AT_MOST: Duration = Duration::from_secs(90);

/// An adapter process over storage that is about to fail, and a host over it.
struct Scene {
    process: AdapterProcess,
    host: HostProcess,
    adapter: GrpcHostAdapter,
    session_id: SessionId,
    acknowledged: HashSet<EventId>,
    health: HealthClient<Channel>,
    log: PathBuf,
}

impl Scene {
    async fn set(database_url: &str, folder: &Path, environment: &[(String, OsString)]) -> Self {
        let log = folder.join("log");
        let process = AdapterProcess::start_in(database_url, folder, environment, &log).await;
        let (adapter, _) = host_adapter(&impatient_mesh(&process.endpoint)).await;
        let session_id = seed(&adapter).await;
        let host = HostProcess::start(&process.endpoint, &folder.join("host"), &[]).await;
        let channel = Channel::from_shared(process.endpoint.to_string()).unwrap();
        let mut scene = Self {
            health: HealthClient::new(channel.connect().await.unwrap()),
            process,
            host,
            adapter,
            session_id,
            acknowledged: HashSet::new(),
            log,
        };
        scene.changes(20).await;
        scene.until_ready(true).await;
        assert_eq!(scene.status().await, ServingStatus::Serving);
        scene
    }

    /// Makes a change of some size, and remembers that it was acknowledged.
    async fn change(&mut self) -> Result<(), String> {
        let event = said(self.session_id, &"kept ".repeat(1000));
        let emitted = self.adapter.event_emitter().emit(event).await;
        let emitted = emitted.map_err(|error| error.to_string())?;
        self.acknowledged.insert(emitted.id);
        Ok(())
    }

    async fn changes(&mut self, count: usize) {
        for _ in 0..count {
            self.change().await.unwrap();
        }
    }

    /// Changes until one is refused, and gives back with what words.
    async fn until_refused(&mut self) -> String {
        let refused = async {
            loop {
                if let Err(error) = self.change().await {
                    return error;
                }
            }
        };
        timeout(AT_MOST, refused)
            .await
            .expect("changes are refused")
    }

    /// Changes until one succeeds, and gives back how long that took.
    async fn until_changed(&mut self) -> Duration {
        let began = Instant::now();
        let changed = async { while self.change().await.is_err() {} };
        timeout(AT_MOST, changed).await.expect("a change succeeds");
        began.elapsed()
    }

    async fn status(&mut self) -> ServingStatus {
        let answer = self.health.check(HealthCheckRequest::default()).await;
        answer.unwrap().into_inner().status()
    }

    async fn until_status(&mut self, expected: ServingStatus) {
        let said = async { while self.status().await != expected {} };
        timeout(AT_MOST, said).await.expect("health says so");
    }

    /// Waits until the host says that it is ready, or is not, and gives its words back.
    async fn until_ready(&self, expected: bool) {
        self.until_told(expected, "").await;
    }

    /// The same, with a reason: the newest fault is told, so it may take a look or two.
    async fn until_told(&self, expected: bool, reason: &str) {
        let url = format!("{}/ready", self.host.http);
        let said = async {
            loop {
                let answer = reqwest::get(&url).await.unwrap();
                let is_expected = answer.status().is_success() == expected;
                if is_expected && answer.text().await.unwrap().contains(reason) {
                    return;
                }
            }
        };
        timeout(AT_MOST, said).await.expect("/ready says so");
    }

    /// Kills the adapter, starts it anew, and looks for everything acknowledged.
    async fn check_all_is_there(self, database_url: &str, folder: &Path) {
        self.process.kill().await;
        let log = folder.join("log-after");
        let again = AdapterProcess::start_in(database_url, folder, &[], &log).await;
        let (adapter, _) = host_adapter(&impatient_mesh(&again.endpoint)).await;
        let events = adapter.event_log().unwrap().read(self.session_id, 0).await;
        let there: HashSet<EventId> = events.unwrap().iter().map(|event| event.id).collect();
        let lost = self.acknowledged.difference(&there).count();
        assert_eq!(lost, 0, "of {} acknowledged", self.acknowledged.len());
    }

    fn logged(&self, words: &str) -> usize {
        let log = std::fs::read_to_string(&self.log).unwrap();
        log.lines().filter(|line| line.contains(words)).count()
    }
}
