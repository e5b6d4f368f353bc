//! What both sides check of an address.

/// The longest path of a unix socket, in bytes: the kernel keeps it with a zero behind it
/// in 108.
pub const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Checks a unix socket's path; the error says what to write.
///
/// # Errors
/// The path is empty, too long for the kernel, or the name of an abstract socket, which
/// no file permission protects.
pub fn check_socket_path(path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Err("`unix:` lacks a path; write unix:/run/adapter.sock".into());
    }
    if path.starts_with('@') || path.contains('\0') {
        return Err(format!(
            "`{}` is an abstract socket, which every process may use; write the path of a file, such as unix:/run/adapter.sock",
            path.replace('\0', "\\0")
        ));
    }
    if path.len() > SOCKET_PATH_BYTES_MAX {
        return Err(format!(
            "`{path}` is {} bytes long, a socket's path may have {SOCKET_PATH_BYTES_MAX}; give a shorter one",
            path.len()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel or the file system would refuse is refused when it is read.
    #[test]
    fn socket_paths_are_checked() {
        assert_eq!(check_socket_path("/run/a.sock"), Ok(()));
        assert_eq!(check_socket_path(&"x".repeat(107)), Ok(()));
        for (path, part) in [
            (String::new(), "lacks a path"),
            ("@name".into(), "abstract"),
            ("x".repeat(108), "108 bytes long"),
        ] {
            let fault = check_socket_path(&path).err().unwrap_or_default();
            assert!(fault.contains(part), "{fault}");
        }
    }
}
