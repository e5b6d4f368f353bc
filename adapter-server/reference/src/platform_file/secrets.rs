//! Secrets of a file: found where it says that they are, and left out of files that are
//! written, unless they are asked for.

use crate::platform_file::diagnostics::{Diagnostics, join};
use crate::platform_file::schema::{Place, Secret, SecretJson};
use mortise_adapter_server::Diagnostic;
use mortise_proto::convert::json_text;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io;

/// In the configuration of a capability, an object with one of these as its only key is
/// a string that stands elsewhere.
const ENV: &str = "$env";
const FILE: &str = "$file";
/// And with this one, the object that it holds, whatever its key is.
const VALUE: &str = "$value";

/// Where a platform file's secrets come from.
pub trait SecretSource: Send + Sync {
    /// An environment variable; `None` if it is not set or is no text.
    fn env(&self, name: &str) -> Option<String>;

    /// The text of a file.
    fn file(&self, path: &str) -> io::Result<String>;
}

/// Finds the secrets of a file that is read.
pub(super) struct Finder<'a> {
    pub(super) source: &'a dyn SecretSource,
    /// Why secrets cannot be stored.
    pub(super) refused: Option<String>,
}

/// Writes secrets into a file, or the names of variables in their stead.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) with_secrets: bool,
    /// What was left out, by the variables that stand for it.
    pub(super) left_out: BTreeMap<String, String>,
}

// === impl Finder ===

impl Finder<'_> {
    /// A secret that is stored sealed, and only so.
    pub(super) fn sealed(
        &self,
        secret: &Secret,
        path: &str,
        faults: &mut Diagnostics,
    ) -> Option<String> {
        let found = match secret {
            Secret::Literal(text) => Some(text.clone()),
            Secret::Elsewhere(place) => self.find(place, path, faults),
        };
        self.may_be_stored(path, faults);
        found
    }

    /// JSON that is stored sealed, and only so.
    pub(super) fn sealed_json(
        &self,
        secret: &SecretJson,
        path: &str,
        faults: &mut Diagnostics,
    ) -> Option<Value> {
        let SecretJson { env, file, value } = secret;
        self.may_be_stored(path, faults);
        if let (Some(value), None, None) = (value, env, file) {
            return Some(value.clone());
        }
        if value.is_some() {
            faults.add(ambiguous(path, "env, file or value"));
            return None;
        }
        let (env, file) = (env.clone(), file.clone());
        let text = self.find(&Place { env, file }, path, faults)?;
        let parsed = serde_json::from_str(&text);
        if parsed.is_err() {
            faults.add(Diagnostic::new(path, "does not contain JSON", "correct it"));
        }
        parsed.ok()
    }

    /// A configuration with the secrets in it. Without a key it is stored in clear.
    pub(super) fn config(&self, config: &Value, path: &str, faults: &mut Diagnostics) -> Value {
        match config {
            Value::Object(fields) => match only(fields) {
                Some((ENV, Value::String(name))) => {
                    let place = Place {
                        env: Some(name.clone()),
                        file: None,
                    };
                    self.find(&place, path, faults).into()
                }
                Some((FILE, Value::String(file))) => {
                    let place = Place {
                        env: None,
                        file: Some(file.clone()),
                    };
                    self.find(&place, path, faults).into()
                }
                Some((VALUE, Value::Object(fields))) => self.fields(fields, path, faults),
                Some((ENV | FILE | VALUE, _)) => {
                    faults.add(Diagnostic::new(
                        path,
                        "is of the wrong kind",
                        "write {$env: NAME}, {$file: PATH} or {$value: {...}}",
                    ));
                    Value::Null
                }
                _ => self.fields(fields, path, faults),
            },
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let found =
                    items.map(|(n, item)| self.config(item, &format!("{path}[{n}]"), faults));
                Value::Array(found.collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => config.clone(),
        }
    }

    fn fields(&self, fields: &Map<String, Value>, path: &str, faults: &mut Diagnostics) -> Value {
        let found = fields.iter().map(|(key, value)| {
            let value = self.config(value, &join(path, key), faults);
            (key.clone(), value)
        });
        Value::Object(found.collect())
    }

    fn find(&self, place: &Place, path: &str, faults: &mut Diagnostics) -> Option<String> {
        let found = match (&place.env, &place.file) {
            (Some(name), None) => self.source.env(name).ok_or_else(|| {
                let reason = format!("the environment variable {name} is not set");
                Diagnostic::new(path, reason, "set it to the secret")
            }),
            (None, Some(file)) => match self.source.file(file) {
                // Editors and `echo` end a file with a line end that is none of it.
                Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_string()),
                Err(cause) => Err(Diagnostic::new(
                    path,
                    format!("the file {file} cannot be read: {cause}"),
                    "write the secret into it and let this user read it",
                )),
            },
            (None, None) | (Some(_), Some(_)) => Err(ambiguous(path, "env or file")),
        };
        match found {
            Ok(text) if text.is_empty() => {
                faults.add(Diagnostic::new(
                    path,
                    "the secret is empty",
                    "write it there",
                ));
                None
            }
            Ok(text) => Some(text),
            Err(fault) => {
                faults.add(fault);
                None
            }
        }
    }

    fn may_be_stored(&self, path: &str, faults: &mut Diagnostics) {
        if let Some(refused) = &self.refused {
            faults.add(Diagnostic::new(path, refused, "give the file of a key"));
        }
    }
}

