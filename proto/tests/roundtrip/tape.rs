//! Random values of any type, read off a tape of random words. A proptest failure
//! shrinks the tape, and with it the value: an empty tape is the simplest value.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use chrono::{DateTime, Utc};
use everruns_core::typed_id::{IdMarker, TypedId};
use proptest::prelude::*;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Words to read values off.
pub(crate) fn tape() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec(any::<u64>(), 0..1500)
}

pub(crate) struct Tape<'a> {
    words: std::slice::Iter<'a, u64>,
    fill: Fill,
}

/// How much of a value is there.
#[derive(Clone, Copy, PartialEq)]
enum Fill {
    /// No option, no list entry.
    Bare,
    /// Some of them.
    Mixed,
    /// Every option, and entries in every list.
    Full,
}

pub(crate) trait Arb: Sized {
    fn arb(tape: &mut Tape<'_>) -> Self;
}

/// Implements [`Arb`] for structs by naming every field, so that a new upstream
/// field is a compile error here too.
macro_rules! arb_struct {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        impl Arb for $name {
            fn arb(tape: &mut Tape<'_>) -> Self {
                $name { $($field: tape.make()),* }
            }
        }
    )*};
}

/// Implements [`Arb`] for enums by naming every variant.
macro_rules! arb_enum {
    ($($name:ident { $($variant:ident),* $(,)? })*) => {$(
        impl Arb for $name {
            fn arb(tape: &mut Tape<'_>) -> Self {
                tape.choose(&[$($name::$variant),*])
            }
        }
    )*};
}

pub(crate) use {arb_enum, arb_struct};

impl<'a> Tape<'a> {
    /// A value that is bare, full or between.
    pub(crate) fn new(words: &'a [u64]) -> Self {
        let mut tape = Self {
            words: words.iter(),
            fill: Fill::Bare,
        };
        tape.fill = [Fill::Bare, Fill::Full, Fill::Mixed, Fill::Mixed][tape.below(4)];
        tape
    }

    /// A value that has everything.
    pub(crate) fn full(words: &'a [u64]) -> Self {
        Self {
            words: words.iter(),
            fill: Fill::Full,
        }
    }

    pub(crate) fn make<T: Arb>(&mut self) -> T {
        T::arb(self)
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.words.next().copied().unwrap_or(0)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.word() % limit as u64) as usize
    }

    pub(crate) fn choose<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn present(&mut self) -> bool {
        match self.fill {
            Fill::Bare => false,
            Fill::Mixed => self.word() % 2 == 1,
            Fill::Full => true,
        }
    }

    fn length(&mut self) -> usize {
        match self.fill {
            Fill::Bare => 0,
            Fill::Mixed => self.below(3),
            Fill::Full => 1 + self.below(2),
        }
    }
}

// === containers ===

impl<T: Arb> Arb for Option<T> {
    fn arb(tape: &mut Tape<'_>) -> Self {
        tape.present().then(|| tape.make())
    }
}

impl<T: Arb> Arb for Vec<T> {
    fn arb(tape: &mut Tape<'_>) -> Self {
        (0..tape.length()).map(|_| tape.make()).collect()
    }
}

impl<K: Arb, V: Arb> Arb for (K, V) {
    fn arb(tape: &mut Tape<'_>) -> Self {
        (tape.make(), tape.make())
    }
}

impl<K: Arb + Eq + Hash, V: Arb> Arb for HashMap<K, V> {
    fn arb(tape: &mut Tape<'_>) -> Self {
        tape.make::<Vec<_>>().into_iter().collect()
    }
}

impl<K: Arb + Ord, V: Arb> Arb for BTreeMap<K, V> {
    fn arb(tape: &mut Tape<'_>) -> Self {
        tape.make::<Vec<_>>().into_iter().collect()
    }
}

// === scalars, with their edges ===

impl Arb for bool {
    fn arb(tape: &mut Tape<'_>) -> Self {
        tape.word() % 2 == 1
    }
}

