//! How many connections a listener keeps. Every connection is a file descriptor, and a
//! process that has none left serves nothing: neither calls, nor its database, nor who
//! asks whether it is well. So each listener keeps its share, and within it the oldest
//! of those that have not asked for anything yet makes room for the next.

use futures::task::AtomicWaker;
use rlimit::{Resource, increase_nofile_limit};
use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// The share of a listener in the descriptors of its process: a quarter.
const SHARE: u64 = 4;
const FEWEST: usize = 16;
const MOST: usize = 10_000;
/// The share of a listener for operators: few, and no other's.
const RESERVED: usize = 64;

/// How many connections a listener keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In all.
    pub connections_max: usize,
    /// From one address; a proxy is one address as well. Unix sockets have none.
    pub per_address_max: usize,
    /// That have not asked for anything yet.
    pub newcomers_max: usize,
}

/// Counts the connections of a listener.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    limits: ConnectionLimits,
    book: Arc<Mutex<Book>>,
}

#[derive(Debug, Default)]
struct Book {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
    /// By age: the oldest first.
    newcomers: BTreeMap<u64, Arc<Newcomer>>,
    next_id: u64,
}

#[derive(Debug)]
struct Newcomer {
    address: Option<IpAddr>,
    is_refused: AtomicBool,
    reader: AtomicWaker,
}

/// A connection's place. Dropping it frees the place.
#[derive(Debug)]
pub(super) struct Place {
    book: Arc<Mutex<Book>>,
    id: u64,
    newcomer: Arc<Newcomer>,
}

// === impl ConnectionLimits ===

impl ConnectionLimits {
    /// A quarter of the descriptors that this process may have, at most 10,000, and half
    /// of it for one address.
    #[must_use]
    pub fn of_process() -> Self {
        // Where the limit is unknown, few are taken.
        let descriptors = Resource::NOFILE.get_soft().unwrap_or_default();
        let share = usize::try_from(descriptors / SHARE).unwrap_or(MOST);
        Self::new(share.clamp(FEWEST, MOST))
    }

    /// So many in all, and half of them for one address.
    #[must_use]
    pub fn new(connections_max: usize) -> Self {
        Self {
            connections_max,
            per_address_max: (connections_max / 2).max(1),
            newcomers_max: (connections_max / 2).max(1),
        }
    }

    /// For a listener that operators use: 64, which no other listener can use up.
    #[must_use]
    pub fn reserved() -> Self {
        Self {
            per_address_max: RESERVED,
            ..Self::new(RESERVED)
        }
    }
}

/// Lets this process have as many descriptors as it may: the limit that shells and service
/// managers set is often 1,024, and meant for programs that use `select`.
///
/// # Errors
/// The limit cannot be changed; then what there was stays.
pub fn raise_file_limit() -> io::Result<()> {
    increase_nofile_limit(u64::MAX).map(drop)
}

// === impl Gate ===

