//! A way to a server that falls silent: connections stay open, and nothing that is sent
//! on them arrives any more. New ones may be let through again while the old ones stay
//! as they are.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// The proxy. It is gone when it is dropped.
pub struct FreezingProxy {
    /// Its TCP port on 127.0.0.1.
    pub port: u16,
    state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

struct State {
    /// Connections of generations up to this one are silent.
    frozen: watch::Sender<usize>,
    /// The generation that new connections belong to.
    generation: AtomicUsize,
}

impl FreezingProxy {
    /// Starts one to a server's unix socket.
    pub async fn start(server: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            frozen: watch::Sender::new(0),
            generation: AtomicUsize::new(1),
        });
        let theirs = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let generation = theirs.generation.load(Ordering::SeqCst);
                let frozen = theirs.frozen.subscribe();
                tokio::spawn(carry(client, server.clone(), generation, frozen));
            }
        });
        Self { port, state, task }
    }

    /// From now on nothing is heard on any connection, new ones among them.
    pub fn freeze(&self) {
        let generation = self.state.generation.load(Ordering::SeqCst);
        self.state.frozen.send_replace(generation);
    }

    /// New connections work again. Those from before stay silent.
    pub fn let_new_ones_through(&self) {
        self.state.generation.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for FreezingProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(
    client: TcpStream,
    server: PathBuf,
    generation: usize,
    mut frozen: watch::Receiver<usize>,
) {
    let server = UnixStream::connect(server).await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let forth = async {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
            if to_server.write_all(&buffer[..count]).await.is_err() {
                break;
            }
        }
    };
    let back = async {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
            if to_client.write_all(&buffer[..count]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        biased;
        _ = frozen.wait_for(|frozen| generation <= *frozen) => {}
        () = forth => return,
        () = back => return,
    }
    // Both ends stay open for as long as the test's runtime lives.
    std::future::pending::<()>().await;
}
