//! SPIFFE IDs as they are written: `spiffe://TRUST_DOMAIN/PATH`.

/// As the standard allows.
const ID_BYTES_MAX: usize = 2048;

/// The trust domain of a workload's SPIFFE ID, or what is wrong with the ID.
pub fn trust_domain(id: &str) -> Result<&str, String> {
    let fault = |problem: &str| {
        format!("`{id}` is no SPIFFE ID: {problem}; write spiffe://example.org/storage")
    };
    if id.len() > ID_BYTES_MAX {
        return Err(format!(
            "the SPIFFE ID has {} bytes, and may have {ID_BYTES_MAX}",
            id.len()
        ));
    }
    let rest = id.strip_prefix("spiffe://");
    let rest = rest.ok_or_else(|| fault("it does not begin with spiffe://"))?;
    let (domain, path) = rest
        .split_once('/')
        .ok_or_else(|| fault("it has a trust domain alone, and no path"))?;
    let is_of_domain =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    if domain.is_empty() || !domain.chars().all(is_of_domain) {
        return Err(fault(
            "its trust domain is not made of lower-case letters, digits, dots, dashes and underscores",
        ));
    }
    let is_of_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_segment =
        |segment: &str| !matches!(segment, "" | "." | "..") && segment.chars().all(is_of_path);
    if !path.split('/').all(is_segment) {
        return Err(fault(
            "a part of its path is empty, a dot, or has other characters than letters, digits, dots, dashes and underscores",
        ));
    }
    Ok(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ID of a workload has a trust domain; everything else is told why it is none.
    #[test]
    fn a_workload_has_a_trust_domain() {
        let found = trust_domain("spiffe://example.org/ns/prod/sa/Storage_1");
        assert_eq!(found, Ok("example.org"));
        for text in [
            "",
            "https://example.org/x",
            "spiffe://example.org",
            "spiffe:///x",
            "spiffe://Example.org/x",
            "spiffe://example.org:1/x",
            "spiffe://user@example.org/x",
            "spiffe://example.org/",
            "spiffe://example.org/a//b",
            "spiffe://example.org/a/../b",
            "spiffe://example.org/a?b",
        ] {
            let problem = trust_domain(text).err().unwrap_or_default();
            assert!(problem.contains("spiffe://example.org/storage"), "{text}");
        }
        let long = format!("spiffe://example.org/{}", "x".repeat(ID_BYTES_MAX));
        assert!(trust_domain(&long).is_err());
    }
}
