//! How a secret looks in a debug dump: whether it is there, never what it is.

use std::collections::BTreeMap;
use std::fmt;

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
}

impl MaybeEmpty for String {
    fn is_empty(&self) -> bool {
        String::is_empty(self)
    }
}

impl MaybeEmpty for Option<String> {
    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

impl MaybeEmpty for BTreeMap<String, String> {
    fn is_empty(&self) -> bool {
        BTreeMap::is_empty(self)
    }
}
