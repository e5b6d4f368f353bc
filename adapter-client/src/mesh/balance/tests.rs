//! Which endpoint calls go to, with connections that exist only in memory and a clock that
//! stands still.

use super::discovery::{Source, discover};
use super::{Balance, Placed};
use crate::mesh::config::BalancePolicy;
use crate::mesh::endpoint::DnsName;
use crate::mesh::resolve::{Resolve, Resolver};
use crate::mesh::transport::{Attempt, Failed, Limits, Purpose, Server};
use futures::FutureExt;
use futures::future::BoxFuture;
use mortise_proto::StoreError;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::agent_store_service::GET_AGENT;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

const WINDOW: Duration = Duration::from_secs(10);

const LIMITS: Limits = Limits {
    connections_max: 64,
    streams_max: 200,
    age_max: None,
};

fn policy() -> BalancePolicy {
    BalancePolicy {
        eject_after: 3,
        ..BalancePolicy::default()
    }
}

/// So many servers, and the balance over them once each had its time to connect.
async fn over(count: usize) -> (Vec<Server>, Balance<Server>) {
    let servers: Vec<_> = (0..count).map(|_| Server::allowing(200)).collect();
    let balance = Balance::new("main", policy(), LIMITS, false);
    set(&balance, &servers);
    sleep(Duration::from_secs(1)).await;
    (servers, balance)
}

fn set(balance: &Balance<Server>, servers: &[Server]) {
    let named = servers.iter().enumerate();
    let endpoints = named.map(|(number, server)| (number.to_string(), server.clone()));
    balance.set(endpoints.collect(), Some(&Handle::current()));
}

async fn call(balance: &Balance<Server>) -> Placed<Server> {
    let placed = balance.acquire(Purpose::Call, WINDOW, &[]).await;
    placed.unwrap_or_else(|failed| unreachable!("{failed:?}"))
}

fn end(placed: Placed<Server>, result: Attempt<()>) -> String {
    let address = placed.in_flight.node.address.clone();
    placed.in_flight.ended(GET_AGENT.method, &result);
    address
}

fn broken() -> Attempt<()> {
    Err(StoreError::new(ErrorReason::Unavailable, "the disk is on fire").into())
}

/// What a proxy or a login page says in HTTP.
fn page() -> Attempt<()> {
    let mut error = StoreError::new(ErrorReason::Store, "the disk is on fire");
    error.code = tonic::Code::Unknown;
    Err(Failed::by_stranger(error))
}

/// Makes so many calls, each answered by the endpoint that it came to, and counts them by
/// endpoint.
async fn spread(
    balance: &Balance<Server>,
    calls: usize,
    answer: impl Fn(&str) -> Attempt<()>,
) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..calls {
        let placed = call(balance).await;
        let answer = answer(&placed.in_flight.node.address);
        *counts.entry(end(placed, answer)).or_default() += 1;
        sleep(Duration::from_millis(1)).await;
    }
    counts
}

/// Calls are spread over the endpoints that are connected, and none waits for one that is
/// away.
#[tokio::test(start_paused = true)]
async fn calls_go_to_endpoints_that_are_connected() {
    let (servers, balance) = over(3).await;
    servers[1].is_away(true);
    servers[1].break_all();
    let began = Instant::now();
    let held: Vec<_> = futures::future::join_all((0..100).map(|_| call(&balance))).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    let at = |address: &str| {
        let at = held
            .iter()
            .filter(|one| one.in_flight.node.address == address);
        at.count()
    };
    assert_eq!((at("0") + at("2"), at("1")), (100, 0));
    assert!(
        at("0").abs_diff(at("2")) < 20,
        "{} and {}",
        at("0"),
        at("2")
    );
}

/// An endpoint that comes back is connected to without any call that waits for it.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_comes_back_gets_calls() {
    let (servers, balance) = over(2).await;
    servers[0].is_away(true);
    servers[0].break_all();
    sleep(Duration::from_secs(30)).await;
    servers[0].is_away(false);
    sleep(Duration::from_secs(2)).await;
    let counts = spread(&balance, 50, |_| Ok(((), 0))).await;
    assert_eq!(counts.len(), 2, "{counts:?}");
}

