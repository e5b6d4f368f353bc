//! Tables and JSON lines of a command.

use serde_json::Value;
use std::io;

/// What a command prints: rows under a heading, or each record as a JSON line.
#[derive(Debug)]
pub struct Output {
    is_json: bool,
    rows: Vec<Vec<String>>,
    lines: Vec<String>,
}

// === impl Output ===

impl Output {
    /// A table with these columns, or JSON lines.
    #[must_use]
    pub fn new(is_json: bool, columns: &[&str]) -> Self {
        Self {
            is_json,
            rows: vec![columns.iter().map(|name| (*name).into()).collect()],
            lines: Vec::new(),
        }
    }

    /// Adds a record.
    pub fn record(&mut self, cells: Vec<String>, record: &Value) {
        match self.is_json {
            true => self.lines.push(record.to_string()),
            false => self.rows.push(cells),
        }
    }

    /// Adds a line as it is.
    pub fn line(&mut self, line: &str) {
        self.lines.push(line.into());
    }

    /// Writes all of it.
    pub fn write(self) -> io::Result<()> {
        let mut text = String::new();
        for line in self.lines {
            text.push_str(&line);
            text.push('\n');
        }
        if self.rows.iter().any(|row| !row.is_empty()) && !self.is_json {
            text.push_str(&table(&self.rows));
        }
        mortise_output::write(&text)
    }
}

/// Columns as wide as what is in them; the last may be of any length.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns stand under each other, whatever is in them.
    #[test]
    fn columns_are_aligned() {
        let row = |cells: [&str; 2]| cells.map(String::from).to_vec();
        let text = table(&[row(["id", "title"]), row(["session_1", "Grüße"])]);
        assert_eq!(text, "id         title\nsession_1  Grüße\n");
    }
}
