//! What is in a file: text, or bytes that travel as base64.

use crate::db::errors::refused;
use crate::encoding::corrupt_row;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mortise_proto::StoreError;

pub(super) const TEXT: &str = "text";
pub(super) const BASE64: &str = "base64";

/// Content as it is stored.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) encoding: &'static str,
    /// The text in UTF-8, or the decoded bytes.
    pub(super) bytes: Vec<u8>,
}

// === impl Content ===

impl Content {
    /// Takes content as it travels. What is not base64 is text, whatever it is called.
    pub(super) fn parse(content: &str, encoding: &str) -> Result<Self, StoreError> {
        if encoding != BASE64 {
            return Ok(Self {
                encoding: TEXT,
                bytes: content.as_bytes().to_vec(),
            });
        }
        // Strict: what decodes is what encoding the bytes gives again.
        let bytes = STANDARD
            .decode(content)
            .map_err(|fault| refused(format!("the content is not valid base64: {fault}")))?;
        Ok(Self {
            encoding: BASE64,
            bytes,
        })
    }

    pub(super) fn size(&self) -> i64 {
        i64::try_from(self.bytes.len()).unwrap_or(i64::MAX)
    }
}

/// Stored bytes as they travel.
pub(super) fn travelling(bytes: Vec<u8>, encoding: &str) -> Result<String, StoreError> {
    if encoding == BASE64 {
        return Ok(STANDARD.encode(bytes));
    }
    String::from_utf8(bytes).map_err(|_| corrupt_row("the text of a file is not UTF-8"))
}
