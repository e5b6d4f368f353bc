//! A file's text, in YAML or TOML, and the value that it stands for.

use crate::platform_file::ImportError;
use mortise_proto::StoreError;
use mortise_proto::pb::ErrorReason;
use serde::Serialize;
use serde_json::{Map, Value};

/// How a platform file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// YAML 1.2.
    Yaml,
    /// TOML 1.0; it has no `null`.
    Toml,
}

// === impl FileFormat ===

impl FileFormat {
    /// The format of a file with this extension, without the dot.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    pub(super) fn parse(self, text: &str) -> Result<Value, ImportError> {
        match self {
            Self::Yaml => serde_saphyr::from_str(text).map_err(|fault| {
                // Without the lines around it: secrets may stand there.
                let fault = fault.without_snippet();
                let (line, column) = fault
                    .location()
                    .map_or((0, 0), |at| (at.line(), at.column()));
                ImportError::syntax(line, column, fault.to_string())
            }),
            Self::Toml => match toml::from_str::<toml::Table>(text) {
                Ok(table) => Ok(Value::Object(json_fields(table))),
                Err(fault) => {
                    let start = fault.span().map_or(0, |span| span.start);
                    let before = text.get(..start).unwrap_or_default();
                    let line = before.matches('\n').count() + 1;
                    let last = before.rsplit('\n').next().unwrap_or_default();
                    let column = last.chars().count() + 1;
                    let message = fault.message().to_string();
                    Err(ImportError::syntax(line as u64, column as u64, message))
                }
            },
        }
    }

    /// The text of a file, read again and compared: what would come back as something
    /// else is not written.
    pub(super) fn write(self, file: &impl Serialize) -> Result<String, StoreError> {
        let text = match self {
            Self::Yaml => serde_saphyr::to_string(file).map_err(|fault| fault.to_string()),
            Self::Toml => toml::to_string_pretty(file).map_err(|fault| fault.to_string()),
        };
        let text = text.map_err(|fault| self.cannot_hold(&fault))?;
        let meant = serde_json::to_value(file).map_err(|_| self.cannot_hold("a value of it"))?;
        match self.parse(&text) {
            Ok(read) if read == meant => Ok(text),
            Ok(_) | Err(_) => Err(self.cannot_hold("it would be read as something else")),
        }
    }

    fn cannot_hold(self, why: &str) -> StoreError {
        let remedy = match self {
            Self::Yaml => "report this",
            Self::Toml => "write YAML, which has null and larger numbers",
        };
        StoreError::new(
            ErrorReason::Store,
            format!("the platform cannot be written as {self:?}: {why}; {remedy}"),
        )
    }
}

fn json_fields(table: toml::Table) -> Map<String, Value> {
    let fields = table.into_iter();
    fields.map(|(key, value)| (key, json(value))).collect()
}

fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(table) => Value::Object(json_fields(table)),
    }
}
