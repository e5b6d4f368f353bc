//! A model that takes its time: an OpenAI-compatible server that answers every request
//! with the same sentence, once so much time has passed.

use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Starts it on a free port, and says what to pass as `--base-url`.
pub(crate) async fn start(latency: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_all(stream, latency));
        }
    });
    base_url
}

/// Answers the requests of a connection until it is closed.
async fn answer_all(stream: TcpStream, latency: Duration) {
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    let answer = answer();
    while let Some(body) = request(&mut stream).await {
        let asks_for_stream = String::from_utf8_lossy(&body).contains("\"stream\":true");
        assert!(asks_for_stream, "the answer below is a stream");
        tokio::time::sleep(latency).await;
        if stream.get_mut().write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The body of the next request.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}

fn answer() -> String {
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "answer", "object": "chat.completion.chunk", "created": 1, "model": "slow",
            "choices": choices, "usage": usage,
        });
        format!("data: {chunk}\n\n")
    };
    let delta = json!({ "role": "assistant", "content": "The answer is 42." });
    let said = json!([{ "index": 0, "delta": delta, "finish_reason": null }]);
    let stop = json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]);
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15 });
    let body = [
        chunk(said, Value::Null),
        chunk(stop, Value::Null),
        chunk(json!([]), usage),
        "data: [DONE]\n\n".into(),
    ]
    .concat();
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
