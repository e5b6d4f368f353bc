//! Reads a table key by key and goes on after a fault, so that one look at the
//! configuration finds all of them.

use super::diagnostics::{Bad, shown};
use mortise_adapter_server::{Diagnostic, nearest};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// What all sections of one configuration share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) faults: Vec<Diagnostic>,
    /// Every key that was asked for, with `*` for a name that the operator chooses.
    pub(super) schema: BTreeSet<String>,
    /// The variable that a key's value came from, by the key's path.
    pub(super) variables: BTreeMap<String, String>,
    /// Where the SPIFFE Workload API listens, as its own variable says.
    pub(super) workload_socket: Option<String>,
}

/// A table under a path.
pub(super) struct Section<'a> {
    path: String,
    schema_path: String,
    table: Table,
    known: Vec<String>,
    shared: &'a RefCell<Shared>,
}

// === impl Shared ===

impl Shared {
    fn fault(&mut self, path: &str, value: Option<&Value>, bad: Bad) {
        self.faults.push(Diagnostic {
            path: path.into(),
            variable: self.variables.get(path).cloned(),
            value: value.map(|value| shown(path, value)),
            reason: bad.reason,
            remedy: bad.remedy,
        });
    }
}

// === impl Section ===

impl<'a> Section<'a> {
    /// The whole configuration.
    pub(super) fn root(table: Table, shared: &'a RefCell<Shared>) -> Self {
        Self {
            path: String::new(),
            schema_path: String::new(),
            table,
            known: Vec::new(),
            shared,
        }
    }

    /// A table in this one; empty where there is none.
    pub(super) fn section(&mut self, key: &str) -> Self {
        self.known.push(key.into());
        self.take_table(key, key)
    }

    /// A table in this one, where there is one.
    pub(super) fn optional_section(&mut self, key: &str) -> Option<Self> {
        let is_there = self.table.contains_key(key);
        let section = self.section(key);
        if is_there {
            return Some(section);
        }
        None
    }

    /// Leaves a table out that is not there.
    pub(super) fn skip(&mut self, key: &str) {
        self.known.push(key.into());
    }

    /// Tables whose names the operator chose.
    pub(super) fn named_sections(&mut self) -> Vec<(String, Self)> {
        let names: Vec<String> = self.table.keys().cloned().collect();
        self.known.extend(names.iter().cloned());
        let named = names.into_iter().map(|name| {
            let section = self.take_table(&name, "*");
            (name, section)
        });
        named.collect()
    }

    /// The keys that were not asked for yet, as names that the operator chose.
    pub(super) fn names(&self) -> Vec<String> {
        let unasked = |name: &&String| !self.known.contains(name);
        self.table.keys().filter(unasked).cloned().collect()
    }

    /// A key's value, if it is there and can be read.
    pub(super) fn read<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&Value) -> Result<T, Bad>,
    ) -> Option<T> {
        self.known.push(key.into());
        let mut shared = self.shared.borrow_mut();
        shared.schema.insert(below(&self.schema_path, key));
        self.read_value(&mut shared, key, parse)
    }

    /// The value of a key whose name the operator chose.
    pub(super) fn read_named<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&Value) -> Result<T, Bad>,
    ) -> Option<T> {
        self.known.push(key.into());
        self.read_value(&mut self.shared.borrow_mut(), key, parse)
    }

    /// A key's value, which must be there.
    pub(super) fn require<T>(
        &mut self,
        key: &str,
        remedy: &str,
        parse: impl Fn(&Value) -> Result<T, Bad>,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            self.fault(key, Bad::new("it is missing", remedy));
        }
        self.read(key, parse)
    }

    /// Where the SPIFFE Workload API listens, as the environment says.
    pub(super) fn workload_socket(&self) -> Option<String> {
        self.shared.borrow().workload_socket.clone()
    }

    /// Whether a key is given.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Notes files of certificates beside the SPIFFE agent, which gives those.
    pub(super) fn without_files(&self, files: &[&str]) {
        for key in files.iter().filter(|key| self.has(key)) {
            let bad = Bad::new("SPIFFE gives it", "leave it out, or remove spiffe");
            self.fault(key, bad);
        }
    }

    /// Notes what is wrong with a key, or with this table where the key is empty.
    pub(super) fn fault(&self, key: &str, bad: Bad) {
        let path = below(&self.path, key);
        let value = self.table.get(key);
        self.shared.borrow_mut().fault(&path, value, bad);
    }

    /// Notes every key that was not read. Their values are not repeated: a secret
    /// under a wrong name is one all the same.
    pub(super) fn finish(self) {
        for key in self.names() {
            let nearest = nearest(&key, self.known.iter().map(String::as_str));
            let remedy = match nearest {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("keys here are: {}", self.known.join(", ")),
            };
            let bad = Bad::new("there is no such key", remedy);
            let path = below(&self.path, &key);
            self.shared.borrow_mut().fault(&path, None, bad);
        }
    }

    fn read_value<T>(
        &self,
        shared: &mut Shared,
        key: &str,
        parse: impl Fn(&Value) -> Result<T, Bad>,
    ) -> Option<T> {
        let value = self.table.get(key)?;
        match parse(value) {
            Ok(read) => Some(read),
            Err(bad) => {
                shared.fault(&below(&self.path, key), Some(value), bad);
                None
            }
        }
    }

    fn take_table(&mut self, key: &str, schema_key: &str) -> Self {
        let table = match self.table.get(key) {
            Some(Value::Table(table)) => table.clone(),
            Some(_) => {
                let path = below(&self.path, key);
                self.fault(
                    key,
                    Bad::new("it is not a table", format!("write [{path}]")),
                );
                Table::new()
            }
            None => Table::new(),
        };
        Self {
            path: below(&self.path, key),
            schema_path: below(&self.schema_path, schema_key),
            table,
            known: Vec::new(),
            shared: self.shared,
        }
    }
}

fn below(path: &str, key: &str) -> String {
    match (path, key) {
        ("", key) => key.into(),
        (path, "") => path.into(),
        (path, key) => format!("{path}.{key}"),
    }
}
