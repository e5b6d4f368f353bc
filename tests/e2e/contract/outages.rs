//! The rules about outages, held against the reference server on a disk that fails, and
//! against servers that each do one thing wrong while their storage is away, or when they
//! are started again.

use super::broken::fault::encoded;
use super::{all_kept, held};
use futures::future::BoxFuture;
use http_body_util::BodyExt;
use mortise_adapter_server::AdapterServer;
use mortise_contract::{
    Dial, Options, OutageCommands, Report, Restart, Tls, Verdict, rules, run, table,
};
use mortise_proto::pb;
use mortise_proto::rpc::table::{
    adapter_service::DESCRIBE,
    event_emitter_service::EMIT,
    session_file_system_service::{READ_FILE, WRITE_FILE},
    session_storage_store_service::{GET_VALUE, SET_VALUE},
};
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::failing_disk::{DiskFault, FailingDisk};
use mortise_test_support::in_process::reference;
use prost::Message;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::service::Routes;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;
use tower::{Service, ServiceExt};

const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// What a server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    NoHandshake,
    HealthServing,
    Internal,
    AnswersUndone,
    NeverBack,
    LosesEvents,
    LosesFiles,
    ReadsAbsent,
    /// A storage that is away when it is started is a new one to it.
    BeginsAnew,
    AnswersUnstored,
}

/// How many writes a restart interrupts.
const INTERRUPTED: usize = 8;

/// A server whose storage is away while a file is there.
#[derive(Clone)]
struct Troubled {
    flaw: Flaw,
    server: Routes,
    folder: PathBuf,
    was_away: Arc<AtomicBool>,
    interrupted: Arc<AtomicUsize>,
}

impl Troubled {
    fn is_away(&self) -> bool {
        let is_away = self.folder.join("away").exists();
        let was_away = self.was_away.fetch_or(is_away, Ordering::SeqCst);
        is_away || (was_away && self.flaw == Flaw::NeverBack)
    }

    /// Whether a restart interrupts this write.
    fn is_interrupted(&self, path: &str, request: &[u8]) -> bool {
        path == WRITE_FILE.method.path
            && holds(request, b"/writer-")
            && self.folder.join("restarted").exists()
            && self.interrupted.fetch_add(1, Ordering::SeqCst) < INTERRUPTED
    }

    /// What takes the place of the server's own answer.
    fn answer(&self, path: &str, request: &[u8]) -> Option<Response<Body>> {
        let unavailable = || Status::unavailable("the storage cannot answer now").into_http();
        if self.is_interrupted(path, request) {
            return Some(unavailable());
        }
        let is_anew = self.flaw == Flaw::BeginsAnew && self.folder.join("anew").exists();
        let is_away = self.is_away();
        if is_anew || (is_away && self.flaw == Flaw::ReadsAbsent) {
            match path {
                path if path == GET_VALUE.method.path => {
                    return Some(done(pb::GetValueResponse::default()));
                }
                path if path == READ_FILE.method.path => {
                    return Some(encoded(Ok(Vec::<pb::ReadFileResponse>::new())));
                }
                _ => {}
            }
        }
        let is_unstored = path == WRITE_FILE.method.path && holds(request, b"/writer-3/1.txt");
        if self.flaw == Flaw::AnswersUnstored && is_unstored {
            return Some(done(pb::WriteFileResponse::default()));
        }
        if !is_away {
            return None;
        }
        match (self.flaw, path) {
            (Flaw::HealthServing, HEALTH) => None,
            (_, HEALTH) => Some(done(HealthCheckResponse {
                status: ServingStatus::NotServing.into(),
            })),
            (Flaw::NoHandshake, path) if path == DESCRIBE.method.path => Some(unavailable()),
            (Flaw::Internal, path) if path == SET_VALUE.method.path => {
                Some(Status::new(Code::Internal, "the storage failed").into_http())
            }
            (Flaw::AnswersUndone, path) if path == SET_VALUE.method.path && is_chosen(request) => {
                Some(done(pb::SetValueResponse {}))
            }
            (Flaw::LosesEvents, path) if path == EMIT.method.path => {
                let answer = pb::EmitResponse {
                    event_id: format!("event_{}", uuid::Uuid::new_v4().simple()),
                    sequence: 4,
                };
                Some(done(answer))
            }
            (Flaw::LosesFiles, path) if path == WRITE_FILE.method.path => {
                Some(done(pb::WriteFileResponse::default()))
            }
            (_, path) if changes(path) => Some(unavailable()),
            _ => None,
        }
    }
}

/// One of several changes that a rule makes at the same time.
fn is_chosen(request: &[u8]) -> bool {
    holds(request, b"meanwhile 2") || holds(request, b"writer 3")
}

