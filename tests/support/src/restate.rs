//! A Restate server as a process of its own, to be killed and started again, and a way to
//! several hosts under one address.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long the server may take to answer.
const STARTED_WITHIN: Duration = Duration::from_secs(120);

/// A running server with data of its own, on free ports. It is killed when it is dropped.
pub struct RestateServer {
    /// Where it takes invocations.
    pub ingress: String,
    /// Where its admin API is.
    pub admin: String,
    node: u16,
    folder: TempDir,
    child: Child,
}

impl RestateServer {
    /// Starts one, and waits until it answers.
    pub async fn start() -> Self {
        let [ingress, admin, node] = free_ports().await;
        let [ingress, admin] = [ingress, admin].map(|port| format!("127.0.0.1:{port}"));
        let folder = tempfile::tempdir().unwrap();
        let child = spawn(folder.path(), &ingress, &admin, node);
        let server = Self {
            ingress: format!("http://{ingress}"),
            admin: format!("http://{admin}"),
            node,
            folder,
            child,
        };
        server.answers().await;
        server
    }

    /// Kills it at once, as `kill -9` does.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Starts it again, with the data that it had.
    pub async fn start_again(&mut self) {
        let [ingress, admin] = [&self.ingress, &self.admin].map(|url| &url["http://".len()..]);
        self.child = spawn(self.folder.path(), ingress, admin, self.node);
        self.answers().await;
    }

    /// The arguments of a host that has its turns placed by this server, which reaches the
    /// host at a port.
    pub fn arguments(&self, port: u16) -> Vec<String> {
        let listen = format!("127.0.0.1:{port}");
        let arguments = [
            ("--engine", "restate"),
            ("--restate-ingress", &self.ingress),
            ("--restate-admin", &self.admin),
            ("--restate-listen", &listen),
        ];
        let arguments = arguments.into_iter();
        arguments
            .flat_map(|(name, value)| [name.into(), value.into()])
            .collect()
    }

    async fn answers(&self) {
        let urls = [
            format!("{}/restate/health", self.ingress),
            format!("{}/health", self.admin),
        ];
        let answers = async {
            for url in urls {
                while !reqwest::get(&url)
                    .await
                    .is_ok_and(|answer| answer.status() == 200)
                {
                    tokio::task::yield_now().await;
                }
            }
        };
        let answered = timeout(STARTED_WITHIN, answers).await;
        assert!(answered.is_ok(), "the Restate server answers");
    }
}

fn spawn(folder: &Path, ingress: &str, admin: &str, node: u16) -> Child {
    let program = std::env::var("MORTISE_RESTATE");
    let program = program.expect("MORTISE_RESTATE is not set; run the tests with tests/run");
    let node_address = format!("127.0.0.1:{node}");
    Command::new(program)
        .args(["--no-logo", "--base-dir"])
        .arg(folder)
        .env("RESTATE_INGRESS__BIND_ADDRESS", ingress)
        .env("RESTATE_ADMIN__BIND_ADDRESS", admin)
        .env("RESTATE_BIND_ADDRESS", &node_address)
        .env(
            "RESTATE_ADVERTISED_ADDRESS",
            format!("http://{node_address}"),
        )
        .env("RESTATE_LISTEN_MODE", "tcp")
        .env("RESTATE_NODE_NAME", "test")
        .env("RESTATE_DISABLE_TELEMETRY", "true")
        .env("RESTATE_DEFAULT_NUM_PARTITIONS", "2")
        .env("RESTATE_ROCKSDB_TOTAL_MEMORY_SIZE", "128MiB")
        .env("RESTATE_ADMIN__DISABLE_WEB_UI", "true")
        // A host that is frozen is noticed, and its turns are placed elsewhere.
        .env("RESTATE_WORKER__INVOKER__HTTP2_KEEP_ALIVE_INTERVAL", "1s")
        .env("RESTATE_WORKER__INVOKER__HTTP2_KEEP_ALIVE_TIMEOUT", "3s")
        // Few turns spread over hosts as well.
        .env(
            "RESTATE_WORKER__INVOKER__HTTP2_STREAMS_PER_CONNECTION_LIMIT",
            "8",
        )
        .env("RESTATE_LOG_FILTER", "error")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("MORTISE_RESTATE is a program")
}

/// Ports of 127.0.0.1 that no one listens at.
pub async fn free_ports<const N: usize>() -> [u16; N] {
    let mut ports = [0; N];
    let mut listeners = Vec::new();
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        *port = listener.local_addr().unwrap().port();
        listeners.push(listener);
    }
    ports
}

/// One address for several servers: each connection goes to the next of them that takes it.
pub struct Spread {
    /// Its URL.
    pub url: String,
    ports: Arc<Mutex<Vec<u16>>>,
    closes: watch::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Spread {
    /// Before servers at these ports.
    pub async fn over(ports: Vec<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let ports = Arc::new(Mutex::new(ports));
        let closes = watch::Sender::new(());
        let (over, mut closed) = (ports.clone(), closes.subscribe());
        let task = tokio::spawn(async move {
            for first in 0.. {
                let Ok((client, _)) = listener.accept().await else {
                    return;
                };
                // Before the ports are read: what is closed after this is closed.
                closed.mark_unchanged();
                let mut ports = over.lock().unwrap().clone();
                let first = first % ports.len();
                ports.rotate_left(first);
                drop(tokio::spawn(pass_on(client, ports, closed.clone())));
            }
        });
        Self {
            url,
            ports,
            closes,
            task,
        }
    }

    /// Passes new connections on to servers at these ports.
    pub fn open_to(&self, ports: Vec<u16>) {
        *self.ports.lock().unwrap() = ports;
    }

    /// The same, and closes those that there are.
    pub fn move_to(&self, ports: Vec<u16>) {
        self.open_to(ports);
        self.closes.send_replace(());
    }
}

/// Passes a connection on to the first server that takes it, until all are closed.
async fn pass_on(mut client: TcpStream, ports: Vec<u16>, mut closed: watch::Receiver<()>) {
    for port in ports {
        if let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await {
            server.set_nodelay(true).unwrap();
            client.set_nodelay(true).unwrap();
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => {}
                _ = closed.changed() => {}
            }
            return;
        }
    }
}

impl Drop for Spread {
    fn drop(&mut self) {
        self.task.abort();
    }
}
