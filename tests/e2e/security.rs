//! Connections that are private, and callers that prove who they are: real
//! certificates, real processes.

use mortise_adapter_client::{
    AdapterConfig, ClientTls, ConnectError, Endpoint, Mesh, MeshConfig, TlsIdentity,
};
use mortise_test_support::adapter_process::{AdapterProcess, adapter, host};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// A certificate authority, with its certificate in a file.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Its certificate.
    pub file: PathBuf,
}

impl Authority {
    /// Makes one, with its file in a folder.
    pub fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = folder.join(format!("{name}.pem"));
        fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// Writes a certificate for a name, and its key.
    pub fn issue(&self, folder: &Path, file: &str, name: &str) -> TlsIdentity {
        let params = CertificateParams::new(vec![name.to_string()]).unwrap();
        self.issue_to(folder, file, params)
    }

    /// Writes a certificate for a URI, and its key.
    pub fn issue_to_uri(&self, folder: &Path, file: &str, uri: &str) -> TlsIdentity {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
        self.issue_to(folder, file, params)
    }

    /// Writes a certificate for a name and a URI, and its key.
    pub fn issue_to_both(&self, folder: &Path, file: &str, name: &str, uri: &str) -> TlsIdentity {
        let mut params = CertificateParams::new(vec![name.to_string()]).unwrap();
        let uri = SanType::URI(uri.try_into().unwrap());
        params.subject_alt_names.push(uri);
        self.issue_to(folder, file, params)
    }

    fn issue_to(&self, folder: &Path, file: &str, params: CertificateParams) -> TlsIdentity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let at = |end: &str| folder.join(format!("{file}.{end}"));
        fs::write(at("pem"), certificate.pem()).unwrap();
        fs::write(at("key"), key.serialize_pem()).unwrap();
        TlsIdentity {
            cert: at("pem"),
            key: at("key"),
        }
    }
}

/// A mesh of one adapter, whose failures come soon.
pub fn mesh(endpoint: &Endpoint, tls: ClientTls, token_file: Option<PathBuf>) -> Mesh {
    let mut config = MeshConfig::single(endpoint.clone());
    config.retry_window = Duration::ZERO;
    let adapter = AdapterConfig {
        tls,
        token_file,
        ..AdapterConfig::new(endpoint.clone())
    };
    config.adapters.insert("default".into(), adapter);
    Mesh::new(config).unwrap()
}

async fn refusal(mesh: &Mesh) -> ConnectError {
    mesh.adapter(1).build().await.unwrap_err()
}

pub fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A server is believed only if the configured authority vouches for it, under the
/// name that was asked for; a refusal says what it was verified with.
#[tokio::test]
async fn a_server_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let right = Authority::new(folder.path(), "right");
    let wrong = Authority::new(folder.path(), "wrong");
    let own = right.issue(folder.path(), "server", "storage.internal");
    let arguments = ["--tls-cert", path(&own.cert), "--tls-key", path(&own.key)];
    let server = AdapterProcess::start_as(folder.path(), "127.0.0.1:0", &arguments).await;
    assert!(matches!(server.endpoint, Endpoint::Https(_)));

    let tls = |authority: &Authority, name: &str| ClientTls {
        ca: Some(authority.file.clone()),
        server_name: Some(name.into()),
        identity: None,
        ..ClientTls::default()
    };
    let verified = mesh(&server.endpoint, tls(&right, "storage.internal"), None);
    verified.adapter(1).build().await.unwrap();

    let error = refusal(&mesh(
        &server.endpoint,
        tls(&wrong, "storage.internal"),
        None,
    ))
    .await;
    let text = error.to_string();
    assert!(text.contains("UnknownIssuer"), "{text}");
    assert!(text.contains(path(&wrong.file)), "{text}");
    let error = refusal(&mesh(&server.endpoint, tls(&right, "other.internal"), None)).await;
    let text = error.to_string();
    assert!(
        text.contains("not valid for name \"other.internal\""),
        "{text}"
    );
    let clear = server.endpoint.to_string().replace("https", "http");
    refusal(&mesh(&clear.parse().unwrap(), ClientTls::default(), None)).await;
}

