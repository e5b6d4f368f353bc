//! A host whose configuration is changed while turns run over it.

use super::load::{Api, Load};
use super::test_host::played;
use crate::security::{Authority, path};
use everruns_core::ModelWithProvider;
use mortise_adapter_server::{AdapterServer, ListenAddress, ServerTls, Tls, TokenFile};
use mortise_reference::Reference;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::in_process::{Server, reference, serve, serve_at, serve_on};
use mortise_test_support::platform::PlatformFile;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::Semaphore;

/// How many turns end over each state of the configuration.
const TURNS: usize = 12;

/// What a turn is asked that is held until the test lets it end.
const HELD: &str = "Wait for all of it.";

/// Servers over one storage, each with another way in, and the files of these ways.
struct Servers {
    plain: Server,
    other: Server,
    guarded: Server,
    encrypted: Server,
    folder: TempDir,
}

impl Servers {
    /// With the demo's platform and a model in their storage.
    async fn start(model: &ModelWithProvider) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = reference(folder.path()).await;
        PlatformFile::with(model).import_into(&storage).await;
        let guarded = guarded(storage.clone(), folder.path()).await;
        let encrypted = encrypted(storage.clone(), folder.path()).await;
        Self {
            plain: serve(storage.clone()).await,
            other: serve(storage).await,
            guarded,
            encrypted,
            folder,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A server that asks for a token.
async fn guarded(storage: Reference, folder: &Path) -> Server {
    let tokens = folder.join("tokens");
    fs::write(&tokens, "first\nsecond\n").unwrap();
    fs::write(folder.join("token"), "first").unwrap();
    let builder = AdapterServer::builder(storage).tokens(TokenFile::open(&tokens).unwrap());
    let address = ListenAddress::Unix(folder.join("guarded.sock"));
    serve_at(builder, address, tempfile::tempdir().unwrap()).await
}

/// A server that speaks TLS, with a certificate of the authority `old`.
async fn encrypted(storage: Reference, folder: &Path) -> Server {
    let own = Authority::new(folder, "old").issue(folder, "server", "127.0.0.1");
    let files = ServerTls {
        cert: own.cert,
        key: own.key,
        client_ca: None,
        client_cert_optional: false,
    };
    let address: ListenAddress = "127.0.0.1:0".parse().unwrap();
    let listener = address.bind().await.unwrap();
    let listener = listener.with_tls(Tls::open(files, &["h2"]).unwrap());
    let folder = tempfile::tempdir().unwrap();
    serve_on(AdapterServer::builder(storage), listener, folder)
}

/// A host, and the turns over it.
struct Running {
    host: HostProcess,
    api: Api,
    load: Load,
    file: PathBuf,
    log: PathBuf,
}

impl Running {
    async fn start(servers: &Servers) -> Self {
        let folder = servers.folder.path();
        let log = servers.file("host.log");
        let main = format!(
            "[adapters.main]\nendpoint = \"{}\"\n",
            servers.plain.endpoint
        );
        let config = config(folder, &main);
        let host = HostProcess::configured_logged(folder, &config, &log).await;
        let api = Api::at(&host.http);
        api.ready().await;
        Self {
            load: Load::start(&api, 6).await,
            file: folder.join("host.toml"),
            api,
            host,
            log,
        }
    }

    /// Writes another configuration and has it read.
    async fn write(&self, servers: &Servers, adapters: &str) {
        let config = config(servers.folder.path(), adapters);
        fs::write(&self.file, config).unwrap();
        self.host.hang_up().await;
    }

    /// The same; it is taken in, and turns go on over it.
    async fn change(&self, what: &str, servers: &Servers, adapters: &str) {
        let applied = self.logged("the configuration was reloaded");
        self.write(servers, adapters).await;
        self.until_logged(what, "the configuration was reloaded", applied + 1)
            .await;
        self.load.more(TURNS).await;
        self.api.ready().await;
    }

    fn logged(&self, words: &str) -> usize {
        let log = fs::read_to_string(&self.log).unwrap();
        log.lines().filter(|line| line.contains(words)).count()
    }

    async fn until_logged(&self, what: &str, words: &str, times: usize) {
        for _ in 0..1_500 {
            if self.logged(words) >= times {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let log = fs::read_to_string(&self.log).unwrap();
        panic!("{what}: `{words}` is not logged {times} times:\n{log}");
    }
}

fn config(folder: &Path, adapters: &str) -> String {
    format!(
        r#"
        [listen]
        grpc = ["127.0.0.1:0"]
        http = "127.0.0.1:0"
        admin = "127.0.0.1:0"
        [data]
        dir = "{}"
        [drivers]
        enabled = ["openai"]
        [capabilities]
        enabled = ["session_file_system", "session_storage", "test_math"]
        {adapters}"#,
        folder.join("data").display()
    )
}

/// A model that answers at once, but for the turn that is held.
async fn model(gate: Arc<Semaphore>) -> FakeOpenAi {
    FakeOpenAi::play(move |request| match request.to_string().contains(HELD) {
        true => Answer::Held(gate.clone(), vec!["Now."]),
        false => Answer::Text(vec!["Fine."]),
    })
    .await
}

/// The adapter is another one, then one that asks for a token, then one that speaks TLS; the
/// token and the certificates are replaced; another adapter takes over a store and goes
/// again; the limits change; faulty files are written. Turns run all the time, and not one
/// fails. A turn that began before all of it ends after all of it, on the adapter that it
/// began with.
#[tokio::test]
async fn no_change_of_its_configuration_fails_a_turn() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = model(gate.clone()).await;
    let servers = Servers::start(&played(&fake)).await;
    let running = Running::start(&servers).await;
    let (api, session_id) = (running.api.clone(), running.api.create_session().await);
    let held = tokio::spawn(async move { api.turn(session_id, HELD).await });
    let is_asked = || {
        fake.requests()
            .iter()
            .any(|asked| asked.to_string().contains(HELD))
    };
    while !is_asked() {
        running.load.more(1).await;
    }

    adapters_change(&running, &servers).await;
    faults_are_refused(&running, &servers).await;

    gate.add_permits(8);
    assert_eq!(held.await.unwrap(), Ok(()));
    let ends = running.api.count(session_id, "turn.completed").await;
    assert_eq!(ends, 1);
    // From here on nothing needs the first adapter.
    let Servers { plain, .. } = servers;
    plain.stop().await;
    running.load.more(TURNS).await;
    let turns = running.load.end().await;
    assert!(turns >= 8 * TURNS, "{turns} turns");
}

/// Every kind of change that needs no restart, one after the other.
async fn adapters_change(running: &Running, servers: &Servers) {
    let at = |server: &Server, more: &str| {
        format!(
            "[adapters.main]\nendpoint = \"{}\"\n{more}",
            server.endpoint
        )
    };
    let change = async |what: &str, adapters: &str| running.change(what, servers, adapters).await;
    change("another endpoint", &at(&servers.other, "")).await;

    let token = format!("token_file = {:?}\n", servers.file("token"));
    change("a token", &at(&servers.guarded, &token)).await;
    put(&servers.file("token"), "second");
    running.load.more(TURNS).await;
    put(&servers.file("tokens"), "second\n");
    running.load.more(TURNS).await;

    // Each second has its own handshakes.
    let transport = "[adapters.main.transport]\nconnection_age_max = \"1s\"\n";
    let tls = |ca: &str| {
        format!(
            "[adapters.main.tls]\nca = {:?}\n{transport}",
            servers.file(ca)
        )
    };
    change("TLS", &at(&servers.encrypted, &tls("old.pem"))).await;
    let new = Authority::new(servers.folder.path(), "new");
    let [old_pem, new_pem] =
        ["old.pem", "new.pem"].map(|name| fs::read(servers.file(name)).unwrap());
    fs::write(servers.file("both.pem"), [old_pem, new_pem].concat()).unwrap();
    change("another CA", &at(&servers.encrypted, &tls("both.pem"))).await;
    replace_certificate(&new, servers);
    running.load.more(2 * TURNS).await;
    change("the new CA alone", &at(&servers.encrypted, &tls("new.pem"))).await;

    let main = at(&servers.encrypted, &tls("new.pem"));
    let beside = format!(
        "{main}[adapters.beside]\nendpoint = \"{}\"\n[routes]\ndefault = \"main\"\nsession_store = \"beside\"\n",
        servers.other.endpoint
    );
    change("an adapter more, with a route", &beside).await;
    change("an adapter less", &main).await;
    let limits = format!("{main}[calls]\ndeadline = \"25s\"\nretry_window = \"15s\"\n");
    change("the limits", &limits).await;
}

/// The server's certificate is one of another authority from now on. A connection may be
/// made between the two files: they then do not fit, and the server keeps what it has.
fn replace_certificate(authority: &Authority, servers: &Servers) {
    let folder = servers.folder.path();
    let own = authority.issue(folder, "next", "127.0.0.1");
    fs::rename(path(&own.key), servers.file("server.key")).unwrap();
    fs::rename(path(&own.cert), servers.file("server.pem")).unwrap();
}

/// A file with faults, and one that takes a restart, are refused with all that is wrong, and
/// turns go on.
async fn faults_are_refused(running: &Running, servers: &Servers) {
    let main = format!(
        "[adapters.main]\nendpoint = \"{}\"\n",
        servers.other.endpoint
    );
    let faulty = format!("{main}tokn_file = \"x\"\n[calls]\ndeadline = \"30\"\n");
    let restart = format!("{main}[turns]\nmax_running = 3\n[leases]\nttl = \"20s\"\n");
    let applied = running.logged("the configuration was reloaded");
    for (adapters, reasons) in [
        (
            faulty,
            [
                "adapters.main.tokn_file: there is no such key",
                "calls.deadline = ",
            ],
        ),
        (
            restart,
            [
                "turns: it has changed and is read at the start alone",
                "leases: it has changed and is read at the start alone",
            ],
        ),
    ] {
        running.write(servers, &adapters).await;
        for reason in reasons {
            running.until_logged("a fault", reason, 1).await;
        }
        running.load.more(TURNS).await;
    }
    assert_eq!(running.logged("the configuration was reloaded"), applied);
}

/// Puts a file in the place of another in one step: an empty file of tokens revokes them.
fn put(file: &Path, text: &str) {
    let next = file.with_extension("next");
    fs::write(&next, text).unwrap();
    fs::rename(next, file).unwrap();
}