impl Arb for u32 {
    fn arb(tape: &mut Tape<'_>) -> Self {
        let random = tape.word() as u32;
        tape.choose(&[0, random, 1, u32::MAX])
    }
}

impl Arb for u64 {
    fn arb(tape: &mut Tape<'_>) -> Self {
        let random = tape.word();
        tape.choose(&[0, random, (1 << 53) + 1, i64::MAX as u64 + 1, u64::MAX])
    }
}

impl Arb for u8 {
    fn arb(tape: &mut Tape<'_>) -> Self {
        tape.word().to_le_bytes()[0]
    }
}

impl Arb for usize {
    fn arb(tape: &mut Tape<'_>) -> Self {
        tape.make::<u64>() as usize
    }
}

impl Arb for i64 {
    fn arb(tape: &mut Tape<'_>) -> Self {
        let random = tape.word() as i64;
        tape.choose(&[0, random, -1, (1 << 53) + 1, i64::MIN, i64::MAX])
    }
}

impl Arb for f64 {
    fn arb(tape: &mut Tape<'_>) -> Self {
        let random = f64::from_bits(tape.word());
        let random = if random.is_finite() { random } else { 0.5 };
        tape.choose(&[0.0, random, -0.0, 1.0, 0.1, f64::MAX, 5e-324])
    }
}

impl Arb for String {
    fn arb(tape: &mut Tape<'_>) -> Self {
        const TEXTS: &[&str] = &[
            "",
            "text",
            "null",
            "{}",
            "  \t ",
            "Grüße, 世界 🦀",
            "nul\0byte",
            "line\r\nline\n",
            "\u{feff}quote\" and \\ and \u{202e}",
            "<none>",
        ];
        match tape.below(TEXTS.len() + 2) {
            known if known < TEXTS.len() => TEXTS[known].to_string(),
            _ => (0..tape.below(12))
                .map(|_| char::from_u32(tape.word() as u32 % 0x11_0000).unwrap_or('\u{fffd}'))
                .collect(),
        }
    }
}

impl Arb for Uuid {
    fn arb(tape: &mut Tape<'_>) -> Self {
        Self::from_u64_pair(tape.word(), tape.word())
    }
}

impl<M: IdMarker> Arb for TypedId<M> {
    fn arb(tape: &mut Tape<'_>) -> Self {
        Self::from_uuid(tape.make())
    }
}

impl Arb for DateTime<Utc> {
    fn arb(tape: &mut Tape<'_>) -> Self {
        const FIRST: i64 = -62_135_596_800;
        const LAST: i64 = 253_402_300_799;
        let random = FIRST + tape.below((LAST - FIRST) as usize) as i64;
        let seconds = tape.choose(&[0, random, FIRST, LAST, -1]);
        let nanos = tape.below(1_000_000_000) as u32;
        Self::from_timestamp(seconds, tape.choose(&[0, nanos, 1, 999_999_999])).unwrap()
    }
}

impl Arb for Value {
    fn arb(tape: &mut Tape<'_>) -> Self {
        value(tape, 3)
    }
}

fn value(tape: &mut Tape<'_>, depth: usize) -> Value {
    let kinds = if depth == 0 { 6 } else { 10 };
    match tape.below(kinds) {
        0 => Value::Null,
        1 => Value::Bool(tape.make()),
        2 => Value::from(tape.make::<i64>()),
        3 => Value::from(tape.make::<u64>()),
        4 => Value::from(tape.make::<f64>()),
        5 => Value::String(tape.make()),
        6 => Value::Object(Map::new()),
        7 => Value::Array(Vec::new()),
        8 => (0..tape.below(3)).map(|_| value(tape, depth - 1)).collect(),
        _ => Value::Object(
            (0..tape.below(3))
                .map(|_| (tape.make(), value(tape, depth - 1)))
                .collect(),
        ),
    }
}