/// Certificates of both sides are replaced while both run: the next connection has
/// the new ones.
#[tokio::test]
async fn certificates_are_replaced_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let old = Authority::new(folder.path(), "ca");
    let own = old.issue(folder.path(), "server", "localhost");
    let arguments = ["--tls-cert", path(&own.cert), "--tls-key", path(&own.key)];
    let server = AdapterProcess::start_as(folder.path(), "127.0.0.1:0", &arguments).await;
    let tls = ClientTls {
        ca: Some(old.file.clone()),
        server_name: Some("localhost".into()),
        identity: None,
        ..ClientTls::default()
    };
    let mesh_before = mesh(&server.endpoint, tls.clone(), None);
    mesh_before.adapter(1).build().await.unwrap();

    // The server's certificate first: the client's file still names the old authority.
    let old_ca = fs::read(&old.file).unwrap();
    let new = Authority::new(folder.path(), "ca");
    new.issue(folder.path(), "server", "localhost");
    let new_ca = fs::read(&new.file).unwrap();
    fs::write(&old.file, old_ca).unwrap();
    let mesh_after = mesh(&server.endpoint, tls, None);
    let text = refusal(&mesh_after).await.to_string();
    assert!(text.contains("invalid peer certificate"), "{text}");
    fs::write(&old.file, new_ca).unwrap();
    mesh_after.adapter(1).build().await.unwrap();
    // What was connected before goes on.
    mesh_before.adapter(1).build().await.unwrap();
}

/// A server that asks for certificates takes only those of its authority.
#[tokio::test]
async fn a_client_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let servers = Authority::new(folder.path(), "servers");
    let clients = Authority::new(folder.path(), "clients");
    let own = servers.issue(folder.path(), "server", "localhost");
    let arguments = [
        ["--tls-cert", path(&own.cert)],
        ["--tls-key", path(&own.key)],
        ["--tls-client-ca", path(&clients.file)],
    ];
    let server =
        AdapterProcess::start_as(folder.path(), "127.0.0.1:0", arguments.as_flattened()).await;
    let tls = |identity| ClientTls {
        ca: Some(servers.file.clone()),
        server_name: Some("localhost".into()),
        identity,
        ..ClientTls::default()
    };
    let known = clients.issue(folder.path(), "known", "host.internal");
    let stranger = servers.issue(folder.path(), "stranger", "host.internal");
    mesh(&server.endpoint, tls(Some(known)), None)
        .adapter(1)
        .build()
        .await
        .unwrap();
    for identity in [None, Some(stranger)] {
        let error = refusal(&mesh(&server.endpoint, tls(identity), None)).await;
        assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

/// Calls need a token that the server knows, while health answers everybody. Both
/// files may change at any time; what was taken from the server's is refused at once.
#[tokio::test]
async fn calls_carry_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let (known, own) = (folder.path().join("known"), folder.path().join("own"));
    fs::write(&known, "first-token\n").unwrap();
    fs::write(&own, "first-token").unwrap();
    let arguments = ["--token-file", path(&known)];
    let server = AdapterProcess::start_as(folder.path(), "127.0.0.1:0", &arguments).await;
    let none = ClientTls::default;
    let mesh_with_token = mesh(&server.endpoint, none(), Some(own.clone()));
    let host_adapter = mesh_with_token.adapter(1).build().await.unwrap();
    let error = refusal(&mesh(&server.endpoint, none(), None)).await;
    assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
    assert!(
        error.to_string().contains("requires a bearer token"),
        "{error}"
    );

    fs::write(&known, "second-token\nthird-token\n").unwrap();
    let error = refusal(&mesh_with_token).await;
    assert!(
        error.to_string().contains("does not know the bearer token"),
        "{error}"
    );
    assert!(!error.to_string().contains("first-token"), "{error}");
    fs::write(&own, "third-token").unwrap();
    mesh_with_token.adapter(1).build().await.unwrap();
    assert!(!format!("{mesh_with_token:?}").contains("third-token"));
    drop(host_adapter);

    let channel = tonic::transport::Endpoint::new(server.endpoint.to_string()).unwrap();
    let channel = channel.connect().await.unwrap();
    let mut health = HealthClient::new(channel.clone());
    let answer = health.check(HealthCheckRequest::default()).await;
    assert!(answer.is_ok(), "{answer:?}");
}

