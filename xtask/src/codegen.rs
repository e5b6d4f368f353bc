//! Generates `proto/src/generated` and the two descriptor sets, of the adapter
//! contract and of the host's own service.
//!
//! protox compiles the .proto files, so protoc is not needed. Messages and server
//! traits come from tonic's generator; the RPC table, the access to a request's
//! context and the redacted `Debug` come from the options in the .proto files,
//! which only the descriptors still hold.

mod handlers;
pub(crate) mod reasons;
mod redact;
mod table;
mod values;

use anyhow::{Context, Result, bail};
use prost_reflect::{
    DescriptorPool, DynamicMessage, MessageDescriptor, ReflectMessage, ServiceDescriptor,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs, process};

/// The adapter contract.
const PACKAGE: &str = "mortise.adapter.v1";

/// What the host offers, in terms of the adapter contract.
const HOST_PACKAGE: &str = "mortise.host.v1";

pub(crate) fn run(check: bool) -> Result<()> {
    let root = crate::shell::root();
    let files = generate(&root)?;
    let mut stale = Vec::new();
    for (path, content) in files {
        let path = root.join(path);
        if fs::read(&path).is_ok_and(|committed| committed == content) {
            continue;
        }
        stale.push(path.display().to_string());
        if !check {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, content)?;
        }
    }
    match (check, stale.is_empty()) {
        (true, false) => bail!(
            "generated files differ from the .proto files: {}; run `cargo xtask codegen` and commit",
            stale.join(", ")
        ),
        (false, false) => eprintln!("wrote {}", stale.join(", ")),
        (_, true) => eprintln!("generated files are up to date"),
    }
    Ok(())
}

/// Copies today's descriptor set over the frozen one, which `buf breaking`
/// compares with. For releases.
pub(crate) fn freeze() -> Result<()> {
    let proto = crate::shell::root().join("proto");
    fs::copy(proto.join("descriptor.binpb"), proto.join("frozen.binpb"))?;
    Ok(())
}

fn generate(root: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let include = root.join("proto/proto");
    let contract = Compiled::new(&include, PACKAGE)?;
    let host = Compiled::new(&include, HOST_PACKAGE)?;
    let pool = &contract.pool;

    let mut files = BTreeMap::new();
    let generated = |name: &str| format!("proto/src/generated/{name}");
    let adapter = messages(PACKAGE, contract.with_comments, pool)?;
    files.insert(generated("mortise.adapter.v1.rs"), adapter.into_bytes());
    let messages = messages(HOST_PACKAGE, host.with_comments, pool)?;
    files.insert(generated("mortise.host.v1.rs"), messages.into_bytes());
    files.insert(generated("table.rs"), pretty(&table::generate(pool)?)?);
    files.insert(generated("redact.rs"), pretty(&redact::generate(pool)?)?);
    files.insert(
        "adapter-server/src/services/generated.rs".into(),
        pretty(&handlers::generate(pool)?)?,
    );
    let reasons = pretty(&reasons::generate(pool)?)?;
    files.insert(generated("reasons.rs"), reasons);
    files.insert(generated("values.rs"), pretty(&values::generate(pool)?)?);
    files.insert("proto/descriptor.binpb".into(), contract.encoded);
    files.insert("proto/host_descriptor.binpb".into(), host.encoded);
    Ok(files)
}

/// The .proto files of one package, with what they import.
struct Compiled {
    with_comments: prost_types::FileDescriptorSet,
    pool: DescriptorPool,
    /// Without comments.
    encoded: Vec<u8>,
}

impl Compiled {
    fn new(include: &Path, package: &str) -> Result<Self> {
        let mut sources: Vec<_> = fs::read_dir(include.join(package.replace('.', "/")))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        sources.sort();
        let mut compiler = protox::Compiler::new([include])?;
        compiler
            .include_imports(true)
            .include_source_info(true)
            .open_files(&sources)
            .context("the .proto files do not compile")?;
        let encoded = protox::Compiler::new([include])?
            .include_imports(true)
            .open_files(&sources)?
            .encode_file_descriptor_set();
        Ok(Self {
            with_comments: compiler.file_descriptor_set(),
            pool: compiler.descriptor_pool(),
            encoded,
        })
    }
}

/// Messages and server traits, by tonic's generator; of the host's service a client
/// too. Its messages refer to the contract's.
fn messages(
    package: &str,
    set: prost_types::FileDescriptorSet,
    pool: &DescriptorPool,
) -> Result<String> {
    let out = env::temp_dir().join(format!("mortise-codegen-{}", process::id()));
    fs::create_dir_all(&out)?;
    let mut config = prost_build::Config::new();
    // Ordered maps: equal messages have equal bytes.
    config.btree_map(["."]).bytes(["."]).out_dir(&out);
    config.skip_debug(
        redact::messages_with_secrets(pool)
            .iter()
            .map(|message| format!(".{}", message.full_name())),
    );
    let mut generator = tonic_prost_build::configure()
        .build_client(package == HOST_PACKAGE)
        .compile_well_known_types(false)
        .out_dir(&out);
    if package == HOST_PACKAGE {
        generator = generator.extern_path(format!(".{PACKAGE}"), "crate::pb");
    }
    let result = generator
        .compile_fds_with_config(set, config)
        .context("tonic's generator failed")
        .and_then(|()| Ok(fs::read_to_string(out.join(format!("{package}.rs")))?));
    fs::remove_dir_all(&out)?;
    result
}

