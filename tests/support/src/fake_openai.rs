//! A small OpenAI-compatible HTTP server: it answers each request with the next of
//! the answers it was given, and keeps what it was asked.

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

/// What to answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A stream of text pieces.
    Text(Vec<&'static str>),
    /// A call of a tool.
    ToolCall(&'static str, Value),
    /// An error.
    Error(u16, &'static str),
    /// A stream that breaks off after these pieces.
    CutAfter(Vec<&'static str>),
    /// A stream that goes no further than these pieces until its reader hangs up.
    HeldAfter(Vec<&'static str>),
    /// A stream of text pieces, each of which waits for a permit, and so does the end.
    Held(Arc<Semaphore>, Vec<&'static str>),
}

/// The server. It stops when it is dropped.
pub struct FakeOpenAi {
    /// What to pass as `--base-url`.
    pub base_url: String,
    requests: Arc<Mutex<Vec<Value>>>,
    hung_up: Arc<Notify>,
    served: JoinHandle<()>,
}

impl FakeOpenAi {
    /// Starts it on a free port. The last answer is repeated.
    pub async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
        let hung_up = Arc::new(Notify::new());
        let noticed = hung_up.clone();
        let served = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let one = answer_one(stream, answers.clone(), seen.clone(), noticed.clone());
                tokio::spawn(one);
            }
        });
        Self {
            base_url,
            requests,
            hung_up,
            served,
        }
    }

    /// Resolves once the reader of a stream that is held has hung up.
    pub async fn hung_up(&self) {
        self.hung_up.notified().await;
    }

    /// The bodies of the requests so far.
    pub fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for FakeOpenAi {
    fn drop(&mut self) {
        self.served.abort();
    }
}

async fn answer_one(
    stream: TcpStream,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    seen: Arc<Mutex<Vec<Value>>>,
    hung_up: Arc<Notify>,
) {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    seen.lock()
        .unwrap()
        .push(serde_json::from_slice(&body).unwrap_or(Value::Null));
    let answer = {
        let mut answers = answers.lock().unwrap();
        match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        }
    };
    let response = match &answer {
        Answer::Held(gate, pieces) => {
            held(stream, gate, pieces).await;
            return;
        }
        Answer::Error(status, message) => {
            let body = json!({ "error": { "message": message, "type": "error", "code": null } })
                .to_string();
            format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            )
        }
        Answer::Text(pieces) => stream_of(text_chunks(pieces, true), true),
        Answer::CutAfter(pieces) | Answer::HeldAfter(pieces) => {
            stream_of(text_chunks(pieces, false), false)
        }
        Answer::ToolCall(name, arguments) => stream_of(call_chunks(name, arguments), true),
    };
    // A peer that has gone away is part of some tests.
    drop(stream.get_mut().write_all(response.as_bytes()).await);
    if let Answer::HeldAfter(_) = answer {
        // Nothing more is asked on this connection: its end is all that can come.
        drop(stream.read_to_end(&mut Vec::new()).await);
        hung_up.notify_one();
        return;
    }
    drop(stream.get_mut().shutdown().await);
}

/// Sends each piece as it is let through. Whoever has gone away ends it.
async fn held(mut stream: BufReader<TcpStream>, gate: &Semaphore, pieces: &[&'static str]) {
    let whole = stream_of(text_chunks(pieces, true), true);
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    let head = format!("{head}\r\n\r\n");
    if stream.get_mut().write_all(head.as_bytes()).await.is_err() {
        return;
    }
    // A chunk is its size, its line of data and an empty one.
    let chunks: Vec<&str> = body.split_inclusive("\n\n\r\n").collect();
    for (number, chunk) in chunks.iter().enumerate() {
        let mut nothing = [0; 1];
        if number <= pieces.len() {
            tokio::select! {
                permit = gate.acquire() => permit.unwrap().forget(),
                _ = stream.read(&mut nothing) => return,
            }
        }
        if stream.get_mut().write_all(chunk.as_bytes()).await.is_err() {
            return;
        }
    }
    drop(stream.get_mut().shutdown().await);
}

/// A chunked response; one that is not whole lacks its last chunk.
fn stream_of(chunks: Vec<Value>, whole: bool) -> String {
    let mut body = String::from(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
    );
    let mut push = |text: String| body.push_str(&format!("{:x}\r\n{text}\r\n", text.len()));
    for chunk in chunks {
        push(format!("data: {chunk}\n\n"));
    }
    if whole {
        push("data: [DONE]\n\n".to_string());
        body.push_str("0\r\n\r\n");
    }
    body
}

fn chunk(delta: Value, finish: Option<&str>) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
    })
}

fn text_chunks(pieces: &[&'static str], finished: bool) -> Vec<Value> {
    let mut chunks: Vec<Value> = pieces
        .iter()
        .map(|piece| chunk(json!({ "role": "assistant", "content": piece }), None))
        .collect();
    if finished {
        chunks.push(chunk(json!({}), Some("stop")));
    }
    chunks
}

fn call_chunks(name: &str, arguments: &Value) -> Vec<Value> {
    let call = json!([{
        "index": 0, "id": "call_1", "type": "function",
        "function": { "name": name, "arguments": arguments.to_string() },
    }]);
    vec![
        chunk(json!({ "role": "assistant", "tool_calls": call }), None),
        chunk(json!({}), Some("tool_calls")),
    ]
}
