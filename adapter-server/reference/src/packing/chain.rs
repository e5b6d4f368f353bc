//! The events of a session and type that repeat each other, as far as the next one needs
//! them.
//!
//! Each has a place, counted from 0 for the one that repeats none. The base of a place is
//! the place without its last binary digit that is 1. So every base is the event before or
//! among its bases, at most as many frames are unpacked for a body as its place has digits,
//! and what the differences take grows with the history and its logarithm:
//!
//! ```text
//! place   0   1   2   3   4   5   6   7   8   9  10  11  12
//! base    -   0   0   2   0   4   4   6   0   8   8  10   8
//! ```

use crate::packing::frame::{pack, unpack};
use bytes::Bytes;
use mortise_proto::StoreError;

/// Binary digits of a place: the most bases of a body.
const DIGITS: u32 = 12;

/// Places of a chain. The next event begins another.
const PLACES: u32 = 1 << DIGITS;

/// A difference of more than this part of the body saves little: the body may be no smaller
/// alone.
const POOR_PART: usize = 4;

/// The event that was stored last, and its bases, the first of them first.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    links: Vec<Link>,
    /// The body of the next base, if it is known.
    next_base: Option<Bytes>,
}

/// A packed event that is stored.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) place: u32,
    pub(super) sequence: i64,
    pub(super) event_id: String,
    pub(super) full_size: usize,
    pub(super) frame: Bytes,
}

/// A body that is packed and not yet stored.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    pub(crate) frame: Bytes,
    pub(super) full_size: usize,
    pub(super) place: u32,
    /// The base and its bases; none, if the body is packed alone.
    bases: Vec<Link>,
    base: Option<Bytes>,
}

// === places ===

/// The place of the base of a place.
fn base_of(place: u32) -> u32 {
    place & place.saturating_sub(1)
}

// === impl Chain ===

impl Chain {
    /// Links as they are stored, the first of them first; the base of each is the one
    /// before.
    pub(super) fn new(links: Vec<Link>) -> Self {
        Self {
            links,
            next_base: None,
        }
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let next_base = self.next_base.as_ref().map_or(0, Bytes::len);
        let links = self.links.iter();
        next_base + links.map(|link| link.frame.len() + 128).sum::<usize>()
    }

    /// The bases of the next event; none if it begins another chain.
    fn next_bases(&self) -> (u32, &[Link]) {
        let next = self.links.last().map_or(0, |link| link.place + 1);
        if next == 0 || next >= PLACES {
            return (0, &[]);
        }
        let is_base = |link: &Link| link.place == base_of(next);
        match self.links.iter().position(is_base) {
            Some(at) => (next, self.links.get(..=at).unwrap_or_default()),
            None => (0, &[]),
        }
    }

    /// The body of the last of the next event's bases.
    fn next_base(&self, bases: &[Link]) -> Result<Option<Bytes>, StoreError> {
        if !bases.is_empty() && self.next_base.is_some() {
            return Ok(self.next_base.clone());
        }
        let mut body: Option<Bytes> = None;
        for link in bases {
            body = Some(unpack(&link.frame, body.as_deref(), link.full_size)?);
        }
        Ok(body)
    }
}

// === impl Packed ===

impl Packed {
    /// Packs a body as the next of a chain, or alone. `None`: it would be no smaller.
    pub(super) fn new(chain: Option<&Chain>, body: &[u8]) -> Option<Self> {
        let packed = chain.and_then(|chain| Self::next(chain, body));
        let is_good = |packed: &Self| packed.frame.len() < body.len() / POOR_PART;
        if packed.as_ref().is_some_and(is_good) {
            return packed;
        }
        let alone = Self {
            frame: pack(body, None).ok()?.into(),
            full_size: body.len(),
            place: 0,
            bases: Vec::new(),
            base: None,
        };
        // What repeats none is read sooner.
        let packed = packed.filter(|packed| packed.frame.len() < alone.frame.len() / 8 * 7);
        Some(packed.unwrap_or(alone)).filter(|packed| packed.frame.len() < body.len())
    }

    /// A chain that cannot be unpacked has no next: another begins.
    fn next(chain: &Chain, body: &[u8]) -> Option<Self> {
        let (place, bases) = chain.next_bases();
        let base = chain.next_base(bases).ok()??;
        Some(Self {
            frame: pack(body, Some(&base)).ok()?.into(),
            full_size: body.len(),
            place,
            bases: bases.to_vec(),
            base: Some(base),
        })
    }

    /// The sequence number and the id of the base.
    pub(crate) fn base(&self) -> Option<(i64, &str)> {
        let base = self.bases.last()?;
        Some((base.sequence, &base.event_id))
    }

    pub(crate) fn full_size(&self) -> i64 {
        i64::try_from(self.full_size).unwrap_or(i64::MAX)
    }

    pub(crate) fn place(&self) -> i64 {
        i64::from(self.place)
    }

    /// The chain that ends with this event, which has been stored; `body` is what it packs.
    pub(super) fn stored(&self, sequence: i64, event_id: String, body: &Bytes) -> Chain {
        let mut links = self.bases.clone();
        links.push(Link {
            place: self.place,
            sequence,
            event_id,
            full_size: self.full_size,
            frame: self.frame.clone(),
        });
        let next_base = match base_of(self.place + 1) {
            next if next == self.place => Some(body.clone()),
            next if self.place > 0 && next == base_of(self.place) => self.base.clone(),
            _ => None,
        };
        Chain { links, next_base }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Every base is among the bases of the event before it, and no place has too many.
    #[test]
    fn bases_are_at_hand() {
        let bases = |place: u32| {
            let next = |place: &u32| (*place > 0).then(|| base_of(*place));
            std::iter::successors(Some(place), next).collect::<Vec<u32>>()
        };
        for place in 1..PLACES {
            assert!(bases(place - 1).contains(&base_of(place)), "{place}");
            assert!(bases(place).len() <= 13, "{place}");
        }
    }

    /// A chain ends after its last place and another begins; each body is unpacked with the
    /// base that is stored beside it, whether the body of that was at hand or not.
    #[test]
    fn a_chain_ends_and_another_begins() {
        let body = |sequence: i64| {
            let lines = (sequence..sequence + 40).map(|line| format!("line {line}, "));
            Bytes::from(lines.collect::<String>())
        };
        let mut chain: Option<Chain> = None;
        let mut alone = Vec::new();
        for sequence in 1..i64::from(PLACES) + 20 {
            let came = body(sequence);
            let next = chain.as_ref().and_then(|chain| Packed::next(chain, &came));
            let packed = next.or_else(|| Packed::new(None, &came)).unwrap();
            let base = packed.base().map(|(sequence, _)| body(sequence));
            let unpacked = unpack(&packed.frame, base.as_deref(), came.len());
            assert_eq!(unpacked.unwrap(), came, "{sequence}");
            if base.is_none() {
                alone.push(sequence);
            }
            chain = Some(packed.stored(sequence, String::new(), &came));
        }
        assert_eq!(alone, [1, i64::from(PLACES) + 1]);
    }
}
