//! MCP servers behind an egress: upstream's client refuses to speak to addresses of this
//! machine, so requests to public ones end here.

use async_trait::async_trait;
use everruns_core::egress::{
    EgressError, EgressRequest, EgressRequestKind, EgressResponse, EgressResult, EgressService,
    EgressStreamResponse,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

/// A server with the tool `search`. Every other path of this address is one, too.
pub const SEARCH: &str = "http://93.184.216.34/search";

/// A server that cannot be reached.
pub const DOWN: &str = "http://93.184.216.34/down";

/// A server that also has tools whose names no model's provider takes, or twice.
pub const ODD: &str = "http://93.184.216.34/odd";

/// A server that never answers.
pub const SILENT: &str = "http://93.184.216.34/silent";

/// A server with the tool `enter`, which does something each time: it writes `entry` down.
pub const LEDGER: &str = "http://93.184.216.34/ledger";

/// A request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The URL.
    pub url: String,
    /// The HTTP headers.
    pub headers: BTreeMap<String, String>,
    /// The method of MCP, such as `tools/list`.
    pub method: String,
    /// Its parameters; null where there are none.
    pub params: Value,
}

/// The servers, and what they were asked.
#[derive(Debug, Default)]
pub struct FakeMcp {
    asked: Mutex<Vec<Asked>>,
}

impl FakeMcp {
    /// The requests to a server so far, by method.
    pub fn asked(&self, url: &str, method: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        let matching = asked
            .iter()
            .filter(|asked| asked.url == url && asked.method == method);
        matching.cloned().collect()
    }

    /// How often each entry was written down.
    pub fn entered(&self) -> HashMap<String, usize> {
        let mut entries = HashMap::new();
        for asked in self.asked(LEDGER, "tools/call") {
            let entry = asked.params["arguments"]["entry"].as_str().unwrap();
            *entries.entry(entry.to_string()).or_default() += 1;
        }
        entries
    }

    fn take(&self, request: EgressRequest) -> Asked {
        assert_eq!(request.kind, EgressRequestKind::Mcp);
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let asked = Asked {
            url: request.url,
            headers: request.headers,
            method: body["method"].as_str().unwrap().into(),
            params: body["params"].clone(),
        };
        self.asked.lock().unwrap().push(asked.clone());
        asked
    }
}

#[async_trait]
impl EgressService for FakeMcp {
    async fn send(&self, request: EgressRequest) -> EgressResult<EgressResponse> {
        let asked = self.take(request);
        match asked.url.as_str() {
            DOWN => return Err(EgressError::Transport("connection refused".into())),
            SILENT => std::future::pending().await,
            _ => {}
        }
        let result = match asked.method.as_str() {
            "tools/list" if asked.url == ODD => {
                let long = "x".repeat(64);
                let names = ["search", "two words", "search", &long, "größe", ""];
                let tools =
                    names.map(|name| json!({ "name": name, "inputSchema": {"type": "object"} }));
                json!({ "tools": tools })
            }
            "tools/list" if asked.url == LEDGER => json!({ "tools": [{
                "name": "enter",
                "description": "Writes an entry down.",
                "inputSchema": {"type": "object", "properties": {"entry": {"type": "string"}}},
            }]}),
            "tools/list" => json!({ "tools": [{
                "name": "search",
                "description": "Searches.",
                "inputSchema": {"type": "object", "properties": {"q": {"type": "string"}}},
                "annotations": {"readOnlyHint": true},
            }]}),
            "tools/call" if asked.url == LEDGER => {
                json!({ "content": [{"type": "text", "text": "written down"}] })
            }
            "tools/call" => {
                let text = format!("found {}", asked.params["arguments"]["q"]);
                json!({ "content": [{"type": "text", "text": text}] })
            }
            method => panic!("{method} is not expected"),
        };
        let answer = json!({ "jsonrpc": "2.0", "id": 1, "result": result });
        Ok(EgressResponse {
            status: 200,
            headers: BTreeMap::new(),
            body: answer.to_string().into_bytes(),
        })
    }

    async fn send_stream(&self, _request: EgressRequest) -> EgressResult<EgressStreamResponse> {
        panic!("upstream's MCP client streams nothing")
    }

    fn name(&self) -> &'static str {
        "FakeMcp"
    }
}
