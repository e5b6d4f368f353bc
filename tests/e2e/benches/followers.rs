//! What those that follow sessions take: ten followers of each of 1,000 sessions at one host,
//! the memory of host and adapter without them and with them, and how long a turn in each of
//! a hundred of the sessions takes until all their followers have seen its end, beside the
//! floor: as many turns in sessions without followers.
//!
//! `cargo bench --workspace --bench followers -- [SESSIONS [FOLLOWERS]]`

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

use mortise_proto::host as pb;
use mortise_proto::host::host_service_client::HostServiceClient;
use mortise_runtime_host::local::demo;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::simulator;
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::memory::Memory;
use mortise_test_support::scenario::put_demo;
use reqwest::Client;
use serde_json::{Value, json};
use std::time::Instant;
use tokio::task::JoinSet;
use tonic::transport::Channel;

const SESSIONS: usize = 1000;
const FOLLOWERS: usize = 10;

/// In so many sessions there is a turn.
const TURNS: usize = 100;

/// So many streams are on each connection.
const STREAMS: usize = 100;

const MIB: usize = 1024 * 1024;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // Cargo adds `--bench`.
    let mut numbers = std::env::args().filter_map(|text| text.parse().ok());
    let count = numbers.next().unwrap_or(SESSIONS);
    let each = numbers.next().unwrap_or(FOLLOWERS);
    let folder = tempfile::tempdir().unwrap();
    let adapter = AdapterProcess::start_on(Database::Sqlite, folder.path()).await;
    put_demo(&adapter.endpoint, simulator()).await;
    let data = folder.path().join("host");
    let host = HostProcess::start(&adapter.endpoint, &data, &[]).await;
    host.ready().await;
    let turns = count.min(TURNS);
    let unfollowed = sessions(&host.http, turns).await;
    let began = Instant::now();
    run_turns(&host.http, &unfollowed).await;
    let floor = began.elapsed().as_secs_f64();
    let sessions = sessions(&host.http, count).await;
    let memory = [host.memory(), adapter.memory()];
    let before = memory.each_ref().map(Memory::at_first);
    let (mut followers, took) = follow(&host.grpc, &sessions, each).await;
    let after = [host.memory(), adapter.memory()].map(|memory| memory.at_first());
    println!(
        "{} followers of {count} sessions, there after {took:.1} s",
        count * each
    );
    for (name, before, after) in [
        ("host", before[0], after[0]),
        ("adapter", before[1], after[1]),
    ] {
        let grown = after.saturating_sub(before);
        println!(
            "{name:<10}{:>5} MiB without, {:>5} MiB with them: {:>6.1} KiB each",
            before / MIB,
            after / MIB,
            grown as f64 / 1024.0 / (count * each) as f64
        );
    }
    let began = Instant::now();
    run_turns(&host.http, &sessions[..turns]).await;
    let ran = began.elapsed().as_secs_f64();
    for _ in 0..turns * each {
        followers.join_next().await.unwrap().unwrap();
    }
    let seen = began.elapsed().as_secs_f64();
    println!("{turns} turns, one after the other, without followers: {floor:.1} s, the floor");
    println!(
        "the same with followers: {ran:.1} s, {:.2} times the floor; all have seen the ends {:.0} ms later, {:.2} times",
        ran / floor,
        (seen - ran) * 1e3,
        seen / floor
    );
    println!(
        "host at the most {} MiB, adapter {} MiB",
        memory[0].peak() / MIB,
        memory[1].peak() / MIB
    );
}

async fn sessions(http: &str, count: usize) -> Vec<String> {
    let client = Client::new();
    let of = json!({ "harness_id": demo::harness_id(), "agent_id": demo::agent_id() });
    let mut sessions = Vec::new();
    for _ in 0..count {
        let made = client.post(format!("{http}/v1/sessions")).json(&of).send();
        let made: Value = made.await.unwrap().json().await.unwrap();
        sessions.push(made["id"].as_str().unwrap().to_string());
    }
    sessions
}

/// So many followers of each session. Each ends when a turn of its session has.
async fn follow(grpc: &str, sessions: &[String], each: usize) -> (JoinSet<()>, f64) {
    let began = Instant::now();
    let mut followers = JoinSet::new();
    let asked: Vec<_> = sessions
        .iter()
        .flat_map(|id| std::iter::repeat_n(id, each))
        .collect();
    for streams in asked.chunks(STREAMS) {
        let channel = Channel::from_shared(grpc.to_string()).unwrap();
        let client = HostServiceClient::new(channel.connect().await.unwrap());
        for session_id in streams {
            let request = pb::FollowEventsRequest {
                session_id: (*session_id).clone(),
                ..pb::FollowEventsRequest::default()
            };
            let mut events = client
                .clone()
                .follow_events(request)
                .await
                .unwrap()
                .into_inner();
            followers.spawn(async move {
                while let Some(event) = events.message().await.unwrap() {
                    if event.event.unwrap().r#type == "session.idled" {
                        return;
                    }
                }
            });
        }
    }
    (followers, began.elapsed().as_secs_f64())
}

async fn run_turns(http: &str, sessions: &[String]) {
    let client = Client::new();
    for session in sessions {
        let url = format!("{http}/v1/sessions/{session}/turns");
        let answer = client
            .post(url)
            .json(&json!({ "text": "What is 12 times 34?" }));
        let answer: Value = answer.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["outcome"], "completed", "{answer}");
    }
}
