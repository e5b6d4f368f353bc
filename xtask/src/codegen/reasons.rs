//! The gRPC code of every reason, as its `reason` option says.

use super::{PACKAGE, enum_name, message_option};
use anyhow::{Context, Result};
use prost_reflect::{DescriptorPool, EnumValueDescriptor};
use std::fmt::Write;

/// A reason of an error, with what its option states.
pub(crate) struct Reason {
    /// Without its prefix, as it travels.
    pub(crate) name: String,
    /// As Rust names it, such as `NotFound`.
    pub(crate) code: String,
    /// A second code that is allowed.
    pub(crate) or_code: Option<String>,
    /// The keys of its metadata.
    pub(crate) metadata: Vec<String>,
    pub(crate) value: EnumValueDescriptor,
}

pub(super) fn generate(pool: &DescriptorPool) -> Result<String> {
    let mut arms = String::new();
    for reason in reasons(pool)? {
        let variant = super::camel_case(&reason.name);
        write!(arms, "ErrorReason::{variant} => Code::{},", reason.code)?;
    }
    Ok(format!(
        "use crate::pb::ErrorReason;
        use tonic::Code;
        pub(super) const fn code_of(reason: ErrorReason) -> Code {{
            match reason {{ {arms} ErrorReason::Unspecified => Code::Unknown }}
        }}"
    ))
}

/// The reasons in order of number, without the zero value.
pub(crate) fn reasons(pool: &DescriptorPool) -> Result<Vec<Reason>> {
    let all = pool
        .get_enum_by_name(&format!("{PACKAGE}.ErrorReason"))
        .context("the contract has no ErrorReason")?;
    let values = all.values().filter(|value| value.number() != 0);
    values.map(|value| reason(value, pool)).collect()
}

fn reason(value: EnumValueDescriptor, pool: &DescriptorPool) -> Result<Reason> {
    let options = value.options();
    let stated = message_option(&options, pool, "reason")?
        .with_context(|| format!("{} states no code", value.full_name()))?;
    let code = enum_name(&stated, "code")
        .with_context(|| format!("{}: option reason", value.full_name()))?;
    let metadata = stated
        .get_field_by_name("metadata")
        .and_then(|keys| {
            let keys = keys.as_list()?.iter();
            keys.map(|key| key.as_str().map(String::from)).collect()
        })
        .unwrap_or_default();
    Ok(Reason {
        name: value.name().trim_start_matches("ERROR_REASON_").to_string(),
        code,
        or_code: enum_name(&stated, "or_code").ok(),
        metadata,
        value,
    })
}