fn ambiguous(path: &str, places: &str) -> Diagnostic {
    let reason = "must name exactly one place of the secret";
    Diagnostic::new(path, reason, format!("write one of {places}"))
}

fn only(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut fields = fields.iter();
    match (fields.next(), fields.next()) {
        (Some((key, value)), None) => Some((key, value)),
        _ => None,
    }
}

// === impl Writer ===

impl Writer {
    /// A secret; the words say which, for the name of the variable.
    pub(super) fn secret(&mut self, words: &[&str], text: &str) -> Secret {
        // What is empty is no secret.
        if self.with_secrets || text.is_empty() {
            return Secret::Literal(text.to_string());
        }
        Secret::Elsewhere(Place {
            env: Some(self.variable(words, text)),
            file: None,
        })
    }

    /// JSON that may hold secrets.
    pub(super) fn json(&mut self, words: &[&str], value: &Value) -> SecretJson {
        if self.with_secrets {
            return SecretJson {
                value: Some(value.clone()),
                ..SecretJson::default()
            };
        }
        SecretJson {
            env: Some(self.variable(words, &json_text(value))),
            ..SecretJson::default()
        }
    }

    /// A configuration: each text in it may be a secret, words and numbers of its
    /// structure are none.
    pub(super) fn config(&mut self, words: &[&str], config: &Value) -> Value {
        match config {
            Value::String(text) if !self.with_secrets && !text.is_empty() => {
                let name = self.variable(words, text);
                Value::Object(Map::from_iter([(ENV.to_string(), name.into())]))
            }
            Value::Array(items) => {
                let items = items.iter().map(|item| self.config(words, item));
                Value::Array(items.collect())
            }
            Value::Object(fields) => {
                let is_marked = matches!(only(fields), Some((ENV | FILE | VALUE, _)));
                let written = fields.iter().map(|(key, value)| {
                    let words = [words, &[key.as_str()]].concat();
                    (key.clone(), self.config(&words, value))
                });
                let written = Value::Object(written.collect());
                if is_marked {
                    Value::Object(Map::from_iter([(VALUE.to_string(), written)]))
                } else {
                    written
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => config.clone(),
        }
    }

    /// The variable that stands for a text; a second one with the same name is numbered.
    fn variable(&mut self, words: &[&str], text: &str) -> String {
        let words = words.join("_").to_uppercase();
        let words = words.split(|letter: char| !letter.is_ascii_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let stem = format!("MORTISE_{}", words.join("_"));
        let mut number = 1_u64;
        loop {
            let name = match number {
                1 => stem.clone(),
                number => format!("{stem}_{number}"),
            };
            match self.left_out.get(&name) {
                Some(other) if other != text => number += 1,
                _ => {
                    self.left_out.insert(name.clone(), text.to_string());
                    return name;
                }
            }
        }
    }
}
