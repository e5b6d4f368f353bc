//! A small OpenAI-compatible HTTP server: it answers each request with the next of
//! the answers it was given, and keeps what it was asked. It is as strict as OpenAI: a
//! history that OpenAI refuses is answered with 400, and fails its test at the end.

mod strict;

pub use strict::refusal;

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
    /// A call of a tool, which waits for a permit.
    HeldCall(Arc<Semaphore>, &'static str, Value),
    /// An error.
    Error(u16, &'static str),
    /// A stream that breaks off after these pieces.
    CutAfter(Vec<&'static str>),
    /// A stream that goes no further than these pieces until its reader hangs up.
    HeldAfter(Vec<&'static str>),
    /// A stream of text pieces, each of which waits for a permit, and so does the end.
    Held(Arc<Semaphore>, Vec<&'static str>),
    /// A stream of these chunks, as they are, with or without the `[DONE]` after them. The
    /// connection ends in good order.
    Chunks(Vec<String>, bool),
    /// A body that is no stream, of a content type, with status 200.
    Body(&'static str, &'static str),
}

/// Says what to answer to a request.
type Player = Box<dyn FnMut(&Value) -> Answer + Send>;

/// The server. It stops when it is dropped.
pub struct FakeOpenAi {
    /// What to pass as `--base-url`.
    pub base_url: String,
    state: Arc<State>,
    served: JoinHandle<()>,
}

struct State {
    requests: Mutex<Vec<Value>>,
    refusals: Mutex<Vec<String>>,
    player: Mutex<Player>,
    hung_up: Notify,
}

impl FakeOpenAi {
    /// Starts it on a free port. The last answer is repeated.
    pub async fn start(answers: Vec<Answer>) -> Self {
        let mut answers = VecDeque::from(answers);
        Self::play(move |_| match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        })
        .await
    }

    /// Starts it on a free port with answers that are made up as it is asked.
    pub async fn play(player: impl FnMut(&Value) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let state = Arc::new(State {
            requests: Mutex::default(),
            refusals: Mutex::default(),
            player: Mutex::new(Box::new(player)),
            hung_up: Notify::new(),
        });
        let asked = state.clone();
        let served = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer_one(stream, asked.clone()));
            }
        });
        Self {
            base_url,
            state,
            served,
        }
    }

    /// Resolves once the reader of a stream that is held has hung up.
    pub async fn hung_up(&self) {
        self.state.hung_up.notified().await;
    }

    /// The bodies of the requests so far.
    pub fn requests(&self) -> Vec<Value> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Why requests were refused, as OpenAI would have refused them.
    pub fn refusals(&self) -> Vec<String> {
        self.state.refusals.lock().unwrap().clone()
    }
}

impl Drop for FakeOpenAi {
    fn drop(&mut self) {
        self.served.abort();
        if !std::thread::panicking() {
            let refusals = self.refusals();
            assert!(refusals.is_empty(), "OpenAI refuses: {refusals:?}");
        }
    }
}

impl State {
    fn answer(&self, request: Value) -> (usize, Answer) {
        let refusal = refusal(&request);
        let answer = match refusal {
            Some(refusal) => {
                self.refusals.lock().unwrap().push(refusal);
                Answer::Error(400, "invalid history")
            }
            None => (*self.player.lock().unwrap())(&request),
        };
        let mut requests = self.requests.lock().unwrap();
        requests.push(request);
        (requests.len(), answer)
    }
}

async fn answer_one(stream: TcpStream, state: Arc<State>) {
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
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let request = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let (number, answer) = state.answer(request);
    let response = match &answer {
        Answer::Held(gate, pieces) => {
            held(stream, gate, pieces).await;
            return;
        }
        Answer::Error(status, message) => {
            let kind = if *status == 400 {
                "invalid_request_error"
            } else {
                "error"
            };
            let body = json!({ "error": {
                "message": message, "type": kind, "param": null, "code": null,
            } });
            plain(*status, "application/json", &body.to_string())
        }
        Answer::Body(kind, body) => plain(200, kind, body),
        Answer::Chunks(chunks, done) => stream_of(chunks.iter().cloned(), *done, true),
        Answer::Text(pieces) => stream_of(text_chunks(pieces, true), true, true),
        Answer::CutAfter(pieces) | Answer::HeldAfter(pieces) => {
            stream_of(text_chunks(pieces, false), false, false)
        }
        Answer::ToolCall(name, arguments) => {
            stream_of(call_chunks(number, name, arguments), true, true)
        }
        Answer::HeldCall(gate, name, arguments) => {
            gate.acquire().await.unwrap().forget();
            stream_of(call_chunks(number, name, arguments), true, true)
        }
    };
    // A peer that has gone away is part of some tests.
    drop(stream.get_mut().write_all(response.as_bytes()).await);
    if let Answer::HeldAfter(_) = answer {
        // Nothing more is asked on this connection: its end is all that can come.
        drop(stream.read_to_end(&mut Vec::new()).await);
        state.hung_up.notify_one();
        return;
    }
    drop(stream.get_mut().shutdown().await);
}

/// Sends each piece as it is let through. A caller that has gone ends it.
async fn held(mut stream: BufReader<TcpStream>, gate: &Semaphore, pieces: &[&'static str]) {
    let whole = stream_of(text_chunks(pieces, true), true, true);
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

fn plain(status: u16, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A chunked response; one that is not whole lacks its last chunk.
fn stream_of(chunks: impl IntoIterator<Item = String>, done: bool, whole: bool) -> String {
    let mut body = String::from(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
    );
    let mut push = |text: String| body.push_str(&format!("{:x}\r\n{text}\r\n", text.len()));
    for chunk in chunks {
        push(format!("data: {chunk}\n\n"));
    }
    if done {
        push("data: [DONE]\n\n".to_string());
    }
    if whole {
        body.push_str("0\r\n\r\n");
    }
    body
}

/// A chunk of a stream, as OpenAI writes it.
pub fn chunk(delta: Value, finish: Option<&str>) -> String {
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
    });
    chunk.to_string()
}

fn text_chunks(pieces: &[&'static str], finished: bool) -> Vec<String> {
    let mut chunks: Vec<String> = pieces
        .iter()
        .map(|piece| chunk(json!({ "role": "assistant", "content": piece }), None))
        .collect();
    if finished {
        chunks.push(chunk(json!({}), Some("stop")));
    }
    chunks
}

fn call_chunks(number: usize, name: &str, arguments: &Value) -> Vec<String> {
    let call = json!([{
        "index": 0, "id": format!("call_{number}"), "type": "function",
        "function": { "name": name, "arguments": arguments.to_string() },
    }]);
    vec![
        chunk(json!({ "role": "assistant", "tool_calls": call }), None),
        chunk(json!({}), Some("tool_calls")),
    ]
}
