//! Overrides from the environment: `MORTISE_HOST__TURNS__MAX_RUNNING=8` sets
//! `turns.max_running`.

use super::diagnostics::Bad;
use super::reader::{Section, Shared};
use mortise_adapter_client::SOCKET_VARIABLE;
use std::cell::RefCell;
use toml::{Table, Value};

/// What such variables begin with.
pub const PREFIX: &str = "MORTISE_HOST__";

/// Puts the variables' values over those of the file, as text.
pub(super) fn apply(
    table: &mut Table,
    variables: impl IntoIterator<Item = (String, String)>,
    shared: &RefCell<Shared>,
) {
    for (variable, value) in variables {
        let Some(name) = variable.strip_prefix(PREFIX) else {
            if variable == SOCKET_VARIABLE {
                shared.borrow_mut().workload_socket = Some(value);
            }
            continue;
        };
        let keys: Vec<String> = name.split("__").map(str::to_lowercase).collect();
        let path = keys.join(".");
        let mut shared_now = shared.borrow_mut();
        shared_now.variables.insert(path, variable.clone());
        drop(shared_now);
        if put(table, &keys, value).is_none() {
            let bad = Bad::new(
                format!("{variable} does not name a key"),
                format!("write {PREFIX}SECTION__KEY"),
            );
            Section::root(Table::new(), shared).fault("", bad);
        }
    }
}

/// `None` where the keys lead through something that is not a table.
fn put(table: &mut Table, keys: &[String], value: String) -> Option<()> {
    let (last, sections) = keys.split_last()?;
    let mut table = table;
    for key in sections {
        let entry = table.entry(key.clone());
        table = entry
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()?;
    }
    let is_section = table.get(last).is_some_and(Value::is_table);
    if last.is_empty() || sections.is_empty() || is_section {
        return None;
    }
    table.insert(last.clone(), Value::String(value));
    Some(())
}