/// Where none is connected a call waits for the first that is, to the end of its window.
#[tokio::test(start_paused = true)]
async fn the_first_that_is_connected_is_taken() {
    let (servers, balance) = over(3).await;
    for server in &servers {
        server.is_away(true);
        server.break_all();
    }
    let back = async {
        sleep(Duration::from_secs(4)).await;
        servers[2].is_away(false);
    };
    let began = Instant::now();
    let (placed, ()) = tokio::join!(call(&balance), back);
    assert_eq!(placed.in_flight.node.address, "2");
    assert!(began.elapsed() < Duration::from_secs(6));
    servers[2].is_away(true);
    servers[2].break_all();
    let began = Instant::now();
    let failed = balance.acquire(Purpose::Call, WINDOW, &[]).await.err();
    assert_eq!(began.elapsed(), WINDOW);
    let text = failed.map(|failed| failed.error.message);
    assert!(text.is_some_and(|text| text.contains("Connection refused")));
}

/// A slow endpoint gets fewer calls than a quick one.
#[tokio::test(start_paused = true)]
async fn slow_endpoints_get_fewer_calls() {
    let (_servers, balance) = over(2).await;
    let mut counts = BTreeMap::new();
    for _ in 0..200 {
        let placed = call(&balance).await;
        let is_slow = placed.in_flight.node.address == "0";
        sleep(Duration::from_millis(if is_slow { 100 } else { 1 })).await;
        *counts.entry(end(placed, Ok(((), 0)))).or_insert(0) += 1;
    }
    assert!(
        counts["1"] > 5 * counts.get("0").copied().unwrap_or_default(),
        "{counts:?}"
    );
}

/// An endpoint whose calls fail in a row gets none for a while, and is back after one that
/// is answered.
#[tokio::test(start_paused = true)]
async fn failing_endpoints_are_left_out() {
    left_out(broken).await;
}

/// So does one where a page is answered in the place of the server, however quickly.
#[tokio::test(start_paused = true)]
async fn endpoints_of_strangers_are_left_out() {
    left_out(page).await;
}

async fn left_out(fault: fn() -> Attempt<()>) {
    let (_servers, balance) = over(3).await;
    let answer = |address: &str| match address {
        "1" => fault(),
        _ => Ok(((), 0)),
    };
    // Its failures make it look slow: the calls that try it again are few.
    while balance.nodes()[1].ejected().is_none() {
        spread(&balance, 1, answer).await;
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(
        balance.nodes()[1].ejected().as_deref(),
        Some("the disk is on fire")
    );
    let counts = spread(&balance, 100, answer).await;
    assert_eq!(counts.get("1"), None, "{counts:?}");
    sleep(policy().eject_for_max).await;
    while balance.nodes()[1].ejected().is_some() {
        spread(&balance, 1, |_| Ok(((), 0))).await;
    }
    assert_eq!(balance.nodes()[1].ejections(), 1);
}

/// Where too few endpoints would be left the ejections are passed over: not the endpoints
/// are what is wrong.
#[tokio::test(start_paused = true)]
async fn not_all_endpoints_are_left_out() {
    let (_servers, balance) = over(4).await;
    for node in balance.nodes().iter().take(3) {
        for _ in 0..3 {
            node.ejection.failed(&policy(), "x");
        }
    }
    let counts = spread(&balance, 200, |_| Ok(((), 0))).await;
    assert_eq!(counts.len(), 4, "{counts:?}");
}

/// An endpoint whose health says that it does not serve gets calls only where no other does.
#[tokio::test(start_paused = true)]
async fn endpoints_that_do_not_serve_are_left_out() {
    let (_servers, balance) = over(2).await;
    let nodes = balance.nodes();
    nodes[0].health.set_serving(false);
    let counts = spread(&balance, 20, |_| Ok(((), 0))).await;
    assert_eq!(counts.get("0"), None, "{counts:?}");
    nodes[1].health.set_serving(false);
    let held = futures::future::join_all((0..200).map(|_| call(&balance))).await;
    let used: BTreeSet<_> = held.iter().map(|one| one.in_flight.node.id).collect();
    assert_eq!(
        used.len(),
        2,
        "where none serves, each is as good as the other"
    );
}

/// The next attempt of a call goes to another endpoint, if there is one.
#[tokio::test(start_paused = true)]
async fn another_attempt_goes_elsewhere() {
    let (_servers, balance) = over(3).await;
    for _ in 0..50 {
        let first = call(&balance).await.in_flight.node.id;
        let second = balance.acquire(Purpose::Call, WINDOW, &[first]).await;
        assert!(second.is_ok_and(|placed| placed.in_flight.node.id != first));
    }
    let all: Vec<_> = balance.nodes().iter().map(|node| node.id).collect();
    let again = balance.acquire(Purpose::Call, WINDOW, &all).await;
    assert!(
        again.is_ok(),
        "there is no other, and one of them is better than none"
    );
}

/// Streams that stay are spread by their number, and stay when the endpoints change.
#[tokio::test(start_paused = true)]
async fn streams_are_spread_by_number() {
    let (servers, balance) = over(2).await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        let stream = balance.acquire(Purpose::Stream, WINDOW, &[]).await;
        streams.push(stream.unwrap_or_else(|failed: Failed| unreachable!("{failed:?}")));
    }
    let nodes = balance.nodes();
    let counts: Vec<_> = nodes
        .iter()
        .map(|node| node.pools.in_use(Purpose::Stream))
        .collect();
    assert!(counts[0].abs_diff(counts[1]) < 20, "{counts:?}");
    set(&balance, &servers[..1]);
    assert_eq!(nodes[1].pools.in_use(Purpose::Stream), counts[1]);
}