fn pretty(source: &str) -> Result<Vec<u8>> {
    let file = syn::parse_file(source).context("generated code does not parse")?;
    let header = "// @generated by `cargo xtask codegen` from the .proto files. Do not edit.\n";
    Ok(format!("{header}{}", prettyplease::unparse(&file)).into_bytes())
}

/// The descriptors of the contract, with its comments.
pub(crate) fn contract(root: &Path) -> Result<DescriptorPool> {
    Ok(Compiled::new(&root.join("proto/proto"), PACKAGE)?.pool)
}

/// The name of every service of the contract, as its `store` option says.
pub(crate) fn store_names(root: &Path) -> Result<Vec<String>> {
    let pool = contract(root)?;
    let services = own_services(&pool);
    let names = services
        .iter()
        .map(|service| store_option(service, &pool).map(|(name, _)| name));
    names.collect()
}

/// Services of the adapter contract, in order of name.
pub(crate) fn own_services(pool: &DescriptorPool) -> Vec<ServiceDescriptor> {
    let mut all: Vec<_> = pool
        .services()
        .filter(|service| service.package_name() == PACKAGE)
        .collect();
    all.sort_by(|a, b| a.name().cmp(b.name()));
    all
}

/// What a service's `store` option says: its name and who needs it.
pub(crate) fn store_option(
    service: &ServiceDescriptor,
    pool: &DescriptorPool,
) -> Result<(String, String)> {
    let store = option_value(&service.options(), pool, "store")?;
    let store = store
        .as_message()
        .with_context(|| format!("{} states no store", service.full_name()))?;
    let name = store
        .get_field_by_name("name")
        .and_then(|name| Some(name.as_str()?.to_string()))
        .filter(|name| !name.is_empty())
        .with_context(|| format!("{}: option store lacks `name`", service.full_name()))?;
    let requirement = enum_name(store, "requirement")
        .with_context(|| format!("{}: option store", service.full_name()))?;
    Ok((name, requirement))
}

/// The value of an enum field as Rust names it: `FailClosed` for
/// `ON_UNAVAILABLE_FAIL_CLOSED`. Zero is refused: it means that nothing was stated.
fn enum_name(message: &DynamicMessage, field: &str) -> Result<String> {
    let number = message
        .get_field_by_name(field)
        .and_then(|value| value.as_enum_number())
        .unwrap_or_default();
    if number == 0 {
        bail!("lacks `{field}`");
    }
    let descriptor = message
        .descriptor()
        .get_field_by_name(field)
        .and_then(|field| field.kind().as_enum().cloned())
        .with_context(|| format!("`{field}` is not an enum"))?;
    let value = descriptor
        .get_value(number)
        .with_context(|| format!("`{field}` has no value {number}"))?;
    let prefix = snake_case(descriptor.name()).to_uppercase() + "_";
    Ok(camel_case(value.name().trim_start_matches(&prefix)))
}

/// `FailClosed` for `FAIL_CLOSED`.
fn camel_case(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_uppercase() + &rest.to_lowercase()
        })
        .collect()
}

/// Messages of this package, in order of name, nested ones left out: the contract
/// has none but map entries.
pub(crate) fn own_messages(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    let mut all: Vec<_> = pool
        .all_messages()
        .filter(|message| message.package_name() == PACKAGE && !message.is_map_entry())
        .collect();
    all.sort_by(|a, b| a.full_name().cmp(b.full_name()));
    all
}

/// `GetModelWithProvider` as `get_model_with_provider`.
fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_uppercase() && index > 0 {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// What an element's options say of one of this package's own options.
pub(crate) fn option_value(
    options: &prost_reflect::DynamicMessage,
    pool: &DescriptorPool,
    extension: &str,
) -> Result<prost_reflect::Value> {
    let extension = pool
        .get_extension_by_name(&format!("{PACKAGE}.{extension}"))
        .with_context(|| format!("option {extension} is not defined"))?;
    Ok(options.get_extension(&extension).into_owned())
}

/// The message that an element's option holds; `None` if the element does not state it.
pub(crate) fn message_option(
    options: &DynamicMessage,
    pool: &DescriptorPool,
    extension: &str,
) -> Result<Option<DynamicMessage>> {
    let extension = pool
        .get_extension_by_name(&format!("{PACKAGE}.{extension}"))
        .with_context(|| format!("option {extension} is not defined"))?;
    if !options.has_extension(&extension) {
        return Ok(None);
    }
    let value = options.get_extension(&extension).into_owned();
    Ok(value.as_message().cloned())
}
