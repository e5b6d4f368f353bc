//! Who is next: the orgs in turn, and the sessions of an org in turn. What is of one
//! session keeps its order. However much one org asks for, the others wait for one of its
//! changes at most.

use everruns_core::typed_id::SessionId;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// What a change is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) org_id: i64,
    /// `None` where the change is of the org as a whole.
    pub(crate) session_id: Option<SessionId>,
}

/// Things that wait, by org and session.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    orgs: Ring<i64, Ring<Option<SessionId>, VecDeque<T>>>,
}

/// Queues that take turns.
#[derive(Debug)]
struct Ring<K, Q> {
    /// The keys of the queues that are not empty, the next one first.
    order: VecDeque<K>,
    queues: HashMap<K, Q>,
}

// === impl Lane ===

impl Lane {
    /// For a change of an org as a whole.
    pub(crate) fn of_org(org_id: i64) -> Self {
        Self {
            org_id,
            session_id: None,
        }
    }

    /// For a change of a session.
    pub(crate) fn of_session(org_id: i64, session_id: SessionId) -> Self {
        Self {
            org_id,
            session_id: Some(session_id),
        }
    }
}

// === impl Lanes ===

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        let orgs = Ring::default();
        Self { orgs }
    }
}

impl<T> Lanes<T> {
    pub(crate) fn push(&mut self, lane: Lane, waiting: T) {
        let sessions = self.orgs.queue(lane.org_id);
        sessions.queue(lane.session_id).push_back(waiting);
    }

    pub(crate) fn next(&mut self) -> Option<T> {
        self.orgs.next(|sessions| {
            let next = sessions.next(|queue| (queue.pop_front(), queue.is_empty()));
            (next, sessions.order.is_empty())
        })
    }
}

// === impl Ring ===

impl<K, Q> Default for Ring<K, Q> {
    fn default() -> Self {
        Self {
            order: VecDeque::new(),
            queues: HashMap::new(),
        }
    }
}

impl<K: Copy + Eq + Hash, Q: Default> Ring<K, Q> {
    /// The queue of a key, which is about to get something.
    fn queue(&mut self, key: K) -> &mut Q {
        let order = &mut self.order;
        self.queues.entry(key).or_insert_with(|| {
            order.push_back(key);
            Q::default()
        })
    }

    /// Takes from the next queue with `take`, which says as well whether it is empty now.
    fn next<T>(&mut self, take: impl FnOnce(&mut Q) -> (Option<T>, bool)) -> Option<T> {
        let key = self.order.pop_front()?;
        let (next, is_empty) = take(self.queues.get_mut(&key)?);
        if is_empty {
            self.queues.remove(&key);
        } else {
            self.order.push_back(key);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An org with one change is not behind one with a thousand, nor a session behind a
    /// busy one of its org, and each session keeps its order.
    #[test]
    fn everybody_has_a_turn() {
        let of = |org_id, session_id| Lane { org_id, session_id };
        let one = of(1, Some(SessionId::new()));
        let two = of(1, Some(SessionId::new()));
        let other = of(2, None);
        let mut lanes = Lanes::default();
        for number in 0..1000 {
            lanes.push(one, ("one", number));
        }
        lanes.push(two, ("two", 0));
        lanes.push(other, ("other org", 0));
        lanes.push(two, ("two", 1));
        let first: Vec<_> = (0..6).map_while(|_| lanes.next()).collect();
        assert_eq!(
            first,
            [
                ("one", 0),
                ("other org", 0),
                ("two", 0),
                ("one", 1),
                ("two", 1),
                ("one", 2)
            ]
        );
        for number in 3..1000 {
            assert_eq!(lanes.next(), Some(("one", number)));
        }
        assert_eq!(lanes.next(), None);
        lanes.push(other, ("other org", 1));
        assert_eq!(lanes.next(), Some(("other org", 1)));
    }
}
