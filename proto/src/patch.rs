//! The data of an event as a difference from those of an earlier one. See `DataPatch` in
//! `event_emitter.proto`.

use crate::StoreError;
use crate::pb::{DataPatch, ErrorReason};

/// What a patch must save, in bytes; fewer are not worth a second way.
const SAVED_MIN: usize = 1024;

/// Compared at a time.
const BLOCK: usize = 64;

impl DataPatch {
    /// The difference of `data` from `base`, the data of the event of this sequence
    /// number. `None` where the two have too little in common.
    #[must_use]
    pub fn between(base_sequence: i64, base: &str, data: &str) -> Option<Self> {
        let mut prefix = common_prefix(base.as_bytes(), data.as_bytes());
        while !data.is_char_boundary(prefix) {
            prefix -= 1;
        }
        let (base_rest, rest) = (&base.as_bytes()[prefix..], &data.as_bytes()[prefix..]);
        let mut suffix = common_suffix(base_rest, rest);
        while !data.is_char_boundary(data.len() - suffix) {
            suffix -= 1;
        }
        if prefix + suffix < SAVED_MIN {
            return None;
        }
        Some(Self {
            base_sequence,
            prefix_bytes: u32::try_from(prefix).ok()?,
            middle: data[prefix..data.len() - suffix].to_string(),
            suffix_bytes: u32::try_from(suffix).ok()?,
            crc32: crc32fast::hash(data.as_bytes()),
        })
    }

    /// How many bytes the whole data have.
    #[must_use]
    pub fn full_bytes(&self) -> u64 {
        u64::from(self.prefix_bytes) + self.middle.len() as u64 + u64::from(self.suffix_bytes)
    }

    /// The whole data. `base` are the data of the event that `base_sequence` names,
    /// `None` where the session has none.
    ///
    /// # Errors
    ///
    /// `PATCH_BASE`, where the base is not what the patch was made of.
    pub fn apply(&self, base: Option<&str>) -> Result<String, StoreError> {
        let base = base.ok_or_else(|| self.refused("is not an event of the session"))?;
        let (prefix, suffix) = (self.prefix_bytes as usize, self.suffix_bytes as usize);
        let start = base.len().checked_sub(suffix);
        let start = start.filter(|start| *start >= prefix);
        let start = start.ok_or_else(|| self.refused("has fewer bytes than the patch takes"))?;
        let parts = base.get(..prefix).zip(base.get(start..));
        let (first, last) =
            parts.ok_or_else(|| self.refused("is cut by the patch within a character"))?;
        let data = [first, &self.middle, last].concat();
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

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK));
    let same = blocks.take_while(|(one, other)| one == other).count() * BLOCK;
    let rest = one[same..].iter().zip(&other[same..]);
    same + rest.take_while(|(one, other)| one == other).count()
}

fn common_suffix(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.rchunks_exact(BLOCK).zip(other.rchunks_exact(BLOCK));
    let same = blocks.take_while(|(one, other)| one == other).count() * BLOCK;
    let (one, other) = (&one[..one.len() - same], &other[..other.len() - same]);
    let rest = one.iter().rev().zip(other.iter().rev());
    same + rest.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Texts that share much, with characters of one to four bytes where they part.
    fn texts() -> impl Strategy<Value = (String, String)> {
        let common = "[aé漢🦀]{300,600}";
        let part = "[aéè漢字🦀🦁]{0,40}";
        (common, part, part, common)
            .prop_map(|(first, one, other, last)| {
                (format!("{first}{one}{last}"), format!("{first}{other}{last}"))
            })
    }

    proptest! {
        /// What a patch gives is what it was made of, byte for byte.
        #[test]
        fn a_patch_gives_the_data_back((base, data) in texts()) {
            let patch = DataPatch::between(7, &base, &data).expect("they share much");
            prop_assert_eq!(patch.full_bytes(), data.len() as u64);
            prop_assert!(patch.middle.len() <= 40 * 4);
            prop_assert_eq!(patch.apply(Some(&base)), Ok(data));
        }

        /// Of another base nothing is made.
        #[test]
        fn another_base_is_refused((base, data) in texts(), at in any::<prop::sample::Index>()) {
            let patch = DataPatch::between(7, &base, &data).expect("they share much");
            let mut other: Vec<char> = base.chars().collect();
            let place = at.index(other.len());
            other[place] = if other[place] == 'b' { 'c' } else { 'b' };
            let other: String = other.into_iter().collect();
            let applied = patch.apply(Some(&other));
            // The place may be in the part that the patch replaces.
            prop_assert!(applied.as_ref() == Ok(&data) || reason(&applied).is_some());
        }
    }

    fn reason(applied: &Result<String, StoreError>) -> Option<ErrorReason> {
        applied.as_ref().err().and_then(|error| error.reason)
    }

    /// Every way in which a base does not fit has the same reason, so that a caller sends
    /// the data whole.
    #[test]
    fn what_does_not_fit_is_refused() {
        let base = "é".repeat(1024);
        let data = format!("{base}more");
        let patch = DataPatch::between(1, &base, &data).expect("they share much");
        let broken = [
            (patch.clone(), None),
            (patch.clone(), Some("short")),
            (patch.clone(), Some(&base[2..])),
            (DataPatch { prefix_bytes: 3, ..patch.clone() }, Some(&base[..])),
            (DataPatch { suffix_bytes: u32::MAX, ..patch.clone() }, Some(&base)),
            (DataPatch { crc32: patch.crc32 ^ 1, ..patch.clone() }, Some(&base)),
        ];
        for (patch, base) in broken {
            let applied = patch.apply(base);
            assert_eq!(reason(&applied), Some(ErrorReason::PatchBase), "{patch:?}");
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
