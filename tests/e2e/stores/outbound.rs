//! Over a socket: outbound HTTP.

use everruns_core::egress::{
    EgressError, EgressRequest, EgressRequestKind, EgressService, EgressSigning,
};
use everruns_core::network_access::NetworkAccessList;
use everruns_runtime::RuntimeHostAdapter;
use futures::StreamExt;
use mortise_reference::{EgressConfig, Reference, ReferenceConfig};
use mortise_test_support::in_process::{Server, adapter, serve};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// An egress over the wire, and the server behind it.
async fn egress(allow_private: bool) -> (Arc<dyn EgressService>, Server) {
    let mut config = ReferenceConfig::new("sqlite::memory:");
    config.egress = EgressConfig { allow_private };
    let server = serve(Reference::open(config).await.unwrap()).await;
    let adapter = adapter(&server.endpoint).await;
    (adapter.egress_service().unwrap(), server)
}

/// An HTTP server that answers by path, and says when a client has gone.
struct Http {
    port: u16,
    gone: Arc<AtomicBool>,
}

impl Http {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let gone = Arc::new(AtomicBool::new(false));
        let seen = gone.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, seen.clone()));
            }
        });
        Self { port, gone }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

async fn answer(stream: TcpStream, gone: Arc<AtomicBool>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let path = head.split_whitespace().nth(1).unwrap_or_default();
    let host = head
        .lines()
        .find(|line| line.to_lowercase().starts_with("host:"));
    let said = match path {
        "/echo" => body,
        "/host" => host.unwrap_or_default().as_bytes().to_vec(),
        _ => b"hello".to_vec(),
    };
    let status = match path {
        "/redirect" => "302 Found\r\nlocation: /elsewhere",
        "/missing" => "404 Not Found",
        _ => "200 OK",
    };
    if path == "/slow" {
        // Never answers.
        drop(stream.read_u8().await);
        gone.store(true, Ordering::SeqCst);
        return Ok(());
    }
    if path == "/endless" {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        while stream.write_all(&[7; 65536]).await.is_ok() {}
        gone.store(true, Ordering::SeqCst);
        return Ok(());
    }
    let head = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        said.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&said).await?;
    stream.flush().await
}

fn get(url: impl Into<String>) -> EgressRequest {
    EgressRequest::new("GET", url, EgressRequestKind::Capability)
}

/// Bodies of any bytes go there and back; errors of HTTP and redirects are answers.
#[tokio::test(flavor = "multi_thread")]
async fn answers() {
    let http = Http::start().await;
    let (egress, _server) = egress(true).await;
    let bytes: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    let mut post = get(http.url("/echo")).body(bytes.clone());
    post.method = "POST".into();
    let answer = egress.send(post.clone()).await.unwrap();
    assert_eq!(
        (answer.status, answer.headers["content-length"].as_str()),
        (200, "1000000")
    );
    assert!(answer.body == bytes);
    let answer = egress.send_stream(post).await.unwrap();
    let pieces: Vec<Vec<u8>> = answer.body.map(Result::unwrap).collect().await;
    assert!(pieces.len() > 1 && pieces.concat() == bytes);
    let missing = egress.send(get(http.url("/missing"))).await.unwrap();
    assert_eq!(
        (missing.status, missing.body.as_slice()),
        (404, b"hello".as_slice())
    );
    let redirect = egress.send(get(http.url("/redirect"))).await.unwrap();
    assert_eq!(
        (redirect.status, redirect.headers["location"].as_str()),
        (302, "/elsewhere")
    );
}

/// An answer without an end is not gathered for ever: the request fails.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_too_large_to_hold() {
    let http = Http::start().await;
    let (egress, _server) = egress(true).await;
    let error = egress.send(get(http.url("/endless"))).await.unwrap_err();
    assert!(
        matches!(&error, EgressError::Transport(text) if text.contains("larger than 32 MiB")),
        "{error:?}"
    );
    while !http.gone.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
}

