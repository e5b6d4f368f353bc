//! The policies of one adapter: how its connections are kept, how calls to it are limited,
//! and how they are spread over its endpoints.

use std::time::Duration;

/// How the connections to an adapter are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportConfig {
    /// How long making a connection may take: the address, TLS and the first frame of
    /// the server.
    pub connect_timeout: Duration,
    /// Pings on connections with calls under way; `None` sends none.
    pub keepalive: Option<Keepalive>,
    /// The most connections; at least one for calls and one for streams. Another one is
    /// opened where the server's limit of streams on a connection is reached.
    pub connections_max: usize,
    /// The most streams on a connection, where the server allows more.
    pub streams_max: usize,
    /// For how long a connection gets new calls, give or take a tenth; calls under way
    /// end on it. `None`: as long as it lasts. It lets calls reach servers that came later
    /// behind the same address.
    pub age_max: Option<Duration>,
    /// How requests are compressed. Answers are taken with gzip and zstd in any case.
    pub compression: Option<Compression>,
}

/// Pings that notice a connection whose other end is gone without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// How long a connection may be silent before a ping is sent.
    pub interval: Duration,
    /// How long the answer to a ping may take; then the connection is closed.
    pub timeout: Duration,
}

/// How messages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As every implementation of gRPC knows.
    Gzip,
    /// Faster and smaller; not every implementation knows it.
    Zstd,
}

/// How calls to one adapter are limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPolicy {
    /// How long one attempt may take; `None` takes the mesh's.
    pub deadline: Option<Duration>,
    /// The same for calls in which the server waits for a third party.
    pub long_deadline: Option<Duration>,
    /// For how long a call waits for a connection, and is sent again where it may be;
    /// `None` takes the mesh's.
    pub retry_window: Option<Duration>,
    /// After how long without an answer a read is sent to a second endpoint as well; the
    /// first answer counts. `None` sends it to one alone.
    pub hedge_after: Option<Duration>,
    /// How many calls may be under way at once.
    pub calls_max: usize,
    /// How many more may wait for their turn; those beyond are refused.
    pub queue_max: usize,
}

/// How calls are spread over the endpoints of one adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalancePolicy {
    /// After how many failures in a row an endpoint gets no calls.
    pub eject_after: u32,
    /// For how long, the first time; each time after that twice as long.
    pub eject_for: Duration,
    /// The longest of these times.
    pub eject_for_max: Duration,
    /// Where fewer than this share of the connected endpoints, in percent, would be left,
    /// every connected one gets calls: then the endpoints are not what is wrong.
    pub panic_percent: u32,
}

// === impl TransportConfig ===

impl Default for TransportConfig {
    /// A silent connection is closed after 7 s, which leaves a call some of the retry
    /// window, and 64 connections hold the followers of 500 sessions through a proxy that
    /// allows 8 streams on each.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            keepalive: Some(Keepalive {
                interval: Duration::from_secs(3),
                timeout: Duration::from_secs(4),
            }),
            connections_max: 64,
            streams_max: 200,
            age_max: Some(Duration::from_secs(60 * 60)),
            compression: None,
        }
    }
}

// === impl CallPolicy ===

impl Default for CallPolicy {
    /// 64 turns with all that they ask for at once stay far below these limits. A limit
    /// that is reached says that the adapter is slow, and more calls would not help it.
    fn default() -> Self {
        Self {
            deadline: None,
            long_deadline: None,
            retry_window: None,
            hedge_after: None,
            calls_max: 1024,
            queue_max: 4096,
        }
    }
}

// === impl BalancePolicy ===

impl Default for BalancePolicy {
    /// Five in a row are no accident, and few enough that the retry window outlasts them.
    fn default() -> Self {
        Self {
            eject_after: 5,
            eject_for: Duration::from_secs(5),
            eject_for_max: Duration::from_secs(60),
            panic_percent: 30,
        }
    }
}
