//! Two hosts that race for sessions, on both databases and with both engines, some of them
//! frozen or killed in the middle. Everything is asked and judged through their HTTP API.

pub mod field;
mod judge;

use super::told;
use field::{Engine, Field, Place};
use judge::{Found, Race, Said, judge};
use mortise_test_support::database::Database;
use mortise_test_support::fake_openai::FakeOpenAi;
use reqwest::Client;
use serde_json::{Value, json};
use std::env;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How long the hosts' leases run, in seconds.
const TTL: u32 = 3;

/// How many races there are, all tests together. `MORTISE_RACES` has more of them run.
const RACES: usize = 100;

/// How many sessions are raced for at once.
const AT_ONCE: usize = 9;

/// After so many races come another adapter, other hosts and another model, which keeps all
/// that it was asked.
const PER_FIELD: usize = 270;

/// How long a race may take.
const LONGEST: Duration = Duration::from_secs(240);

/// When a caller asks again who was not answered.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// What is done to one of the hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mischief {
    None,
    Freeze,
    Kill,
}

/// What was done so far.
#[derive(Debug, Default)]
struct Tally {
    races: usize,
    frozen: usize,
    killed: usize,
    refused: usize,
    in_doubt: usize,
    events: usize,
}

/// A caller who waits for the answer to a question.
struct Caller {
    host: usize,
    question: String,
    said: JoinHandle<Said>,
    /// Cancelled once it is answered or refused.
    answered: CancellationToken,
}

/// Asks a question until it is answered or refused, as callers do: again with the same key
/// after each attempt of which they do not know what became.
async fn ask(
    mut http: watch::Receiver<String>,
    session: String,
    question: String,
    when_busy: &'static str,
) -> Said {
    loop {
        let url = format!("{}/v1/sessions/{session}/turns", *http.borrow_and_update());
        let body = json!({ "text": question, "when_busy": when_busy });
        let request = Client::new().post(url).json(&body);
        let request = request.header("idempotency-key", &question);
        let Ok(answer) = request.send().await else {
            // It is killed, and comes back at another address.
            drop(timeout(AGAIN_AFTER, http.changed()).await);
            continue;
        };
        let status = answer.status().as_u16();
        let Ok(answer) = answer.json::<Value>().await else {
            continue;
        };
        match (status, answer["outcome"].as_str()) {
            (200, Some("completed")) => return Said::Answered,
            // The host has lost the session.
            (200, Some("parked")) | (429 | 503, _) => sleep(AGAIN_AFTER).await,
            (409, _) if when_busy == "refuse" => return Said::Refused,
            _ => panic!("{question}: {status} {answer}"),
        }
    }
}

/// Has callers at both hosts ask in a session, one soon after the other.
async fn begin(field: &Field, number: usize, random: &mut fastrand::Rng) -> (String, Vec<Caller>) {
    let session = field.create_session().await;
    let mut order = [0, 1];
    random.shuffle(&mut order);
    let callers = order.map(|host| {
        let question = format!("race {number} at host {host}");
        let is_patient = host == order[0] || random.bool();
        let when_busy = if is_patient { "queue" } else { "refuse" };
        let http = field.hosts[host].follow();
        let asks = ask(http, session.clone(), question.clone(), when_busy);
        let answered = CancellationToken::new();
        let told = answered.clone().drop_guard();
        Caller {
            host,
            question,
            said: tokio::spawn(async move {
                let _told = told;
                asks.await
            }),
            answered,
        }
    });
    (session, callers.into())
}

/// Resolves when all callers at a host were answered.
async fn answered(races: &[(String, Vec<Caller>)], host: usize) {
    let callers = races.iter().flat_map(|(_, callers)| callers);
    for caller in callers.filter(|caller| caller.host == host) {
        caller.answered.cancelled().await;
    }
}

