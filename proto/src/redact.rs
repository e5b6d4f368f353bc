//! Secrets in messages: how they look in a debug dump (whether one is there, never
//! what it is), and where one is.

use prost::bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt;

/// What says nothing, also where a secret could stand.
const BLANK: [&str; 4] = ["", "{}", "[]", "null"];

/// Finds secrets in a message and in the messages it holds. Implemented for every
/// message of the contract, from the fields that are marked `secret`.
pub trait Secrets {
    /// The first secret that is there, of those that `counts` says yes to; both are
    /// named `Message.field`. One that is empty, or the JSON of nothing (`{}`, `[]`,
    /// `null`), is not there.
    fn secret(&self, _counts: &dyn Fn(&str) -> bool) -> Option<&'static str> {
        None
    }
}

// === containers of messages ===

impl<T: Secrets> Secrets for Option<T> {
    fn secret(&self, counts: &dyn Fn(&str) -> bool) -> Option<&'static str> {
        self.as_ref().and_then(|held| held.secret(counts))
    }
}

impl<T: Secrets> Secrets for Box<T> {
    fn secret(&self, counts: &dyn Fn(&str) -> bool) -> Option<&'static str> {
        T::secret(self, counts)
    }
}

impl<T: Secrets> Secrets for Vec<T> {
    fn secret(&self, counts: &dyn Fn(&str) -> bool) -> Option<&'static str> {
        self.iter().find_map(|held| held.secret(counts))
    }
}

impl<T: Secrets> Secrets for BTreeMap<String, T> {
    fn secret(&self, counts: &dyn Fn(&str) -> bool) -> Option<&'static str> {
        self.values().find_map(|held| held.secret(counts))
    }
}

// === debug dumps ===

/// Stands for a secret field in `Debug`.
pub(crate) struct Redacted {
    present: bool,
}

impl Redacted {
    pub(crate) fn of(secret: &impl MaybeEmpty) -> Self {
        Self {
            present: !secret.is_empty(),
        }
    }
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.present {
            "[redacted]"
        } else {
            "[empty]"
        })
    }
}

/// The shapes that secret fields have.
pub(crate) trait MaybeEmpty {
    fn is_empty(&self) -> bool;

    /// Whether it says nothing: empty, or the JSON of nothing.
    fn is_blank(&self) -> bool {
        self.is_empty()
    }

    /// The name of this field, if it is there and counts.
    fn counted(&self, name: &'static str, counts: &dyn Fn(&str) -> bool) -> Option<&'static str> {
        (!self.is_blank() && counts(name)).then_some(name)
    }
}

impl MaybeEmpty for String {
    fn is_empty(&self) -> bool {
        String::is_empty(self)
    }

    fn is_blank(&self) -> bool {
        BLANK.contains(&self.as_str())
    }
}

impl MaybeEmpty for Option<String> {
    fn is_empty(&self) -> bool {
        self.is_none()
    }

    fn is_blank(&self) -> bool {
        self.as_ref().is_none_or(MaybeEmpty::is_blank)
    }
}

impl MaybeEmpty for BTreeMap<String, String> {
    fn is_empty(&self) -> bool {
        BTreeMap::is_empty(self)
    }

    fn is_blank(&self) -> bool {
        self.values().all(MaybeEmpty::is_blank)
    }
}

impl MaybeEmpty for Bytes {
    fn is_empty(&self) -> bool {
        Bytes::is_empty(self)
    }
}
