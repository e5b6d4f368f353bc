//! What one adapter has answered of late: one server, one that was replaced, or several of
//! different versions behind one address.

use super::super::offers::Described;

/// How often an answer that differs from the one before is asked for again.
pub(super) const CONFIRMATIONS: usize = 4;

/// After how many looks without it an answer of several is forgotten.
const FORGOTTEN_AFTER: u32 = 3;

/// The different answers of one adapter, each with the looks since it was last given.
#[derive(Debug, Default)]
pub(super) struct Answers {
    seen: Vec<(Described, u32)>,
}

// === impl Answers ===

impl Answers {
    /// Takes in what was answered in one look; whether something has changed.
    pub(super) fn take_in(&mut self, batch: Vec<Described>) -> bool {
        let before: Vec<Described> = self.distinct().cloned().collect();
        let Some(first) = batch.first() else {
            return false;
        };
        let agree = batch.iter().all(|answer| answer == first);
        let is_new = !before.contains(first);
        if agree && is_new && batch.len() > CONFIRMATIONS {
            self.seen.clear();
        }
        for (_, looks) in &mut self.seen {
            *looks += 1;
        }
        for answer in batch {
            match self.seen.iter_mut().find(|(seen, _)| *seen == answer) {
                Some((_, looks)) => *looks = 0,
                None => self.seen.push((answer, 0)),
            }
        }
        self.seen.retain(|(_, looks)| *looks < FORGOTTEN_AFTER);
        !before.is_empty() && !self.distinct().eq(&before)
    }

    /// Takes in one answer of each endpoint; whether something has changed.
    pub(super) fn replace(&mut self, batch: Vec<Described>) -> bool {
        let before: Vec<Described> = self.distinct().cloned().collect();
        self.seen.clear();
        for answer in batch {
            if !self.distinct().any(|seen| *seen == answer) {
                self.seen.push((answer, 0));
            }
        }
        let is_same = before.len() == self.seen.len()
            && self.distinct().all(|answer| before.contains(answer));
        !before.is_empty() && !is_same
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.seen.len()
    }

    fn distinct(&self) -> impl Iterator<Item = &Described> {
        self.seen.iter().map(|(answer, _)| answer)
    }

    pub(super) fn agrees_with(&self, answer: &Described) -> bool {
        self.distinct().all(|seen| seen == answer)
    }

    pub(super) fn is_mixed(&self) -> bool {
        self.seen.len() > 1
    }

    /// What all of them offer; `None` before the first.
    pub(super) fn common(&self) -> Option<Described> {
        let mut answers = self.distinct();
        let first = answers.next()?.clone();
        Some(answers.fold(first, Described::common))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn described(version: &str, services: &[&str]) -> Described {
        Described {
            servers: BTreeSet::from([format!("acme {version}")]),
            services: services
                .iter()
                .map(|service| ((*service).to_string(), BTreeSet::from([1])))
                .collect(),
            max_message_bytes: 7,
            platform_base_url: String::new(),
        }
    }

    fn batch(answers: &[&Described]) -> Vec<Described> {
        answers.iter().copied().cloned().collect()
    }

    /// A server that was replaced counts at once, in either direction, and one that stays
    /// the same changes nothing.
    #[test]
    fn a_replaced_server_counts_at_once() {
        let (old, new) = (described("1", &["a"]), described("2", &["a", "b"]));
        let mut answers = Answers::default();
        assert!(!answers.take_in(batch(&[&old])));
        assert!(!answers.take_in(batch(&[&old])));
        assert!(!answers.agrees_with(&new));
        assert!(answers.take_in(vec![new.clone(); 1 + CONFIRMATIONS]));
        assert_eq!(answers.common(), Some(new));
        assert!(answers.take_in(vec![old.clone(); 1 + CONFIRMATIONS]));
        assert_eq!(answers.common(), Some(old));
    }

    /// Of servers that answer in turn only what all of them offer is used, however their
    /// answers fall, until one of them has not been seen for some looks.
    #[test]
    fn servers_that_answer_in_turn_do_not_flap() {
        let (old, new) = (described("1", &["a"]), described("2", &["a", "b"]));
        let mut answers = Answers::default();
        answers.take_in(batch(&[&new]));
        assert!(answers.take_in(batch(&[&old, &new, &old, &new, &old])));
        let common = answers.common();
        let services = common.as_ref().map(|common| common.services.len());
        assert_eq!((services, answers.is_mixed()), (Some(1), true));
        for _ in 1..FORGOTTEN_AFTER {
            assert!(!answers.take_in(vec![new.clone(); 1 + CONFIRMATIONS]));
            assert_eq!(answers.common(), common);
        }
        assert!(answers.take_in(vec![new.clone(); 1 + CONFIRMATIONS]));
        assert_eq!(answers.common(), Some(new));
    }

    /// Of endpoints that answer each for itself what all offer is used, at once, and in
    /// whichever order they answer.
    #[test]
    fn endpoints_of_two_versions_count_at_once() {
        let (old, new) = (described("1", &["a"]), described("2", &["a", "b"]));
        let mut answers = Answers::default();
        assert!(!answers.replace(batch(&[&old, &old, &old])));
        assert!(answers.replace(batch(&[&old, &new, &old])));
        assert!(!answers.replace(batch(&[&new, &old, &new])));
        let services = answers.common().map(|common| common.services.len());
        assert_eq!((services, answers.is_mixed()), (Some(1), true));
        assert!(answers.replace(batch(&[&new, &new])));
        assert_eq!(answers.common(), Some(new));
    }
}
