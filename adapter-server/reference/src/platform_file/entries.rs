//! The kinds of entries, each with both directions: what a file says becomes a record,
//! a record becomes what a file says.

pub(super) mod agents;
pub(super) mod harnesses;
pub(super) mod models;
pub(super) mod parts;
pub(super) mod payments;
pub(super) mod spending;
pub(super) mod tools;
pub(super) mod users;

use crate::platform_file::diagnostics::{Diagnostics, OfValue, instead, join};
use crate::platform_file::secrets::Finder;
use crate::platform_file::state::Names;
use crate::stores::names::Kind;
use everruns_core::typed_id::{IdMarker, TypedId};
use mortise_adapter_server::Diagnostic;
use std::collections::BTreeSet;

/// An entry of a file that is read, and where it stands.
pub(super) struct Entry<T> {
    pub(super) path: String,
    pub(super) written: T,
}

/// What reading needs to know, and what it finds.
pub(super) struct Reading<'a> {
    pub(super) org_public_id: &'a str,
    pub(super) secrets: Finder<'a>,
    pub(super) names: Names,
    pub(super) faults: Diagnostics,
    pub(super) warnings: Diagnostics,
}

/// What entries of one kind are called, to find what is called the same.
pub(super) struct Identities<'a> {
    kind: Kind,
    /// The records of these ids with their names, which stand as they are.
    existing_name: &'a dyn Fn(&str) -> Option<String>,
    names: BTreeSet<String>,
    ids: BTreeSet<String>,
}

// === impl Identities ===

impl<'a> Identities<'a> {
    pub(super) fn new(kind: Kind, existing_name: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            kind,
            existing_name,
            names: BTreeSet::new(),
            ids: BTreeSet::new(),
        }
    }

    /// The id of an entry: the one that it gives, else that of what has its name, else
    /// a new one. From now on the name leads there.
    pub(super) fn identify<M: IdMarker>(
        &mut self,
        reading: &mut Reading<'_>,
        path: &str,
        name: Option<&str>,
        id: Option<&str>,
    ) -> TypedId<M> {
        let name = name.filter(|name| !name.is_empty());
        let kind = self.kind;
        if name.is_none() && id.is_none() {
            let remedy = format!("name the {}", kind.name());
            reading.missing(&join(path, "name"), &remedy);
        }
        let given = id.and_then(|id| reading.id::<M>(&join(path, "id"), id));
        let named = name.and_then(|name| reading.names.id_of(kind, name));
        let named = named.and_then(|id| id.parse().ok());
        // The default is a new one. An entry whose id is wrong is read to its end under it.
        let id = given.or(named).unwrap_or_default();
        let text = id.to_string();
        let stands = name.is_some() && (self.existing_name)(&text).as_deref() == name;
        if let Some(name) = name {
            let holder = reading.names.id_of(kind, name);
            let is_taken = holder.is_some_and(|holder| holder != text);
            if !stands && (!self.names.insert(name.to_string()) || is_taken) {
                let reason = format!("is the name of another {}", kind.name());
                let fault = Diagnostic::new(join(path, "name"), reason, "choose another name");
                reading.faults.add(fault.of(name));
            }
        }
        if !self.ids.insert(text.clone()) && given.is_some() {
            let reason = format!("is the id of another {} of the file", kind.name());
            let fault = Diagnostic::new(join(path, "id"), reason, "leave one of them out");
            reading.faults.add(fault.of(&text));
        }
        reading.names.add(kind, &text, name);
        id
    }
}

// === impl Reading ===

impl Reading<'_> {
    pub(super) fn missing(&mut self, path: &str, remedy: &str) {
        self.faults.add(Diagnostic::new(path, "is missing", remedy));
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, path: &str, key: &str, text: &str) {
        if text.is_empty() {
            self.missing(&join(path, key), "write it");
        }
    }

    pub(super) fn id<M: IdMarker>(&mut self, path: &str, text: &str) -> Option<TypedId<M>> {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            let prefix = M::PREFIX;
            let remedy = format!("write {prefix}_ and 32 hexadecimal digits");
            self.faults
                .add(Diagnostic::new(path, "is not an id of this kind", remedy).of(text));
        }
        parsed
    }

    /// What a name or an id refers to. `kept` is what the record refers to already:
    /// that stays, whether it is there or not.
    pub(super) fn refer<M: IdMarker>(
        &mut self,
        kind: Kind,
        path: &str,
        text: &str,
        kept: Option<TypedId<M>>,
    ) -> Option<TypedId<M>> {
        if let Some(id) = self.names.id_of(kind, text) {
            return id.parse().ok();
        }
        let id = text.parse::<TypedId<M>>().ok();
        if let Some(id) = id
            && (kept.is_some_and(|kept| kept.uuid() == id.uuid())
                || self.names.is_there(kind, text))
        {
            return Some(id);
        }
        let what = kind.name();
        let otherwise = format!("add the {what} or correct the name");
        let remedy = instead(text, self.names.known(kind), &otherwise);
        let reason = format!("names no {what} of the file or of the database");
        self.faults
            .add(Diagnostic::new(path, reason, remedy).of(text));
        None
    }

    /// An amount that must be a number from zero on.
    pub(super) fn amount(&mut self, path: &str, key: &str, amount: Option<f64>) -> Option<f64> {
        if let Some(number) = amount
            && !(number.is_finite() && number >= 0.0)
        {
            let fault = Diagnostic::new(
                join(path, key),
                "is not an amount",
                "write a number, 0 or more",
            );
            self.faults.add(fault.of(&number.to_string()));
            return None;
        }
        amount
    }
}