/// An endpoint that is gone gets no more calls, and one that stays keeps its connections.
#[tokio::test(start_paused = true)]
async fn endpoints_come_and_go() {
    let (mut servers, balance) = over(2).await;
    let first = balance.nodes()[0].id;
    servers[1] = Server::allowing(200);
    set(&balance, &servers[..1]);
    let counts = spread(&balance, 20, |_| Ok(((), 0))).await;
    assert_eq!(
        counts.into_iter().collect::<Vec<_>>(),
        [("0".to_string(), 20)]
    );
    set(&balance, &servers);
    assert_eq!(balance.nodes()[0].id, first);
    assert_eq!(servers[0].dials(), 1);
}

/// Names as a test says they are.
#[derive(Debug, Clone, Default)]
struct Names(Arc<Mutex<Vec<u8>>>);

impl Names {
    fn set(&self, hosts: &[u8]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hosts.to_vec();
    }
}

impl Resolve for Names {
    fn addresses<'a>(
        &'a self,
        _host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let hosts = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let found = match hosts.as_slice() {
            [] => Err(io::Error::other("no such name")),
            hosts => Ok(hosts
                .iter()
                .map(|host| SocketAddr::from(([10, 0, 0, *host], port)))
                .collect()),
        };
        std::future::ready(found).boxed()
    }
}

fn addresses(balance: &Balance<Server>) -> BTreeSet<String> {
    let nodes = balance.nodes();
    nodes.iter().map(|node| node.address.clone()).collect()
}

/// A name is looked up again: new addresses are endpoints, those that vanished are none any
/// more, and a lookup that fails changes nothing. A call waits for the first lookup.
#[tokio::test(start_paused = true)]
async fn a_name_is_looked_up_again() {
    let (names, server) = (Names::default(), Server::allowing(200));
    let balance = Arc::new(Balance::new("main", policy(), LIMITS, false));
    let name = DnsName {
        host: "storage".into(),
        port: 7,
        is_tls: false,
    };
    let dial = move |_: &DnsName, _: SocketAddr| server.clone();
    let looking = discover(
        balance.clone(),
        vec![Source::Name(name)],
        Resolver::new(names.clone()),
        dial,
        Handle::current(),
    );
    let _looking = AbortOnDropHandle::new(tokio::spawn(looking));
    let failed = balance
        .acquire(Purpose::Call, Duration::ZERO, &[])
        .await
        .err();
    let text = failed
        .map(|failed| failed.error.message)
        .unwrap_or_default();
    assert!(
        text.contains("no endpoint is known: `storage`: no such name"),
        "{text}"
    );
    names.set(&[1, 2]);
    assert!(balance.acquire(Purpose::Call, WINDOW, &[]).await.is_ok());
    let set = |hosts: &[u8]| -> BTreeSet<String> {
        let address = |host: &u8| format!("storage@10.0.0.{host}:7");
        hosts.iter().map(address).collect()
    };
    assert_eq!(addresses(&balance), set(&[1, 2]));
    names.set(&[2, 3]);
    sleep(Duration::from_secs(31)).await;
    assert_eq!(addresses(&balance), set(&[2, 3]));
    names.set(&[]);
    sleep(Duration::from_secs(62)).await;
    assert_eq!(addresses(&balance), set(&[2, 3]));
    assert!(balance.problem().is_some());
}
