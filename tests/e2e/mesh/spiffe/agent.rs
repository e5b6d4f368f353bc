//! An agent of the test's own: a SPIFFE Workload API, which knows processes by the paths of
//! their programs, as SPIRE's attestor `unix` does.

use futures::future::{BoxFuture, Ready, ready};
use futures::stream::{BoxStream, StreamExt};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use std::collections::HashMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};
use tokio::net::UnixListener;
use tokio_stream::wrappers::UnixListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::codegen::http::{Request as HttpRequest, Response as HttpResponse};
use tonic::server::{NamedService, ServerStreamingService};
use tonic::transport::Server;
use tonic::transport::server::UdsConnectInfo;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::Service;

/// How long after its begin an SVID is replaced.
const RENEWED_AFTER: u32 = 2;

#[derive(Clone, PartialEq, prost::Message)]
struct SvidRequest {}

#[derive(Clone, PartialEq, prost::Message)]
struct SvidResponse {
    #[prost(message, repeated, tag = "1")]
    svids: Vec<Svid>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Svid {
    #[prost(string, tag = "1")]
    spiffe_id: String,
    #[prost(bytes = "vec", tag = "2")]
    certificate: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    bundle: Vec<u8>,
}

/// The agent, once it is started. It ends when it is dropped.
pub struct Agent {
    socket: PathBuf,
    api: Api,
    running: Option<CancellationToken>,
}

/// What it answers with.
#[derive(Clone)]
struct Api {
    authority: Arc<CertifiedIssuer<'static, KeyPair>>,
    /// IDs by the paths of programs, and how long their SVIDs live.
    registered: Arc<Mutex<HashMap<PathBuf, (String, Duration)>>>,
    /// Ends the streams.
    ends: CancellationToken,
}

// === impl Agent ===

impl Agent {
    /// Makes its authority.
    pub fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap());
        Self {
            socket: folder.join("agent.sock"),
            api: Api {
                authority: Arc::new(authority.unwrap()),
                registered: Arc::default(),
                ends: CancellationToken::new(),
            },
            running: None,
        }
    }

    /// Where it listens.
    pub fn socket(&self) -> String {
        format!("unix:{}", self.socket.display())
    }

    /// Processes of a program are this from now on, for so many seconds at a time.
    pub fn register(&self, id: &str, program: &Path, seconds: u64) {
        let life = Duration::from_secs(seconds);
        let program = program.canonicalize().unwrap();
        let mut registered = self.api.registered.lock().unwrap();
        registered.insert(program, (id.into(), life));
    }

    /// An SVID and its key in files, as `spiffe-helper` writes them for programs that know
    /// nothing of SPIFFE.
    pub fn svid_files(&self, id: &str, folder: &Path) -> (PathBuf, PathBuf) {
        let (certificate, key) = self.api.sign(id, Duration::from_secs(600));
        let paths = (folder.join("svid.pem"), folder.join("svid.key"));
        std::fs::write(&paths.0, certificate.pem()).unwrap();
        std::fs::write(&paths.1, key.serialize_pem()).unwrap();
        paths
    }

    /// Starts it.
    pub fn start(&mut self) {
        let listener = UnixListener::bind(&self.socket).unwrap();
        let ends = CancellationToken::new();
        let api = Api {
            ends: ends.clone(),
            ..self.api.clone()
        };
        self.running = Some(ends.clone());
        drop(tokio::spawn(async move {
            let serving = Server::builder()
                .add_service(api)
                .serve_with_incoming(UnixListenerStream::new(listener));
            tokio::select! {
                served = serving => served.unwrap(),
                () = ends.cancelled() => {}
            }
        }));
    }

    /// Ends it, and every stream of it.
    pub fn kill(&mut self) {
        std::fs::remove_file(&self.socket).unwrap();
        self.running.take().unwrap().cancel();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.cancel();
        }
    }
}

// === impl Api ===

impl Api {
    fn sign(&self, id: &str, life: Duration) -> (Certificate, KeyPair) {
        let now = SystemTime::now();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(id.try_into().unwrap())];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.not_before = (now - Duration::from_secs(10)).into();
        params.not_after = (now + life).into();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &*self.authority).unwrap();
        (certificate, key)
    }

    fn issue(&self, id: &str, life: Duration) -> SvidResponse {
        let (certificate, key) = self.sign(id, life);
        SvidResponse {
            svids: vec![Svid {
                spiffe_id: id.into(),
                certificate: certificate.der().to_vec(),
                key: key.serialize_der(),
                bundle: self.authority.der().to_vec(),
            }],
        }
    }

    /// An SVID now, and another before each ends.
    fn svids(self, id: String, life: Duration) -> BoxStream<'static, Result<SvidResponse, Status>> {
        let ends = self.ends.clone();
        let issued = futures::stream::unfold(false, move |is_begun| {
            let (api, id) = (self.clone(), id.clone());
            async move {
                if is_begun {
                    tokio::time::sleep(life / RENEWED_AFTER).await;
                }
                Some((Ok(api.issue(&id, life)), true))
            }
        });
        issued.take_until(ends.cancelled_owned()).boxed()
    }
}

impl NamedService for Api {
    const NAME: &'static str = "SpiffeWorkloadAPI";
}

impl Service<HttpRequest<Body>> for Api {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        assert_eq!(request.uri().path(), "/SpiffeWorkloadAPI/FetchX509SVID");
        let codec = ProstCodec::<SvidResponse, SvidRequest>::default();
        let mut grpc = tonic::server::Grpc::new(codec);
        let api = self.clone();
        Box::pin(async move { Ok(grpc.server_streaming(api, request).await) })
    }
}

impl ServerStreamingService<SvidRequest> for Api {
    type Response = SvidResponse;
    type ResponseStream = BoxStream<'static, Result<SvidResponse, Status>>;
    type Future = Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<SvidRequest>) -> Self::Future {
        // Without it a request may come from a program that was tricked into it.
        if request.metadata().get("workload.spiffe.io").is_none() {
            return ready(Err(Status::invalid_argument("security header missing")));
        }
        let peer = request.extensions().get::<UdsConnectInfo>().unwrap();
        let pid = peer.peer_cred.unwrap().pid().unwrap();
        let program = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap();
        let known = self.registered.lock().unwrap().get(&program).cloned();
        ready(match known {
            Some((id, life)) => Ok(Response::new(self.clone().svids(id, life))),
            None => Err(Status::permission_denied("no identity issued")),
        })
    }
}
