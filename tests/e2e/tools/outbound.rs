//! Turns of the upstream runtime whose tools reach egress, the utility model and MCP.
