//! Over a socket, on every database: egress, the utility model and MCP.
