//! Adapters and endpoints as a table for people, from what the administration shows.

use serde_json::Value;

const HEADERS: [&str; 10] = [
    "ADAPTER", "ENDPOINT", "STATE", "SERVER", "CONNS", "CALLS", "STREAMS", "ATTEMPTS", "FAILED",
    "EJECTED",
];

/// The table, and whether every adapter is ready.
#[must_use]
pub fn table(adapters: &Value) -> (String, bool) {
    let mut rows: Vec<Vec<String>> = vec![HEADERS.map(Into::into).to_vec()];
    let mut notes = Vec::new();
    let mut is_well = true;
    for adapter in list(adapters) {
        let name = text(&adapter["name"]);
        is_well &= adapter["state"] == "ready";
        if let Some(problem) = adapter["problem"].as_str() {
            notes.push(format!("{name}: {problem}"));
        }
        for (number, endpoint) in list(&adapter["endpoints"]).iter().enumerate() {
            rows.push(row(if number == 0 { &name } else { "" }, endpoint));
            if let Some(problem) = endpoint["problem"].as_str() {
                let note = format!("{}: {problem}", text(&endpoint["address"]));
                notes.push(note);
            }
        }
        if list(&adapter["endpoints"]).is_empty() {
            let mut row = vec![name.clone(), text(&adapter["endpoint"])];
            row.push(text(&adapter["state"]));
            rows.push(row);
        }
    }
    let mut table = aligned(&rows);
    for adapter in list(adapters) {
        let stores: Vec<String> = list(&adapter["stores"]).iter().map(text).collect();
        table.push_str(&format!(
            "\n{} serves {}\n",
            text(&adapter["name"]),
            stores.join(", ")
        ));
    }
    notes.dedup();
    for note in notes {
        table.push_str(&format!("\n{note}\n"));
    }
    (table, is_well)
}

fn row(name: &str, endpoint: &Value) -> Vec<String> {
    let keys = [
        "address",
        "state",
        "server",
        "connections",
        "calls",
        "streams",
        "attempts",
        "failures",
        "ejections",
    ];
    let cells = keys.iter().map(|key| text(&endpoint[*key]));
    std::iter::once(name.to_string()).chain(cells).collect()
}

fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut table = String::new();
    for row in rows {
        let cells = row.iter().enumerate();
        let cells = cells.map(|(column, cell)| format!("{cell:<width$}", width = width(column)));
        let line = cells.collect::<Vec<_>>().join("  ");
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Each endpoint has a line, and each problem is told once below.
    #[test]
    fn endpoints_and_problems_are_shown() {
        let endpoint = |address: &str, state: &str, problem: Option<&str>| {
            json!({
                "address": address, "state": state, "problem": problem, "server": null,
                "connections": 1, "calls": 2, "streams": 3, "attempts": 40, "failures": 5,
                "ejections": 6,
            })
        };
        let adapters = json!([{
            "name": "main", "endpoint": "unix:/a, unix:/b", "state": "ready", "problem": null,
            "stores": ["agent_store"],
            "endpoints": [
                endpoint("unix:/a", "ready", None),
                endpoint("unix:/b", "ejected", Some("the disk is full")),
            ],
        }]);
        let (table, is_well) = table(&adapters);
        let expected = "\
ADAPTER  ENDPOINT  STATE    SERVER  CONNS  CALLS  STREAMS  ATTEMPTS  FAILED  EJECTED
main     unix:/a   ready    -       1      2      3        40        5       6
         unix:/b   ejected  -       1      2      3        40        5       6

main serves agent_store

unix:/b: the disk is full
";
        assert_eq!(table, expected);
        assert!(is_well);
    }
}