/// A name goes to the addresses that the caller has looked up, and keeps its Host header.
#[tokio::test(flavor = "multi_thread")]
async fn pinned_addresses() {
    let http = Http::start().await;
    let (egress, _server) = egress(true).await;
    let local = ([127, 0, 0, 1], http.port).into();
    let request = get(format!("http://name.invalid:{}/host", http.port));
    let answer = egress
        .send(request.clone().pinned_addrs("name.invalid", vec![local]))
        .await
        .unwrap();
    let host = String::from_utf8(answer.body).unwrap();
    assert!(host.contains("name.invalid"), "{host}");
    let unpinned = egress.send(request).await.unwrap_err();
    assert!(
        matches!(unpinned, EgressError::Transport(_)),
        "{unpinned:?}"
    );
}

/// What may not be sent is refused by its variant, and no connection is made.
#[tokio::test(flavor = "multi_thread")]
async fn refusals() {
    let http = Http::start().await;
    let (open, _one) = egress(true).await;
    let (guarded, _other) = egress(false).await;
    let mut blank = get(http.url("/"));
    blank.method = " ".into();
    for (egress, invalid) in [
        (&open, blank.clone()),
        (&guarded, blank),
        (&open, get("no url")),
        (&guarded, get("ftp://example.com/")),
    ] {
        let error = egress.send(invalid).await.unwrap_err();
        assert!(matches!(error, EgressError::InvalidRequest(_)), "{error:?}");
    }
    let signed = get(http.url("/")).signing(EgressSigning::Required);
    let error = open.send(signed).await.unwrap_err();
    assert!(
        matches!(error, EgressError::SigningUnavailable),
        "{error:?}"
    );
    let elsewhere = NetworkAccessList {
        allowed: vec!["example.com".into()],
        ..NetworkAccessList::default()
    };
    let listed = get(http.url("/")).network_access(Some(elsewhere));
    let pinned =
        get("http://example.com/").pinned_addrs("example.com", vec![([10, 0, 0, 1], 80).into()]);
    let hidden = get("http://example.com/").pinned_addrs(
        "example.com",
        vec!["[64:ff9b::10.0.0.1]:80".parse().unwrap()],
    );
    let misnamed =
        get(http.url("/")).pinned_addrs("example.com", vec![([93, 184, 216, 34], 80).into()]);
    for (egress, denied) in [
        (&open, listed),
        (&guarded, get(http.url("/"))),
        (&guarded, get("http://169.254.169.254/latest")),
        (&guarded, get("http://[::ffff:127.0.0.1]/")),
        (&guarded, get("http://[64:ff9b::127.0.0.1]/")),
        (&guarded, get("http://198.18.0.1/")),
        (&guarded, get("http://localhost/")),
        (&guarded, pinned),
        (&guarded, hidden),
        (&guarded, misnamed),
    ] {
        let url = denied.url.clone();
        let error = egress.send(denied.clone()).await.unwrap_err();
        assert!(
            matches!(&error, EgressError::NetworkAccessDenied { url: named } if *named == url),
            "{error:?}"
        );
        let error = egress.send_stream(denied).await.err().unwrap();
        assert!(
            matches!(error, EgressError::NetworkAccessDenied { .. }),
            "{error:?}"
        );
    }
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = open.send(get(format!("http://{free}/"))).await.unwrap_err();
    assert!(matches!(error, EgressError::Transport(_)), "{error:?}");
    let late = open
        .send(get(http.url("/slow")).timeout_ms(50))
        .await
        .unwrap_err();
    assert!(matches!(late, EgressError::Transport(_)), "{late:?}");
}

/// A caller that gives an answer up stops its transfer, in the middle of it and before it has
/// begun.
#[tokio::test(flavor = "multi_thread")]
async fn giving_up() {
    for path in ["/endless", "/slow"] {
        let http = Http::start().await;
        let (egress, _server) = egress(true).await;
        let request = get(http.url(path)).timeout_ms(600_000);
        if path == "/endless" {
            let mut answer = egress.send_stream(request).await.unwrap();
            assert_eq!(answer.status, 200);
            answer.body.next().await.unwrap().unwrap();
            drop(answer);
        } else {
            let waiting = egress.send_stream(request);
            let patience = std::time::Duration::from_millis(200);
            assert!(tokio::time::timeout(patience, waiting).await.is_err());
        }
        while !http.gone.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    }
}
