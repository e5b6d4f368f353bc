//! Across the wire and back: egress, the utility model and MCP.
