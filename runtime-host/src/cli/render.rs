//! How a turn looks as it runs: for a person, or as JSON lines.

use everruns_core::events::{Event, EventData};
use everruns_core::message::Message;
use mortise_proto::convert::event_log::LoggedEvent;
use serde_json::{Value, json};
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::OnceLock;

const PREVIEW_CHARS: usize = 72;

/// Where the events of a turn go.
pub(crate) enum Renderer {
    /// For a person.
    Text(Text),
    /// One JSON object a line.
    Json,
}

/// What the text form has shown so far.
pub(crate) struct Text {
    coloured: bool,
    /// Whether the answer under way has been shown piece by piece.
    streamed: bool,
}

impl Renderer {
    #[expect(
        clippy::disallowed_methods,
        reason = "NO_COLOR is read where a terminal is written to"
    )]
    pub(crate) fn text() -> Self {
        let coloured = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self::Text(Text {
            coloured,
            streamed: false,
        })
    }

    /// Shows one event.
    pub(crate) fn event(&mut self, event: &Event) {
        match self {
            Self::Text(text) => text.event(event),
            Self::Json => match serde_json::to_string(event) {
                Ok(line) => line_out(&line),
                Err(error) => {
                    tracing::warn!(%error, event_type = event.event_type, "event not shown")
                }
            },
        }
    }

    /// Shows an event as it is stored; a person is shown only what can be read.
    pub(crate) fn logged(&mut self, event: &LoggedEvent) {
        match self {
            Self::Text(text) => {
                if let Ok(event) = event.typed() {
                    text.event(&event);
                }
            }
            Self::Json => match serde_json::to_string(event) {
                Ok(line) => line_out(&line),
                Err(error) => {
                    tracing::warn!(%error, event_type = event.event_type(), "event not shown")
                }
            },
        }
    }

    /// Shows a line for people; in JSON the same facts as an object.
    pub(crate) fn note(&self, line: &str, facts: &Value) {
        match self {
            Self::Text(text) => line_out(&text.dim(line)),
            Self::Json => line_out(&facts.to_string()),
        }
    }
}

impl Text {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "a person is shown a few of the events, and none of those to come"
    )]
    fn event(&mut self, event: &Event) {
        match &event.data {
            EventData::OutputMessageDelta(delta) => {
                if !self.streamed {
                    out("\n");
                }
                self.streamed = true;
                out(&harmless(&delta.delta));
            }
            EventData::OutputMessageCompleted(done) => {
                let text = text_of(&done.message);
                if self.streamed {
                    out("\n");
                } else if !text.is_empty() {
                    line_out(&format!("\n{}", harmless(&text)));
                }
                self.streamed = false;
            }
            EventData::ToolStarted(started) => {
                let call = &started.tool_call;
                let arguments = preview(&call.arguments.to_string());
                line_out(&self.dim(&format!("  → {} {arguments}", call.name)));
            }
            EventData::ToolCompleted(done) => {
                let took = done
                    .duration_ms
                    .map_or(String::new(), |ms| format!(" ({ms} ms)"));
                let outcome = match &done.error {
                    Some(error) => format!("✗ {}: {}", done.tool_name, preview(error)),
                    None => format!("✓ {}{took}", done.tool_name),
                };
                line_out(&self.dim(&format!("  {outcome}")));
            }
            // What the user is told of it does not say why.
            EventData::LlmGeneration(asked) if !asked.metadata.success => {
                let error = asked
                    .metadata
                    .error
                    .as_deref()
                    .unwrap_or("no reason was given");
                line_out(&format!("\nthe model cannot be asked: {}", harmless(error)));
            }
            EventData::TurnFailed(failed) => {
                line_out(&format!("\nthe turn failed: {}", failed.error))
            }
            _ => {}
        }
    }

    fn dim(&self, text: &str) -> String {
        if self.coloured {
            format!("\u{1b}[2m{text}\u{1b}[0m")
        } else {
            text.to_string()
        }
    }
}

fn text_of(message: &Message) -> String {
    let parts = message.content.iter().filter_map(|part| part.as_text());
    parts.collect::<Vec<_>>().join("\n")
}

/// A model's text must not command the terminal.
pub(crate) fn harmless(text: &str) -> String {
    let shown = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
    text.chars()
        .map(|letter| if shown(letter) { letter } else { '\u{fffd}' })
        .collect()
}

fn preview(text: &str) -> String {
    let line = harmless(text).replace('\n', " ");
    match line.char_indices().nth(PREVIEW_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The facts that end a run, as one JSON object.
pub(crate) fn json_note(kind: &str, mut facts: Value) -> Value {
    if let Some(object) = facts.as_object_mut() {
        object.insert("type".into(), json!(format!("mortise.{kind}")));
    }
    facts
}

fn line_out(line: &str) {
    out(&format!("{line}\n"));
}

/// The exit code where the output could not be written.
pub const NOT_WRITTEN: u8 = 4;

/// The first fault of writing the output.
static OUTPUT_FAILURE: OnceLock<io::Error> = OnceLock::new();

/// Why some of the output could not be written: it is closed, the disk is full, or its
/// reader has gone.
#[must_use]
pub fn output_failure() -> Option<&'static io::Error> {
    OUTPUT_FAILURE.get()
}

/// Prints a text that is all that a command has to say.
pub fn printed(text: &str) -> ExitCode {
    match mortise_output::write(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("mortise-host: {}", mortise_output::not_written_text(&fault));
            ExitCode::from(NOT_WRITTEN)
        }
    }
}

/// Writes at once. An output that fails is no reason to stop a turn; the command says so at
/// its end, and its exit code does.
fn out(text: &str) {
    if OUTPUT_FAILURE.get().is_none()
        && let Err(error) = mortise_output::write(text)
    {
        OUTPUT_FAILURE.get_or_init(|| error);
    }
}