/// So many races at once, with mischief in the middle, judged at the end.
async fn batch(
    field: &mut Field,
    asked: &watch::Sender<usize>,
    numbers: std::ops::Range<usize>,
    mischief: Mischief,
    random: &mut fastrand::Rng,
) -> Vec<(Race, Found)> {
    // A question takes two requests of a model at least.
    let begins_at = *asked.borrow() + random.usize(1..=numbers.len() * 3);
    let mut races = Vec::new();
    for number in numbers {
        races.push(begin(field, number, random).await);
    }
    let victim = random.usize(0..2);
    if mischief != Mischief::None {
        let mut asked = asked.subscribe();
        asked.wait_for(|asked| *asked >= begins_at).await.unwrap();
    }
    match mischief {
        Mischief::None => {}
        Mischief::Freeze => {
            field.hosts[victim].freeze().await;
            answered(&races, 1 - victim).await;
            field.hosts[victim].thaw().await;
        }
        Mischief::Kill => {
            field.hosts[victim].kill().await;
            field.hosts[victim].start_again().await;
        }
    }
    let http = field.hosts[random.usize(0..2)].http();
    let mut judged = Vec::new();
    for (session, callers) in races {
        let mut said = Vec::new();
        for caller in callers {
            said.push((caller.question, caller.said.await.unwrap()));
        }
        let race = Race {
            session,
            asked: said,
        };
        let found = judge(&http, &race, &field.ledger.entered()).await;
        judged.push((race, found));
    }
    judged
}

/// So many races on a field.
async fn field(
    engine: Engine,
    database: Database,
    races: usize,
    random: &mut fastrand::Rng,
    tally: &mut Tally,
) {
    let asked = watch::Sender::new(0);
    let counted = asked.clone();
    let fake = FakeOpenAi::play(move |request| {
        counted.send_modify(|asked| *asked += 1);
        field::answer(request)
    });
    let fake = fake.await;
    let mut field = Field::start(engine, database, &fake, 2, TTL).await;
    let mut all = Vec::new();
    let mischiefs = [Mischief::Kill, Mischief::Freeze, Mischief::None];
    for (mischief, first) in mischiefs.iter().cycle().zip((0..races).step_by(AT_ONCE)) {
        let numbers = first..(first + AT_ONCE).min(races);
        let what = format!(
            "{mischief:?} in races {numbers:?}, seed {}",
            random.get_seed()
        );
        let judged = batch(&mut field, &asked, numbers, *mischief, random);
        let judged = timeout(LONGEST, judged).await;
        let judged = judged.unwrap_or_else(|_| panic!("{what}: a question stays open"));
        tally.races += judged.len();
        tally.frozen += usize::from(*mischief == Mischief::Freeze);
        tally.killed += usize::from(*mischief == Mischief::Kill);
        all.extend(judged);
    }
    // What a host that was thought dead would still have written.
    let http = field.hosts.iter().map(Place::http).next().unwrap();
    for (race, found) in all {
        let events = told::events(&http, &race.session).await.len();
        assert_eq!(events, found.events, "later events in {}", race.session);
        let refused = race.asked.iter();
        let refused = refused.filter(|(_, said)| *said == Said::Refused);
        tally.refused += refused.count();
        tally.in_doubt += found.in_doubt;
        tally.events += events;
    }
}

/// No turns interleave, no event is lost or doubled, no tool runs twice for a question, and
/// every question is answered once or refused, whatever is done to one of the hosts.
async fn race(engine: Engine, database: Database) {
    let races = env::var("MORTISE_RACES").map_or(RACES, |races| races.parse().unwrap());
    let seed = env::var("MORTISE_RACES_SEED").map(|seed| seed.parse().unwrap());
    let mut random = fastrand::Rng::with_seed(seed.unwrap_or_else(|_| fastrand::u64(..)));
    let (mut left, mut tally, began) = (races.div_ceil(4), Tally::default(), Instant::now());
    while left > 0 {
        let now = left.min(PER_FIELD);
        field(engine, database, now, &mut random, &mut tally).await;
        left -= now;
        let took = began.elapsed();
        eprintln!("{engine:?} on {database:?}: {tally:?} in {took:?}");
    }
}

mod local {
    use super::{Database, Engine, race};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        race(Engine::Local, Database::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_postgres() {
        race(Engine::Local, Database::Postgres).await;
    }
}

mod restate {
    use super::{Database, Engine, race};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        race(Engine::Restate, Database::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_postgres() {
        race(Engine::Restate, Database::Postgres).await;
    }
}