/// Files that cannot be used end the process before it listens, and are named.
#[tokio::test]
async fn unusable_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let own = authority.issue(folder.path(), "server", "localhost");
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    let database = format!("sqlite:{}", folder.path().join("a.db").display());
    let common = ["--database", &database, "--listen", "127.0.0.1:0"];
    for (arguments, said) in [
        (vec!["--token-file", path(&empty)], "holds no token"),
        (
            vec!["--tls-cert", path(&empty), "--tls-key", path(&own.key)],
            "holds no certificate in PEM form",
        ),
        (
            vec!["--tls-cert", path(&own.cert), "--tls-key", path(&empty)],
            "empty: ",
        ),
    ] {
        let ended = adapter(&[&common[..], &arguments].concat()).await;
        assert_eq!(ended.code, 3, "{}", ended.stderr);
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
}

/// An address that other machines reach is refused in clear, and where any of them may
/// call, unless that is meant; the refusal names the address and what to do.
#[tokio::test]
async fn an_open_address_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let own = authority.issue(folder.path(), "server", "localhost");
    let token = folder.path().join("token");
    fs::write(&token, "a-token").unwrap();
    let database = format!("sqlite:{}", folder.path().join("a.db").display());
    let tls = ["--tls-cert", path(&own.cert), "--tls-key", path(&own.key)];
    let token = ["--token-file", path(&token)];
    for (address, arguments, said, remedy) in [
        (
            "0.0.0.0:0",
            &[][..],
            "for every org, in clear",
            "--tls-cert",
        ),
        ("[::]:0", &token[..], "would be in clear", "--tls-cert"),
        ("0.0.0.0:0", &tls[..], "for every org;", "--token-file"),
    ] {
        let common = ["--database", &database, "--listen", address];
        let ended = adapter(&[&common[..], arguments].concat()).await;
        assert_eq!(ended.code, 3, "{}", ended.stderr);
        for part in [address, said, remedy, "--insecure"] {
            assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
        }
    }
    // Each of them starts where it is meant, and without a word where it is closed.
    let closed = [&tls[..], &token[..]].concat();
    for arguments in [&["--insecure"][..], &closed] {
        drop(AdapterProcess::start_as(folder.path(), "0.0.0.0:0", arguments).await);
    }
}

/// A configuration is checked and shown on the command line: every fault on a line of
/// its own, and secrets nowhere.
#[tokio::test]
async fn a_configuration_is_checked_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("good"), folder.path().join("bad"));
    let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    fs::write(&good, format!("[access.tokens.a]\nsha256 = \"{digest}\"")).unwrap();
    fs::write(&bad, "[turns]\nmax_runing = 1\ndrain = \"5\"").unwrap();

    let checked = host(&["config", "check", path(&good)]).await;
    assert_eq!((checked.code, checked.stderr.as_str()), (0, ""));
    let shown = host(&["config", "show", path(&good)]).await;
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(
        shown.stdout.contains("max_running = 64"),
        "{}",
        shown.stdout
    );
    assert!(
        shown.stdout.contains("sha256 = \"***\""),
        "{}",
        shown.stdout
    );
    assert!(!shown.stdout.contains(digest), "{}", shown.stdout);

    let checked = host(&["config", "check", path(&bad)]).await;
    assert_eq!(checked.code, 2);
    let lines: Vec<_> = checked.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[1].ends_with("did you mean `max_running`?"),
        "{lines:?}"
    );
}

/// How long a call may take that waits for no other, also on a busy machine.
const NO_QUEUE: Duration = Duration::from_secs(60);

