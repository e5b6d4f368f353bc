//! The values that careless servers change: `vectors.json`, which the tests of the kits read
//! as well.

use prost_types::Timestamp;
use serde::Deserialize;
use std::sync::LazyLock;

/// What the suite uses of the file.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Vectors {
    pub(crate) texts: Vec<Text>,
    /// Texts that look alike, and are not the same.
    pub(crate) distinct: Vec<Distinct>,
    pub(crate) org_ids: Vec<String>,
    /// Open values that are kept as they came.
    pub(crate) open_values: Vec<OpenValue>,
    /// Those that are refused.
    pub(crate) refused_open_values: Vec<OpenValue>,
    pub(crate) timestamps: Vec<Moment>,
    pub(crate) event_types: Vec<String>,
}

/// One open value, as JSON text.
#[derive(Debug, Deserialize)]
pub(crate) struct OpenValue {
    pub(crate) name: String,
    pub(crate) json: String,
}

/// One time. JSON keeps no 64 bits of a number, so the seconds are a text.
#[derive(Debug, Deserialize)]
pub(crate) struct Moment {
    pub(crate) name: String,
    seconds: String,
    nanos: i32,
}

// === impl Moment ===

impl Moment {
    pub(crate) fn timestamp(&self) -> Option<Timestamp> {
        let seconds = self.seconds.parse().ok()?;
        Some(Timestamp {
            seconds,
            nanos: self.nanos,
        })
    }
}

/// One text.
#[derive(Debug, Deserialize)]
pub(crate) struct Text {
    pub(crate) text: String,
}

/// Texts that differ in one respect.
#[derive(Debug, Deserialize)]
pub(crate) struct Distinct {
    /// The respect.
    pub(crate) name: String,
    pub(crate) texts: Vec<String>,
}

/// The file; a test holds that it can be read.
pub(crate) static VECTORS: LazyLock<Vectors> =
    LazyLock::new(|| serde_json::from_str(include_str!("../vectors.json")).unwrap_or_default());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::AWKWARD_JSON;
    use std::collections::BTreeSet;

    /// The file can be read, and what has to differ differs.
    #[test]
    fn the_file_is_whole() {
        assert!(VECTORS.texts.len() > 10 && VECTORS.org_ids.len() > 3);
        assert!(VECTORS.open_values.len() > 5 && VECTORS.refused_open_values.len() > 5);
        assert!(
            VECTORS
                .timestamps
                .iter()
                .all(|time| time.timestamp().is_some())
        );
        assert!(!VECTORS.timestamps.is_empty() && !VECTORS.event_types.is_empty());
        for group in &VECTORS.distinct {
            let texts: BTreeSet<_> = group.texts.iter().collect();
            assert_eq!(texts.len(), group.texts.len(), "{}", group.name);
            assert!(texts.len() > 1, "{}", group.name);
        }
        assert_eq!(VECTORS.open_values[0].json, AWKWARD_JSON);
    }
}
