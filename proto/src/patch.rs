//! The data of an event as a difference from those of an earlier one. See `DataPatch` in
//! `event_emitter.proto`.

use crate::StoreError;
use crate::pb::data_piece::Kind;
use crate::pb::{DataPatch, DataPiece, DataRange, ErrorReason};
use memchr::memmem;

/// The most pieces of a patch.
pub const PIECES_MAX: usize = 1024;

/// What a patch must save, in bytes; fewer are not worth a second way.
const SAVED_MIN: usize = 1024;

/// A shorter range is sent as text: naming it takes about as much.
const RANGE_MIN: usize = 24;

/// How much two places must have in common to be taken for the same.
const NEEDLE: usize = 32;

/// Where in the base it is looked for behind a difference: an id that changed is short,
/// what was left out may be long.
const SKIPS: [usize; 8] = [0, 40, 96, 240, 600, 1500, 4000, 10_000];

/// Compared at a time.
const BLOCK: usize = 64;

impl DataPatch {
    /// The difference of `data` from `base`, the data of the event of this sequence
    /// number. `None` where the two have too little in common.
    #[must_use]
    pub fn between(base_sequence: i64, base: &str, data: &str) -> Option<Self> {
        let mut pieces = Pieces {
            data,
            pieces: Vec::new(),
            text_from: 0,
            shared: 0,
        };
        let (mut in_base, mut at) = (0, 0);
        while pieces.has_room() {
            let rest = &data.as_bytes()[at..];
            let mut same = common_prefix(&base.as_bytes()[in_base..], rest);
            while !data.is_char_boundary(at + same) {
                same -= 1;
            }
            pieces.share(in_base, at, same)?;
            (in_base, at) = (in_base + same, at + same);
            let met = meeting(&base.as_bytes()[in_base..], &data.as_bytes()[at..]);
            let Some((skipped, new)) = met else { break };
            (in_base, at) = (in_base + skipped, at + new);
            while !data.is_char_boundary(at) {
                (in_base, at) = (in_base + 1, at + 1);
            }
        }
        let shared = pieces.shared;
        (shared >= SAVED_MIN).then(|| Self {
            base_sequence,
            pieces: pieces.end(),
            crc32: crc32fast::hash(data.as_bytes()),
        })
    }

    /// How many bytes the whole data have.
    #[must_use]
    pub fn full_bytes(&self) -> u64 {
        let bytes = self.pieces.iter().map(|piece| match &piece.kind {
            Some(Kind::Base(range)) => u64::from(range.length),
            Some(Kind::Text(text)) => text.len() as u64,
            None => 0,
        });
        bytes.sum()
    }

    /// The whole data. `base` are the data of the event that `base_sequence` names,
    /// `None` where the session has none.
    ///
    /// # Errors
    ///
    /// `PATCH_BASE`, where the base is not what the patch was made of.
    pub fn apply(&self, base: Option<&str>) -> Result<String, StoreError> {
        let base = base.ok_or_else(|| self.refused("is not an event of the session"))?;
        let bytes = usize::try_from(self.full_bytes()).unwrap_or_default();
        let mut data = String::with_capacity(bytes);
        for piece in &self.pieces {
            match &piece.kind {
                Some(Kind::Base(DataRange { offset, length })) => {
                    let (from, length) = (*offset as usize, *length as usize);
                    let range = base.get(from..from.saturating_add(length));
                    let problem = "has no such range, or the range cuts a character";
                    data.push_str(range.ok_or_else(|| self.refused(problem))?);
                }
                Some(Kind::Text(text)) => data.push_str(text),
                None => {}
            }
        }
        if crc32fast::hash(data.as_bytes()) != self.crc32 {
            return Err(self.refused("is not what the patch was made of: crc32 differs"));
        }
        Ok(data)
    }

    fn refused(&self, problem: &str) -> StoreError {
        let base = self.base_sequence;
        StoreError::new(
            ErrorReason::PatchBase,
            format!("data_patch: the event {base} {problem}; send the data whole"),
        )
    }
}

/// The pieces of some data as they are found.
struct Pieces<'a> {
    data: &'a str,
    pieces: Vec<DataPiece>,
    /// Where the text begins that is in no piece yet.
    text_from: usize,
    shared: usize,
}

// === impl Pieces ===

impl Pieces<'_> {
    /// Whether a text and a range and a last text still fit.
    fn has_room(&self) -> bool {
        self.pieces.len() + 3 <= PIECES_MAX
    }

    /// So many bytes from here on are those of the base from there on. `None`: they are
    /// too far in it to be named.
    fn share(&mut self, in_base: usize, at: usize, length: usize) -> Option<()> {
        if length >= RANGE_MIN {
            let offset = u32::try_from(in_base).ok()?;
            let range = DataRange {
                offset,
                length: u32::try_from(length).ok()?,
            };
            self.text(at);
            self.pieces.push(piece(Kind::Base(range)));
            self.text_from = at + length;
            self.shared += length;
        }
        Some(())
    }

    /// What comes before a place and is in no piece is text.
    fn text(&mut self, until: usize) {
        let text = &self.data[self.text_from..until];
        if !text.is_empty() {
            self.pieces.push(piece(Kind::Text(text.into())));
        }
    }

    fn end(mut self) -> Vec<DataPiece> {
        self.text(self.data.len());
        self.pieces
    }
}

