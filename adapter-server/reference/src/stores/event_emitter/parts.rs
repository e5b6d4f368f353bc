//! A group that the database refuses as a whole, part by part: one event that it does not
//! take keeps none out that share its group. Does no I/O.
//!
//! A part that is refused is halved, the first half first, until the event is alone. What is
//! of one session keeps its order: while an event has to be sent again, none that follows it
//! in its session is stored. Where the database takes nothing, nothing more is tried.

use crate::db::unavailable;
use mortise_proto::StoreError;
use std::collections::HashMap;
use std::hash::Hash;

/// How often a group is undone by changes of others before no more of it is tried: each time
/// may have taken a while, and all others wait meanwhile.
const UNDONE_MAX: usize = 12;

/// Why a part has not been written. Nothing of it is there.
#[derive(Debug)]
pub(super) enum Failed {
    /// The database takes others: it may be one event of these that it refuses.
    Refused(StoreError),
    /// It would take none now.
    Away(StoreError),
}

/// The parts of a group, and what became of its events. An event is known by its place in
/// the group, `K` is its session.
#[derive(Debug)]
pub(super) struct Parts<K, T> {
    sessions: Vec<K>,
    answers: Vec<Option<Result<T, StoreError>>>,
    /// The next one last.
    waiting: Vec<Vec<usize>>,
    /// What an event before has heard, which has to be sent again.
    stuck: HashMap<K, StoreError>,
    /// How often parts failed that would succeed at another time.
    undone: usize,
}

// === impl Parts ===

impl<K: Eq + Hash + Clone, T> Parts<K, T> {
    /// The whole group is the first part.
    pub(super) fn new(sessions: Vec<K>) -> Self {
        let all: Vec<usize> = (0..sessions.len()).collect();
        Self {
            answers: sessions.iter().map(|_| None).collect(),
            sessions,
            waiting: vec![all],
            stuck: HashMap::new(),
            undone: 0,
        }
    }

    /// The part that is to be written now.
    pub(super) fn next(&mut self) -> Option<Vec<usize>> {
        loop {
            let part = self.waiting.pop()?;
            let part: Vec<usize> = part.into_iter().filter(|at| !self.is_stuck(*at)).collect();
            if !part.is_empty() {
                return Some(part);
            }
        }
    }

    /// Whether an event waits for one before it; if so, it hears the same.
    fn is_stuck(&mut self, at: usize) -> bool {
        let stuck = self.sessions.get(at).and_then(|key| self.stuck.get(key));
        let Some(error) = stuck.cloned() else {
            return false;
        };
        self.answer(at, Err(error));
        true
    }

    /// Notes that a part was written, with the answer to each of its events.
    pub(super) fn written(&mut self, part: &[usize], answers: Vec<Result<T, StoreError>>) {
        for (at, answer) in part.iter().zip(answers) {
            self.answer(*at, answer);
        }
    }

    /// Notes that a part was not written.
    pub(super) fn failed(&mut self, mut part: Vec<usize>, failed: Failed) {
        let error = match failed {
            Failed::Refused(error) => error,
            Failed::Away(error) => return self.end(part, &error),
        };
        self.undone += usize::from(error.is_transient());
        if self.undone > UNDONE_MAX {
            return self.end(part, &error);
        }
        if part.len() > 1 {
            let second = part.split_off(part.len() / 2);
            self.waiting.extend([second, part]);
            return;
        }
        for at in part {
            if error.is_transient()
                && let Some(session) = self.sessions.get(at)
            {
                self.stuck.insert(session.clone(), error.clone());
            }
            self.answer(at, Err(error.clone()));
        }
    }

    /// Tries no more.
    fn end(&mut self, part: Vec<usize>, error: &StoreError) {
        let rest = std::mem::take(&mut self.waiting).into_iter().flatten();
        for at in part.into_iter().chain(rest) {
            self.answer(at, Err(error.clone()));
        }
    }

    fn answer(&mut self, at: usize, answer: Result<T, StoreError>) {
        if let Some(slot) = self.answers.get_mut(at) {
            *slot = Some(answer);
        }
    }

