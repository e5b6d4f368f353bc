//! A small server of OpenAI's images API: it makes of every request as many images as
//! were asked for, and keeps what it was asked.

use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The path, such as `/v1/images/generations`.
    pub path: String,
    /// The header `Authorization`.
    pub authorization: String,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// The server. It stops when it is dropped.
pub struct FakeImages {
    /// What to give as the provider's base URL.
    pub base_url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    served: JoinHandle<()>,
}

impl FakeImages {
    /// Starts it on a free port. Every image it makes is this one, in base64.
    pub async fn start(base64: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        let served = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, base64.clone(), seen.clone()));
            }
        });
        Self {
            base_url,
            asked,
            served,
        }
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for FakeImages {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl Asked {
    /// The body as JSON; null where it is a form.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether the body holds these bytes.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        self.body.windows(bytes.len()).any(|found| found == bytes)
    }

    /// How many images were asked for, and whether as a stream of events.
    fn wants(&self) -> (u64, bool) {
        let body = self.json();
        if body.is_null() {
            let form = String::from_utf8_lossy(&self.body);
            let field = |name: &str| {
                let (_, rest) = form.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
                Some(rest.split("\r\n").next()?.to_string())
            };
            let count = field("n").and_then(|count| count.parse().ok());
            return (count.unwrap_or(1), field("stream").is_some());
        }
        let count = body["n"].as_u64().unwrap_or(1);
        (count, body["stream"] == true)
    }
}

async fn answer(stream: TcpStream, base64: String, seen: Arc<Mutex<Vec<Asked>>>) {
    let mut stream = BufReader::new(stream);
    let Some(asked) = read(&mut stream).await else {
        return;
    };
    let (count, as_events) = asked.wants();
    seen.lock().unwrap().push(asked);
    let (content_type, body) = if as_events {
        let preview = json!({
            "type": "image_generation.partial_image", "partial_image_index": 0,
            "b64_json": base64,
        });
        let done = json!({
            "type": "image_generation.completed", "b64_json": base64,
            "revised_prompt": "revised",
        });
        let body = format!("data: {preview}\n\ndata: {done}\n\ndata: [DONE]\n\n");
        ("text/event-stream", body)
    } else {
        let image = json!({ "b64_json": base64, "revised_prompt": "revised" });
        let images: Vec<_> = (0..count).map(|_| image.clone()).collect();
        ("application/json", json!({ "data": images }).to_string())
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // A peer that has gone away is its own test's matter.
    drop(stream.get_mut().write_all(head.as_bytes()).await);
    drop(stream.get_mut().write_all(body.as_bytes()).await);
    drop(stream.get_mut().shutdown().await);
}

/// A request; `None` from a connection that was closed.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let path = line.split(' ').nth(1)?.to_string();
    let (mut length, mut chunked, mut authorization) = (0, false, String::new());
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "transfer-encoding" => chunked = true,
            "authorization" => authorization = value.to_string(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    while chunked {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let size = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk).await.ok()?;
        chunk.truncate(size);
        body.extend(chunk);
        chunked = size > 0;
    }
    Some(Asked {
        path,
        authorization,
        body,
    })
}