fn piece(kind: Kind) -> DataPiece {
    DataPiece { kind: Some(kind) }
}

/// Where two texts that differ at their beginning are the same again: how far in each.
fn meeting(base: &[u8], data: &[u8]) -> Option<(usize, usize)> {
    SKIPS.iter().find_map(|skip| {
        let needle = base.get(*skip..skip + NEEDLE)?;
        let found = memmem::find(data, needle)?;
        let before = common_suffix(&base[..*skip], &data[..found]);
        Some((skip - before, found - before))
    })
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK));
    let same = blocks.take_while(|(one, other)| one == other).count() * BLOCK;
    let rest = one[same..].iter().zip(&other[same..]);
    same + rest.take_while(|(one, other)| one == other).count()
}

fn common_suffix(one: &[u8], other: &[u8]) -> usize {
    let pairs = one.iter().rev().zip(other.iter().rev());
    pairs.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first fault")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What changes from one event to the next: ids at the beginning, messages at the end
    /// of the history, and what comes last.
    fn event(id: &str, messages: &[String], output: &str) -> String {
        format!(
            "{{\"id\":\"{id}\",\"messages\":{messages:?},\"tools\":\"{}\",\"output\":\"{output}\"}}",
            "tool ".repeat(100)
        )
    }

    fn events() -> impl Strategy<Value = (String, String)> {
        let part = "[aé漢🦀]{0,40}";
        let messages = prop::collection::vec("[a-zé漢🦀 ]{20,200}", 20..40);
        (part, part, messages, 0..10_usize, part, part).prop_map(
            |(one, other, messages, new, first, last)| {
                let before = &messages[..messages.len() - new];
                (event(&one, before, &first), event(&other, &messages, &last))
            },
        )
    }

    proptest! {
        /// What a patch gives is what it was made of, byte for byte, and it holds little
        /// more than what is new.
        #[test]
        fn a_patch_gives_the_data_back((base, data) in events()) {
            let patch = DataPatch::between(7, &base, &data).unwrap();
            prop_assert_eq!(patch.full_bytes(), data.len() as u64);
            let text = patch.pieces.iter().map(|piece| match &piece.kind {
                Some(Kind::Text(text)) => text.len(),
                _ => 0,
            });
            let new = data.len().saturating_sub(base.len());
            prop_assert!(text.sum::<usize>() < new + 600, "{patch:?}");
            prop_assert_eq!(patch.apply(Some(&base)), Ok(data));
        }

        /// Any two texts: a patch of them, where there is one, gives the second.
        #[test]
        fn any_two_texts(base in "[ab]{0,5000}", data in "[ab漢]{0,5000}") {
            if let Some(patch) = DataPatch::between(7, &base, &data) {
                prop_assert_eq!(patch.apply(Some(&base)), Ok(data));
            }
        }

        /// Of another base nothing else is made than the data, or nothing.
        #[test]
        fn another_base_is_refused((base, data) in events(), at in any::<prop::sample::Index>()) {
            let patch = DataPatch::between(7, &base, &data).unwrap();
            let mut other: Vec<char> = base.chars().collect();
            let place = at.index(other.len());
            other[place] = if other[place] == 'b' { 'c' } else { 'b' };
            let other: String = other.into_iter().collect();
            let applied = patch.apply(Some(&other));
            // The place may be one that the patch does not take.
            prop_assert!(applied.as_ref() == Ok(&data) || is_refused(&applied));
        }
    }

    fn is_refused(applied: &Result<String, StoreError>) -> bool {
        let reason = applied.as_ref().err().and_then(|error| error.reason);
        reason == Some(ErrorReason::PatchBase)
    }

    /// Every way in which a base does not fit has the same reason, so that a caller sends
    /// the data whole.
    #[test]
    fn what_does_not_fit_is_refused() {
        let base = "é".repeat(1024);
        let data = format!("{base}more");
        let patch = DataPatch::between(1, &base, &data).unwrap();
        let with = |offset, length| DataPatch {
            pieces: vec![piece(Kind::Base(DataRange { offset, length }))],
            ..patch.clone()
        };
        let crc32 = patch.crc32 ^ 1;
        let broken = [
            (patch.clone(), None),
            (patch.clone(), Some("short")),
            (patch.clone(), Some(&base[2..])),
            (with(1, 4), Some(&base[..])),
            (with(2048, 1), Some(&base)),
            (with(u32::MAX, u32::MAX), Some(&base)),
            (
                DataPatch {
                    crc32,
                    ..patch.clone()
                },
                Some(&base),
            ),
        ];
        for (patch, base) in broken {
            assert!(is_refused(&patch.apply(base)), "{patch:?}");
        }
        assert_eq!(patch.apply(Some(&base)), Ok(data));
    }

    /// Texts with little in common are sent whole.
    #[test]
    fn little_in_common_makes_no_patch() {
        assert_eq!(DataPatch::between(1, "{\"a\":1}", "{\"a\":2}"), None);
        let (one, other) = ("x".repeat(4096), "y".repeat(4096));
        assert_eq!(DataPatch::between(1, &one, &other), None);
    }
}
