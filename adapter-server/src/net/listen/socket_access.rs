//! Who may connect to a unix socket: the mode of its file, and the group it belongs to.

use nix::unistd::{Gid, Group};
use std::fmt;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::str::FromStr;

/// The bits that a socket may have: read, write and execute of owner, group and others.
const BITS: u32 = 0o777;

/// Who may connect to a unix socket. What is `None` stays as the system makes it: the mode
/// by the process's umask, the group by its own group or the folder's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SocketAccess {
    /// The mode of the socket's file.
    pub mode: Option<SocketMode>,
    /// The group of the socket's file, by name or number. A process that is not root can
    /// give the groups that it is a member of.
    pub group: Option<SocketGroup>,
}

/// The mode of a socket's file, as octal digits: `0660`. To connect takes the right to
/// write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketMode(u32);

/// A group, by its name or its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketGroup(String);

// === impl SocketAccess ===

impl SocketAccess {
    /// Applies it to a socket's file. The group is first: until it is set, a wider mode
    /// would be another group's.
    pub(super) fn apply(&self, path: &Path) -> io::Result<()> {
        if let Some(group) = &self.group {
            let id = group.id()?.as_raw();
            chown(path, None, Some(id)).map_err(|cause| {
                let text = format!("its group cannot be set to `{group}`: {cause}; make the server's user a member of the group");
                io::Error::new(cause.kind(), text)
            })?;
        }
        if let Some(SocketMode(bits)) = self.mode {
            fs::set_permissions(path, Permissions::from_mode(bits))?;
        }
        Ok(())
    }
}

// === impl SocketMode ===

impl FromStr for SocketMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("0o").unwrap_or(text);
        let is_octal = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        let bits = u32::from_str_radix(digits, 8).ok();
        bits.filter(|bits| is_octal && *bits <= BITS)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a mode from 0000 to 0777; write 0660"))
    }
}

impl fmt::Display for SocketMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

// === impl SocketGroup ===

impl SocketGroup {
    /// Its number.
    ///
    /// # Errors
    /// No such group, or the list of groups cannot be read.
    pub fn id(&self) -> io::Result<Gid> {
        if let Ok(number) = self.0.parse() {
            return Ok(Gid::from_raw(number));
        }
        let found = Group::from_name(&self.0).map_err(io::Error::from)?;
        found.map(|group| group.gid).ok_or_else(|| {
            let text = format!("there is no group `{self}`; make it with groupadd");
            io::Error::new(io::ErrorKind::NotFound, text)
        })
    }
}

impl FromStr for SocketGroup {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" => Err("it is empty; write the name of a group".into()),
            text => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for SocketGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mode is octal and has no more bits than a socket can use.
    #[test]
    fn modes_are_octal() {
        for (text, shown) in [("0660", "0660"), ("0o600", "0600"), ("7", "0007")] {
            let mode: Result<SocketMode, _> = text.parse();
            assert_eq!(mode.map(|mode| mode.to_string()), Ok(shown.into()));
        }
        for text in ["", "0o", "rw-rw----", "8", "1777", "+660", "99999999999"] {
            let mode: Result<SocketMode, _> = text.parse();
            assert!(mode.is_err(), "{text}: {mode:?}");
        }
    }

    /// A group that is not there is named, with what to do.
    #[test]
    fn an_unknown_group_is_named() {
        let group: Result<SocketGroup, _> = "no-such-group".parse();
        let error = group.map(|group| group.id().map_err(|error| error.to_string()));
        let text = "there is no group `no-such-group`; make it with groupadd";
        assert_eq!(error, Ok(Err(text.into())));
    }
}
