//! The section `[leases]`.

use crate::config::Leases;
use crate::config::diagnostics::Bad;
use crate::config::reader::Section;
use crate::config::values::{duration, text};
use crate::host::LeaseOptions;
use http::Uri;
use mortise_proto::convert::session_lease::{
    ADDRESS_BYTES_MAX, HOLDER_BYTES_MAX, TTL_MAX, TTL_MIN,
};
use std::time::Duration;
use toml::Value;

pub(super) fn leases(mut section: Section<'_>) -> Leases {
    let advertise = section.read("advertise", address);
    let holder = section.read("holder", holder);
    let ttl = section.read("ttl", ttl);
    section.finish();
    Leases {
        advertise,
        holder,
        ttl: ttl.unwrap_or(LeaseOptions::default().ttl),
    }
}

fn address(value: &Value) -> Result<String, Bad> {
    let remedy = "write a URL such as https://host-3.example.com:7451";
    let address = text(value)?;
    let uri = address.parse::<Uri>().ok();
    let has_host = uri.is_some_and(|uri| uri.scheme().is_some() && uri.host().is_some());
    if !has_host || address.len() > ADDRESS_BYTES_MAX {
        return Err(Bad::new("it is not a URL of a host", remedy));
    }
    if address.contains('@') {
        return Err(Bad::new(
            "it contains a user or a password, which every caller would be told",
            remedy,
        ));
    }
    Ok(address)
}

fn holder(value: &Value) -> Result<String, Bad> {
    let remedy = "write a name that no other host has at the same time, such as that of its pod";
    let holder = text(value)?;
    if holder.is_empty() || holder.len() > HOLDER_BYTES_MAX || holder.contains('\0') {
        let problem = format!("it has not 1 to {HOLDER_BYTES_MAX} bytes without NUL");
        return Err(Bad::new(problem, remedy));
    }
    Ok(holder)
}

fn ttl(value: &Value) -> Result<Duration, Bad> {
    let ttl = duration(value)?;
    if (TTL_MIN..=TTL_MAX).contains(&ttl) {
        return Ok(ttl);
    }
    Err(Bad::new(
        "it is out of range",
        "write a time from 1s to 10m",
    ))
}
