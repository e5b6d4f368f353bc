//! Egress, the utility model and MCP.