fn holds(request: &[u8], text: &[u8]) -> bool {
    request.windows(text.len()).any(|part| part == text)
}

fn changes(path: &str) -> bool {
    [&SET_VALUE.method, &EMIT.method, &WRITE_FILE.method]
        .iter()
        .any(|method| method.path == path)
}

fn done(message: impl Message) -> Response<Body> {
    encoded(Ok(vec![message]))
}

impl Service<Request<Body>> for Troubled {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await;
            let body = body.map(|whole| whole.to_bytes()).unwrap_or_default();
            if let Some(answer) = this.answer(parts.uri.path(), &body) {
                return Ok(answer);
            }
            let body = Body::new(http_body_util::Full::new(body));
            this.server.oneshot(Request::from_parts(parts, body)).await
        })
    }
}

async fn with_outages(
    dial: &Dial,
    only: &str,
    outage: OutageCommands,
    restart: Option<Restart>,
) -> Report {
    let options = Options {
        only: vec![only.into()],
        timeout: Duration::from_secs(240),
        outage: Some(outage),
        restart,
        ..Options::default()
    };
    run(dial, &rules(), options, &|_, _, _| {}).await.unwrap()
}

async fn troubled(flaw: Flaw, only: &str, folder: &Path) -> Report {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let builder = AdapterServer::builder(reference(folder.path()).await);
    let server = Troubled {
        flaw,
        server: builder.routes().await.unwrap(),
        folder: folder.path().into(),
        was_away: Arc::default(),
        interrupted: Arc::default(),
    };
    let dial = Dial::service("troubled", server);
    let within = |command: &str| format!("cd {} && {command}", folder.path().display());
    let outage = OutageCommands {
        begin: within("touch away"),
        end: within("rm -f away"),
    };
    let restart = within("touch restarted && if [ -e away ]; then touch anew; fi");
    with_outages(&dial, only, outage, Some(Restart::Command(restart))).await
}

/// The reference server keeps every rule about outages on a disk that is full, and on one
/// that fails to write.
#[tokio::test(flavor = "multi_thread")]
async fn the_reference_server_keeps_the_rules() {
    for fault in [DiskFault::Full, DiskFault::Write] {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("p.db");
        let url = format!("sqlite:{}", database.display());
        let disk = FailingDisk::under(&database, folder.path());
        let log = folder.path().join("log");
        let process =
            AdapterProcess::start_in(&url, folder.path(), &disk.environment(), &log).await;
        let dial = Dial::address(&process.endpoint.to_string(), Tls::default()).unwrap();
        let outage = OutageCommands {
            begin: disk.command(fault),
            end: disk.heal_command(),
        };
        let report = with_outages(&dial, "OUT-*", outage, None).await;
        all_kept(&report);
        // Those that start the server again.
        assert_eq!(
            report.count(Verdict::Skipped),
            2,
            "{}",
            table(&report, false)
        );
    }
}

/// Each server that does one thing wrong is caught by the rule about it, and one that does
/// nothing wrong by none.
#[tokio::test(flavor = "multi_thread")]
async fn each_flaw_is_caught() {
    let folder = tempfile::tempdir().unwrap();
    let all = troubled(Flaw::None, "OUT-*", folder.path()).await;
    all_kept(&all);
    all_kept(&troubled(Flaw::None, "CRASH-10", folder.path()).await);
    for (rule, flaw) in [
        ("OUT-01", Flaw::NoHandshake),
        ("OUT-02", Flaw::HealthServing),
        ("OUT-03", Flaw::Internal),
        ("OUT-03", Flaw::AnswersUndone),
        ("OUT-04", Flaw::NeverBack),
        ("OUT-05", Flaw::AnswersUndone),
        ("OUT-06", Flaw::LosesEvents),
        ("OUT-07", Flaw::LosesFiles),
        ("OUT-08", Flaw::ReadsAbsent),
        ("OUT-09", Flaw::BeginsAnew),
        ("OUT-10", Flaw::ReadsAbsent),
        ("OUT-11", Flaw::BeginsAnew),
        ("CRASH-10", Flaw::AnswersUnstored),
    ] {
        let report = troubled(flaw, rule, folder.path()).await;
        let caught = report.count(Verdict::Failed) + report.count(Verdict::Warned);
        assert_eq!(caught, 1, "{rule} {flaw:?}: {}", table(&report, true));
    }
}

/// Without the two commands the rules are left out, with the reason.
#[tokio::test(flavor = "multi_thread")]
async fn without_commands_they_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let routes = AdapterServer::builder(reference(folder.path()).await);
    let dial = Dial::service("in process", routes.routes().await.unwrap());
    let report = held(&dial, &["OUT-*"]).await;
    assert_eq!(report.count(Verdict::Skipped), 11);
    assert!(table(&report, true).contains("--outage-command"));
}