    /// What became of each event, in the order of the group.
    pub(super) fn into_answers(self) -> Vec<Result<T, StoreError>> {
        let unanswered = || Err(unavailable("an event of a group was left out".into()));
        let answers = self.answers.into_iter();
        answers
            .map(|answer| answer.unwrap_or_else(unanswered))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use mortise_proto::error::Outcome;
    use mortise_proto::pb::ErrorReason;

    fn refused() -> StoreError {
        StoreError::new(ErrorReason::Store, "the database refused")
    }

    fn again() -> StoreError {
        unavailable("send it again".into()).outcome(Outcome::NotApplied)
    }

    /// Writes a group of events of these sessions, of which some fail. Says what became of
    /// each, in which order they were stored, and how many parts were tried.
    fn write(
        sessions: Vec<usize>,
        fails: impl Fn(usize) -> Option<Failed>,
    ) -> (Vec<Result<usize, StoreError>>, Vec<usize>, usize) {
        let mut parts = Parts::new(sessions);
        let (mut stored, mut tried) = (Vec::new(), 0);
        while let Some(part) = parts.next() {
            tried += 1;
            match part.iter().find_map(|at| fails(*at)) {
                Some(failed) => parts.failed(part, failed),
                None => {
                    stored.extend(&part);
                    parts.written(&part, part.iter().map(|at| Ok(*at)).collect());
                }
            }
        }
        (parts.into_answers(), stored, tried)
    }

    /// One refused event is found with few commits; all others are stored, in their order.
    #[test]
    fn one_refused_event_stands_alone() {
        for bad in [0, 1, 100, 255] {
            let sessions = (0..256).map(|at| at % 7).collect();
            let is_bad = |at| (at == bad).then(|| Failed::Refused(refused()));
            let (answers, stored, tried) = write(sessions, is_bad);
            let expected: Vec<usize> = (0..256).filter(|at| *at != bad).collect();
            assert_eq!(stored, expected);
            for (at, answer) in answers.into_iter().enumerate() {
                let expected = if at == bad { Err(refused()) } else { Ok(at) };
                assert_eq!(answer, expected);
            }
            assert!(tried <= 17, "{tried} parts");
        }
    }

    /// However many are refused, each hears it and every other is stored.
    #[test]
    fn many_refused_events_keep_no_other_out() {
        let is_bad = |at: usize| at.is_multiple_of(3).then(|| Failed::Refused(refused()));
        let (answers, stored, _) = write((0..64).collect(), is_bad);
        let expected: Vec<usize> = (0..64).filter(|at| at % 3 != 0).collect();
        assert_eq!(stored, expected);
        assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 22);
    }

    /// Where an event has to be sent again, those that follow it in its session are not
    /// stored, and hear the same; other sessions go on.
    #[test]
    fn a_session_keeps_its_order() {
        let fails = |at: usize| (at == 3).then(|| Failed::Refused(again()));
        let sessions = vec![1, 2, 3, 1, 2, 1, 3, 2, 1];
        let (answers, stored, _) = write(sessions, fails);
        assert_eq!(stored, [0, 1, 2, 4, 6, 7]);
        for at in [3, 5, 8] {
            assert_eq!(answers.get(at).unwrap(), &Err(again()));
        }
    }

    /// A group that changes of others undo again and again is not tried for ever.
    #[test]
    fn tries_have_an_end() {
        let (answers, stored, tried) =
            write((0..256).collect(), |_| Some(Failed::Refused(again())));
        assert_eq!((stored.len(), tried), (0, UNDONE_MAX + 1));
        assert!(answers.iter().all(|answer| *answer == Err(again())));
    }

    /// A database that is away is asked once; one that goes away in the middle is not asked
    /// for the rest.
    #[test]
    fn an_outage_is_met_once() {
        let (answers, stored, tried) = write((0..256).collect(), |_| Some(Failed::Away(again())));
        assert_eq!((stored.len(), tried), (0, 1));
        assert!(answers.iter().all(Result::is_err));

        let mut parts = Parts::new((0..8).collect::<Vec<_>>());
        let whole = parts.next().unwrap();
        parts.failed(whole, Failed::Refused(refused()));
        let first = parts.next().unwrap();
        assert_eq!(first, [0, 1, 2, 3]);
        parts.written(&first, first.iter().map(|at| Ok(*at)).collect());
        let second = parts.next().unwrap();
        parts.failed(second, Failed::Away(again()));
        assert_eq!(parts.next(), None);
        let answers = parts.into_answers();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 4);
        assert_eq!(answers.last().unwrap(), &Err(again()));
    }
}
