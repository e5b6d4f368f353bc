//! A proxy between a client and a server that passes bytes on, until a test wants a
//! fault. It knows nothing of what the bytes mean.

use mortise_adapter_client::Endpoint;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens to the bytes. It holds for the connections that are open as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// They are passed on.
    None,
    /// Each piece waits so long.
    Delay(Duration),
    /// Nothing passes any more, in either direction, and no one is told: a machine that
    /// has lost its power. Connections made later pass.
    HalfOpen,
    /// Requests arrive, and what the server answers is lost.
    LostReplies,
    /// What the server answers arrives as something else.
    Garbage,
    /// Each KiB waits so long.
    Throttle(Duration),
    /// Every connection is reset, and each new one at once.
    Reset,
}

/// A proxy on a free port. It stops when it is dropped.
pub struct FaultProxy {
    /// What clients connect to.
    pub endpoint: Endpoint,
    fault: watch::Sender<Fault>,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl FaultProxy {
    /// Stands before a server.
    pub async fn before(server: &Endpoint) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (fault, faults) = watch::channel(Fault::None);
        let server = Arc::new(server.clone());
        let connections = Arc::<AtomicUsize>::default();
        let counted = connections.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                drop(tokio::spawn(pass(client, server.clone(), faults.clone())));
            }
        });
        Self {
            endpoint: format!("http://{address}").parse().unwrap(),
            fault,
            connections,
            accepting,
        }
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        let Endpoint::Http(uri) = &self.endpoint else {
            unreachable!("it listens on TCP");
        };
        uri.authority().unwrap().as_str().parse().unwrap()
    }

    /// From now on.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass(client: TcpStream, server: Arc<Endpoint>, mut faults: watch::Receiver<Fault>) {
    if *faults.borrow() == Fault::Reset {
        reset(&client);
        return;
    }
    client.set_nodelay(true).unwrap();
    // One that is made during a fault of those before it passes.
    faults.mark_unchanged();
    let began_with = *faults.borrow();
    let lines = Lines { faults, began_with };
    match &*server {
        Endpoint::Unix(path) => both(client, UnixStream::connect(path).await, lines).await,
        Endpoint::Abstract(_) | Endpoint::Dns(_) => panic!("a proxy leads to one address"),
        Endpoint::Http(uri) | Endpoint::Https(uri) => {
            let address = (uri.host().unwrap(), uri.port_u16().unwrap());
            both(client, TcpStream::connect(address).await, lines).await;
        }
    }
}

/// What a connection knows of faults.
#[derive(Clone)]
struct Lines {
    faults: watch::Receiver<Fault>,
    began_with: Fault,
}

impl Lines {
    fn now(&self) -> Fault {
        let now = *self.faults.borrow();
        match now {
            Fault::HalfOpen if self.began_with == Fault::HalfOpen => Fault::None,
            other => other,
        }
    }
}

async fn both<S>(client: TcpStream, server: std::io::Result<S>, lines: Lines)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let Ok(server) = server else { return };
    let mut resets = lines.faults.clone();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let asked = copy(&mut from_client, &mut to_server, lines.clone(), false);
    let answered = copy(&mut from_server, &mut to_client, lines, true);
    let ended = async { tokio::join!(asked, answered) };
    let is_reset = tokio::select! {
        _ = ended => false,
        _ = resets.wait_for(|fault| *fault == Fault::Reset) => true,
    };
    if is_reset {
        reset(to_client.as_ref());
    }
}

async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    lines: Lines,
    is_reply: bool,
) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let Ok(count) = from.read(&mut bytes).await else {
            return;
        };
        match lines.now() {
            Fault::None | Fault::Reset => {}
            Fault::Delay(time) => tokio::time::sleep(time).await,
            // Not even the end is told.
            Fault::HalfOpen => std::future::pending().await,
            Fault::LostReplies if is_reply && count > 0 => continue,
            Fault::Garbage if is_reply => bytes[..count].fill(b'?'),
            Fault::LostReplies | Fault::Garbage => {}
            Fault::Throttle(time) => {
                let pieces = u32::try_from(count.div_ceil(1024)).unwrap();
                tokio::time::sleep(time * pieces).await;
            }
        }
        if count == 0 || to.write_all(&bytes[..count]).await.is_err() {
            drop(to.shutdown().await);
            return;
        }
    }
}

/// Closing it then sends RST.
fn reset(stream: &TcpStream) {
    #[allow(deprecated)]
    drop(stream.set_linger(Some(Duration::ZERO)));
}
