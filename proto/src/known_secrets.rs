//! Takes secrets out of the texts of others before they are stored, shown or logged.
//!
//! A provider may quote in its errors what it was sent: a key, a header, an address. Such
//! a text is blanked first and cut then, so that no half of a secret is left at the cut.

use std::fmt;

/// What stands in a text where a secret stood.
const BLANK: &str = "***";

/// Shorter values are not looked for: they would be found everywhere.
const SECRET_MIN: usize = 6;

/// So many bytes of a longer secret are a secret too: a text that quotes it may cut it.
const PART_MIN: usize = 12;

/// More of a text is not read.
const READ_MAX: usize = 16 * 1024;

/// The secrets that may be quoted. Not shown.
#[derive(Clone, Default)]
pub struct KnownSecrets(Vec<String>);

// === impl KnownSecrets ===

impl KnownSecrets {
    /// These secrets. Those of less than six bytes are left out.
    #[must_use]
    pub fn new<T: Into<String>>(known: impl IntoIterator<Item = T>) -> Self {
        Self(Vec::new()).and(known)
    }

    /// These as well.
    #[must_use]
    pub fn and<T: Into<String>>(mut self, known: impl IntoIterator<Item = T>) -> Self {
        let known = known.into_iter().map(Into::into);
        self.0.extend(known.filter(|one| one.len() >= SECRET_MIN));
        self
    }

    /// What an address may hold of secrets as well: its user and password, and the values
    /// of its query.
    #[must_use]
    pub fn and_of_url(self, url: &str) -> Self {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let authority = address.split_once("://").map_or(address, |(_, rest)| rest);
        let authority = authority.split('/').next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        let user = user.into_iter().flat_map(|user| user.split(':'));
        let values = query.split('&').map(|pair| {
            let value = pair.split_once('=').map(|(_, value)| value);
            value.unwrap_or(pair)
        });
        self.and(user.chain(values).map(str::to_string))
    }

    /// The text without the secrets, in at most `chars_max` characters. What follows the
    /// word `Bearer` is a secret too.
    #[must_use]
    pub fn blank(&self, text: &str, chars_max: usize) -> String {
        let text = head(text, READ_MAX);
        let mut secret = vec![false; text.len()];
        for known in &self.0 {
            mark(text.as_bytes(), known.as_bytes(), &mut secret);
        }
        mark_bearers(text, &mut secret);
        let mut blanked = String::new();
        let mut before = false;
        for (at, letter) in text.char_indices() {
            let is_secret = secret.iter().skip(at).take(letter.len_utf8()).any(|it| *it);
            match (is_secret, before) {
                (true, false) => blanked.push_str(BLANK),
                (true, true) => {}
                (false, _) => blanked.push(letter),
            }
            before = is_secret;
        }
        let mut letters = blanked.char_indices();
        if let Some((end, _)) = letters.nth(chars_max) {
            blanked.truncate(end);
            blanked.push('…');
        }
        blanked
    }
}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownSecrets").finish_non_exhaustive()
    }
}

/// The first bytes of a text, cut between letters.
fn head(text: &str, bytes_max: usize) -> &str {
    let end = (0..=bytes_max.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// Marks every stretch of a text that is a part of a secret.
fn mark(text: &[u8], known: &[u8], secret: &mut [bool]) {
    let need = known.len().min(PART_MIN);
    for (at, rest) in text.windows(need).enumerate() {
        for from in 0..=known.len() - need {
            if known.get(from..from + need) == Some(rest) {
                secret
                    .iter_mut()
                    .skip(at)
                    .take(need)
                    .for_each(|it| *it = true);
            }
        }
    }
}

fn mark_bearers(text: &str, secret: &mut [bool]) {
    const WORD: &str = "bearer ";
    let lower = text.to_ascii_lowercase();
    for (at, word) in lower.match_indices(WORD) {
        let from = at + word.len();
        let token = lower.get(from..).unwrap_or_default().bytes();
        let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
        let length = token.take_while(is_token).count();
        secret
            .iter_mut()
            .skip(from)
            .take(length)
            .for_each(|it| *it = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A secret is gone from a text, whole, cut by the text that quotes it, or at the place
    /// where the text itself is cut.
    #[test]
    fn no_part_of_a_secret_is_left() {
        let key = "sk-proj-0123456789abcdefghijklmnop";
        let secrets =
            KnownSecrets::new([key]).and_of_url("http://bob:hunter2@x/mcp?token=t0ps3cret&a=1");
        let blank = |text: &str| secrets.blank(text, 60);
        assert_eq!(blank(&format!("refused: {key}!")), "refused: ***!");
        assert_eq!(
            blank(&format!("refused: {}...", &key[..20])),
            "refused: ***..."
        );
        assert_eq!(
            blank("Authorization: bearer eyJ.x-y ok"),
            "Authorization: bearer *** ok"
        );
        assert_eq!(
            blank("at x/mcp?token=t0ps3cret&a=1"),
            "at x/mcp?token=***&a=1"
        );
        assert_eq!(blank("hunter2 größer"), "*** größer");
        let long = blank(&format!("{}{key}", "ä".repeat(58)));
        assert_eq!(long, format!("{}**…", "ä".repeat(58)));
        assert_eq!(KnownSecrets::default().blank("as it is", 60), "as it is");
    }
}
