//! A web server at 127.0.0.1 that outbound requests are sent to: just enough HTTP/1.1.

use crate::check::{Outcome, skipped};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The server; it ends with this value.
pub(super) struct Web {
    pub(super) address: SocketAddr,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

/// What the server and the rule tell each other.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    go_on: Notify,
    gone: Notify,
}

// === impl Web ===

impl Web {
    pub(super) async fn start() -> Outcome<Self> {
        let listener = match TcpListener::bind("127.0.0.1:0").await {
            Ok(listener) => listener,
            Err(fault) => return skipped(format!("no web server can be started here: {fault}")),
        };
        let address = match listener.local_addr() {
            Ok(address) => address,
            Err(fault) => return skipped(format!("no web server can be started here: {fault}")),
        };
        let seen = Arc::new(Seen::default());
        let task = tokio::spawn(accept(listener, seen.clone()));
        Ok(Self {
            address,
            seen,
            task,
        })
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many connections were made.
    pub(super) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Lets `/gate` send the rest.
    pub(super) fn go_on(&self) {
        self.seen.go_on.notify_one();
    }

    /// Waits until `/endless` could send no more.
    pub(super) async fn gone(&self) {
        self.seen.gone.notified().await;
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, seen: Arc<Seen>) {
    while let Ok((stream, _)) = listener.accept().await {
        seen.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(answer(stream, seen.clone()));
    }
}

/// A request, as far as it matters.
struct Asked {
    method: String,
    path: String,
    host: String,
    body: Vec<u8>,
}

/// Answers one request; a caller may go away before.
async fn answer(mut stream: TcpStream, seen: Arc<Seen>) {
    let Some(asked) = read(&mut stream).await else {
        return;
    };
    let status = asked.path.strip_prefix("/status/");
    let head = format!("x-method: {}\r\nx-host: {}\r\n", asked.method, asked.host);
    let sent = match asked.path.as_str() {
        "/echo" => whole(&mut stream, "200", &head, &asked.body).await,
        "/redirect" => {
            let head = format!("{head}location: /echo\r\n");
            whole(&mut stream, "302", &head, b"elsewhere").await
        }
        "/silent" => {
            // Until the other end has had enough.
            let mut nothing = [0];
            stream.read(&mut nothing).await.map(drop)
        }
        "/gate" => gated(&mut stream, &seen).await,
        "/endless" => endless(&mut stream, &seen).await,
        _ => whole(&mut stream, status.unwrap_or("404"), &head, b"as asked").await,
    };
    // No caller is left.
    drop(sent);
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end);
    let head = String::from_utf8(bytes).ok()?;
    let field = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    };
    let length: usize = field("content-length").map_or(Some(0), |length| length.parse().ok())?;
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let mut first = head.split_whitespace();
    Some(Asked {
        method: first.next()?.into(),
        path: first.next()?.into(),
        host: field("host").unwrap_or_default(),
        body,
    })
}

async fn whole(
    stream: &mut TcpStream,
    status: &str,
    head: &str,
    body: &[u8],
) -> std::io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Said\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.shutdown().await
}

/// The head of a body that ends with the connection.
const OPEN: &[u8] = b"HTTP/1.1 200 Said\r\nconnection: close\r\n\r\n";

async fn gated(stream: &mut TcpStream, seen: &Seen) -> std::io::Result<()> {
    stream.write_all(OPEN).await?;
    stream.write_all(b"first").await?;
    stream.flush().await?;
    seen.go_on.notified().await;
    stream.write_all(b", last").await?;
    stream.shutdown().await
}

async fn endless(stream: &mut TcpStream, seen: &Seen) -> std::io::Result<()> {
    stream.write_all(OPEN).await?;
    while stream.write_all(&[b'x'; 16 * 1024]).await.is_ok() {}
    seen.gone.notify_one();
    Ok(())
}
