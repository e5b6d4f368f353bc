//! Whether the head of a connection's first request is complete. In HTTP/1 it ends with
//! an empty line, and the preface of HTTP/2 holds one as well.

/// The bytes so far.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Whether a line has ended and nothing of the next one has come.
    is_line_empty: bool,
}

// === impl Head ===

impl Head {
    /// Takes the next bytes.
    pub(super) fn is_complete_with(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            match byte {
                b'\n' if self.is_line_empty => return true,
                b'\n' => self.is_line_empty = true,
                b'\r' => {}
                _ => self.is_line_empty = false,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The end of a head is found however its bytes are cut, in both versions of HTTP.
    #[test]
    fn heads_end_with_an_empty_line() {
        for complete in [
            "GET /live HTTP/1.1\r\nhost: a\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ] {
            for at_once in [1, 3, 100] {
                let mut head = Head::default();
                let mut parts = complete.as_bytes().chunks(at_once);
                assert!(parts.any(|part| head.is_complete_with(part)), "{complete}");
            }
        }
        let mut head = Head::default();
        assert!(!head.is_complete_with(b"GET /live HTTP/1.1\r\nhost: a\r\n"));
    }
}
