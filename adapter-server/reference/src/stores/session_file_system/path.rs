//! Paths within a workspace. A path has one form, `/a/b`; what tools and people
//! write comes in several.

use crate::db::errors::refused;
use mortise_proto::StoreError;

/// As long as a path may be on Linux.
const BYTES_MAX: usize = 2048;

/// Each directory above a file is a row that writing it may make.
const DEPTH_MAX: usize = 128;

/// The prefix under which tools show the workspace.
const WORKSPACE: &str = "workspace";

/// An absolute path within a workspace, in its one form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FilePath(String);

// === impl FilePath ===

impl FilePath {
    /// Reads any of the forms. A path that it returns is read as itself again, so
    /// that what a listing shows can be opened: `/workspace` goes however often it
    /// leads.
    pub(crate) fn parse(text: &str) -> Result<Self, StoreError> {
        if text.len() > BYTES_MAX {
            return Err(refused(format!(
                "invalid path: it has {} bytes, at most {BYTES_MAX} are allowed",
                text.len()
            )));
        }
        if text.contains('\0') {
            return Err(refused("invalid path: it holds a NUL character"));
        }
        let mut path = String::with_capacity(text.len() + 1);
        for segment in text.split('/') {
            match segment {
                "" | "." => {}
                ".." => return Err(refused(format!("invalid path: {text} holds a .. segment"))),
                WORKSPACE if path.is_empty() => {}
                segment => {
                    path.push('/');
                    path.push_str(segment);
                }
            }
        }
        let depth = path.matches('/').count();
        if depth > DEPTH_MAX {
            return Err(refused(format!(
                "invalid path: it is {depth} deep, at most {DEPTH_MAX} are allowed"
            )));
        }
        if path.is_empty() {
            path.push('/');
        }
        Ok(Self(path))
    }

    pub(crate) fn root() -> Self {
        Self("/".to_string())
    }

    /// A path that was stored.
    pub(crate) fn stored(path: String) -> Self {
        Self(path)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0 == "/"
    }

    /// The last segment; `/` for the root.
    pub(crate) fn name(&self) -> &str {
        match self.0.rsplit_once('/') {
            Some((_, name)) if !name.is_empty() => name,
            _ => "/",
        }
    }

    /// The directory it is in; the root is in itself.
    pub(crate) fn parent(&self) -> Self {
        match self.0.rsplit_once('/') {
            Some((parent, _)) if !parent.is_empty() => Self(parent.to_string()),
            _ => Self::root(),
        }
    }

    /// The directories above it from the top, without the root.
    pub(crate) fn ancestors(&self) -> Vec<Self> {
        let ends = self.0.char_indices().skip(1).filter(|(_, c)| *c == '/');
        ends.map(|(end, _)| Self(self.0[..end].to_string()))
            .collect()
    }

    /// What is below it, as a range of paths: at least the first, less than the
    /// second. A range has no wildcards that a name could hold.
    pub(crate) fn below(&self) -> (String, String) {
        let prefix = self.0.trim_end_matches('/');
        // '0' is the character after '/'.
        (format!("{prefix}/"), format!("{prefix}0"))
    }
}

impl std::fmt::Display for FilePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// All the forms of one path are that path.
    #[test]
    fn forms_of_one_path() {
        for (form, path) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            (".", "/"),
            ("/workspace", "/"),
            ("/workspace/", "/"),
            ("workspace", "/"),
            ("/a", "/a"),
            ("a", "/a"),
            ("/a/", "/a"),
            ("//a", "/a"),
            ("/./a", "/a"),
            ("./a", "/a"),
            ("/workspace/a", "/a"),
            ("/workspace//./a/", "/a"),
            ("/workspace/workspace/a", "/a"),
            ("/workspacefoo", "/workspacefoo"),
            ("/a/workspace", "/a/workspace"),
            ("/p//q/./r", "/p/q/r"),
            ("/a..b/...", "/a..b/..."),
            ("/ä b/%_", "/ä b/%_"),
        ] {
            let parsed = FilePath::parse(form).unwrap();
            assert_eq!(parsed.as_str(), path, "{form:?}");
            assert_eq!(FilePath::parse(path).unwrap(), parsed, "{form:?} again");
        }
    }

    /// Nothing leaves the workspace.
    #[test]
    fn what_is_refused() {
        for path in ["..", "/..", "/a/../b", "a/..", "/workspace/..", "/a\0b"] {
            assert!(FilePath::parse(path).is_err(), "{path:?}");
        }
    }

    /// Names, parents and ranges, of the root too.
    #[test]
    fn parts() {
        let path = FilePath::parse("/a/b/c").unwrap();
        assert_eq!((path.name(), path.parent().as_str()), ("c", "/a/b"));
        let above: Vec<_> = path.ancestors().iter().map(ToString::to_string).collect();
        assert_eq!(above, ["/a", "/a/b"]);
        assert_eq!(path.below(), ("/a/b/c/".into(), "/a/b/c0".into()));
        let root = FilePath::parse("/").unwrap();
        assert_eq!((root.name(), root.parent().as_str()), ("/", "/"));
        assert!(root.ancestors().is_empty());
        assert_eq!(root.below(), ("/".into(), "0".into()));
    }

    /// A path that would make thousands of directories is refused before it does.
    #[test]
    fn length_and_depth_are_limited() {
        for path in ["a/".repeat(129), "a".repeat(4097)] {
            let refused = FilePath::parse(&path).unwrap_err();
            assert!(refused.message.contains("at most"), "{refused}");
        }
        FilePath::parse(&"a/".repeat(128)).unwrap();
    }
}