impl Gate {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self {
            limits,
            book: Arc::default(),
        }
    }

    /// Gives an accepted connection a place; closes it where there is none.
    pub(super) fn admit<S>(
        &self,
        accepted: io::Result<S>,
        address: impl FnOnce(&S) -> io::Result<Option<IpAddr>>,
    ) -> Option<io::Result<(S, Place)>> {
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => return Some(Err(error)),
        };
        // It has gone already.
        let address = address(&stream).ok()?;
        let place = self.place(address)?;
        Some(Ok((stream, place)))
    }

    fn place(&self, address: Option<IpAddr>) -> Option<Place> {
        let mut book = lock(&self.book);
        let from_there = address.and_then(|address| book.by_address.get(&address).copied());
        let is_crowd = from_there.is_some_and(|count| count >= self.limits.per_address_max);
        let is_full = book.total >= self.limits.connections_max
            || book.newcomers.len() >= self.limits.newcomers_max;
        if is_crowd && !book.send_away(|newcomer| newcomer.address == address) {
            tracing::debug!(
                ?address,
                "a connection was closed: this address has too many"
            );
            return None;
        }
        if !is_crowd && is_full && !book.send_away(|_| true) {
            tracing::warn!(
                connections = book.total,
                "a connection was closed: there are as many as this listener may have"
            );
            return None;
        }
        let (id, newcomer) = book.enter(address);
        Some(Place {
            book: self.book.clone(),
            id,
            newcomer,
        })
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

// === impl Book ===

impl Book {
    fn enter(&mut self, address: Option<IpAddr>) -> (u64, Arc<Newcomer>) {
        let newcomer = Arc::new(Newcomer {
            address,
            is_refused: AtomicBool::new(false),
            reader: AtomicWaker::new(),
        });
        let id = self.next_id;
        self.next_id += 1;
        self.total += 1;
        if let Some(address) = address {
            *self.by_address.entry(address).or_default() += 1;
        }
        self.newcomers.insert(id, newcomer.clone());
        (id, newcomer)
    }

    fn leave(&mut self, address: Option<IpAddr>) {
        self.total = self.total.saturating_sub(1);
        let Some(address) = address else { return };
        if let Some(count) = self.by_address.get_mut(&address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
    }

    /// Closes the oldest newcomer of a kind, if there is one.
    fn send_away(&mut self, kind: impl Fn(&Newcomer) -> bool) -> bool {
        let found = self.newcomers.iter().find(|(_, newcomer)| kind(newcomer));
        let Some((&id, newcomer)) = found else {
            return false;
        };
        newcomer.is_refused.store(true, Ordering::Release);
        newcomer.reader.wake();
        let address = newcomer.address;
        self.newcomers.remove(&id);
        self.leave(address);
        true
    }
}

// === impl Place ===

impl Place {
    /// It has asked for something: it is no newcomer any more.
    pub(super) fn settle(&self) {
        lock(&self.book).newcomers.remove(&self.id);
    }

    /// Why it was sent away, once it is.
    pub(super) fn poll_refused(&self, cx: &mut Context<'_>) -> Poll<io::Error> {
        self.newcomer.reader.register(cx.waker());
        match self.newcomer.is_refused.load(Ordering::Acquire) {
            true => Poll::Ready(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "it asked for nothing while others came",
            )),
            false => Poll::Pending,
        }
    }

    /// Resolves when it is sent away.
    pub(super) async fn refused(&self) -> io::Error {
        poll_fn(|cx| self.poll_refused(cx)).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = lock(&self.book);
        book.newcomers.remove(&self.id);
        if !self.newcomer.is_refused.load(Ordering::Acquire) {
            book.leave(self.newcomer.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use std::net::Ipv4Addr;

    fn address(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(10, 0, 0, last).into())
    }

    fn gate() -> Gate {
        Gate::new(ConnectionLimits {
            connections_max: 4,
            per_address_max: 2,
            newcomers_max: 3,
        })
    }

    fn is_refused(place: Option<&Place>) -> Option<bool> {
        place.map(|place| place.refused().now_or_never().is_some())
    }

    /// The oldest that asked for nothing makes room; who has asked stays.
    #[test]
    fn silent_connections_make_room() {
        let gate = gate();
        let silent: Vec<_> = (1..=3).map(|last| gate.place(address(last))).collect();
        let next = gate.place(address(4));
        let refused: Vec<_> = silent
            .iter()
            .map(|place| is_refused(place.as_ref()))
            .collect();
        assert_eq!(refused, [Some(true), Some(false), Some(false)]);
        if let Some(next) = &next {
            next.settle();
        }
        let _more = [gate.place(address(5)), gate.place(address(6))];
        assert_eq!(is_refused(next.as_ref()), Some(false));
    }

    /// An address takes no more than its share, and leaves the others theirs.
    #[test]
    fn one_address_has_its_share() {
        let gate = gate();
        let settled: Vec<_> = (0..2).map(|_| gate.place(address(1))).collect();
        settled.iter().flatten().for_each(Place::settle);
        assert!(gate.place(address(1)).is_none(), "a third from one address");
        assert!(gate.place(address(2)).is_some());
        drop(settled);
        assert!(
            gate.place(address(1)).is_some(),
            "its places were not freed"
        );
    }

    /// With every place in use no connection is admitted, until one leaves.
    #[test]
    fn a_full_listener_closes_what_comes() {
        let gate = gate();
        let admit = |last| {
            let place = gate.place(address(last));
            place.iter().for_each(Place::settle);
            place
        };
        let mut settled: Vec<_> = [1, 1, 2, 2].into_iter().map(admit).collect();
        assert!(settled.iter().all(Option::is_some));
        assert!(gate.place(address(3)).is_none());
        settled.pop();
        assert!(gate.place(address(3)).is_some());
    }
}