/// Hundreds of connections that never say anything keep no caller waiting: neither those
/// that come after them, nor those that agree on TLS.
#[tokio::test]
async fn silent_connections_keep_no_call_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let own = authority.issue(folder.path(), "server", "localhost");
    let arguments = ["--tls-cert", path(&own.cert), "--tls-key", path(&own.key)];
    let server = AdapterProcess::start_as(folder.path(), "127.0.0.1:0", &arguments).await;
    let Endpoint::Https(uri) = &server.endpoint else {
        panic!("the server speaks TLS");
    };
    let address = format!("127.0.0.1:{}", uri.port_u16().unwrap());
    let mut silent = Vec::new();
    for _ in 0..600 {
        silent.push(tokio::net::TcpStream::connect(&address).await.unwrap());
    }
    let tls = ClientTls {
        ca: Some(authority.file.clone()),
        server_name: Some("localhost".into()),
        identity: None,
        ..ClientTls::default()
    };
    let mesh = mesh(&server.endpoint, tls, None);
    // One that waited for the silent ones would wait for each until it is given up.
    let right = tokio::time::timeout(NO_QUEUE, mesh.adapter(1).build());
    right.await.unwrap().unwrap();
}

/// A server may be known by a URI in its certificate alone. One with another URI is not
/// believed, and the refusal names both.
#[tokio::test]
async fn a_server_is_known_by_its_uri() {
    const URI: &str = "spiffe://example.org/adapter";
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let own = authority.issue_to_uri(folder.path(), "server", URI);
    let arguments = ["--tls-cert", path(&own.cert), "--tls-key", path(&own.key)];
    let server = AdapterProcess::start_as(folder.path(), "127.0.0.1:0", &arguments).await;
    let tls = |uri: Option<&str>| ClientTls {
        ca: Some(authority.file.clone()),
        server_uri: uri.map(Into::into),
        ..ClientTls::default()
    };
    let known = mesh(&server.endpoint, tls(Some(URI)), None);
    known.adapter(1).build().await.unwrap();
    let other = "spiffe://example.org/other";
    let text = refusal(&mesh(&server.endpoint, tls(Some(other)), None)).await;
    let text = text.to_string();
    assert!(text.contains(other) && text.contains(URI), "{text}");
    // Without the URI its address would have to stand in the certificate.
    refusal(&mesh(&server.endpoint, tls(None), None)).await;
    let both = ClientTls {
        server_name: Some("storage.internal".into()),
        ..tls(Some(URI))
    };
    refusal(&mesh(&server.endpoint, both, None)).await;
}

/// A client acts for the orgs that a name of its certificate is bound to, over unary calls
/// and streams, and one that is bound to none has no answer at all.
#[tokio::test]
async fn a_client_acts_for_its_orgs() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let own = authority.issue(folder.path(), "server", "localhost");
    let arguments = [
        ["--tls-cert", path(&own.cert)],
        ["--tls-key", path(&own.key)],
        ["--tls-client-ca", path(&authority.file)],
        ["--client", "spiffe://example.org/host=1,7"],
        ["--client", "batch.internal=2"],
    ];
    let server =
        AdapterProcess::start_as(folder.path(), "127.0.0.1:0", arguments.as_flattened()).await;
    let tls = |identity| ClientTls {
        ca: Some(authority.file.clone()),
        server_name: Some("localhost".into()),
        identity: Some(identity),
        ..ClientTls::default()
    };
    let uri = authority.issue_to_uri(folder.path(), "host", "spiffe://example.org/host");
    let batch = authority.issue(folder.path(), "batch", "batch.internal");
    let stranger = authority.issue(folder.path(), "stranger", "stranger.internal");
    for (identity, allowed) in [(uri, vec![1, 7]), (batch, vec![2]), (stranger, vec![])] {
        let mesh = mesh(&server.endpoint, tls(identity), None);
        for org in [1, 2, 7] {
            let built = mesh.adapter(org).build().await;
            assert_eq!(
                built.is_ok(),
                allowed.contains(&org),
                "org {org}: {built:?}"
            );
        }
    }
}

/// Clients cannot be bound without certificates to know them by.
#[tokio::test]
async fn bound_clients_need_certificates() {
    for (arguments, problem) in [
        (["--client", "batch.internal=2"], "--tls-client-ca"),
        (["--client", "batch.internal"], "NAME=ORG"),
        (["--client", "batch.internal=0"], "NAME=ORG"),
    ] {
        let finished = adapter(&[["serve"].as_slice(), &arguments].concat()).await;
        assert!(
            finished.code == 2 && finished.stderr.contains(problem),
            "{finished:?}"
        );
    }
}
