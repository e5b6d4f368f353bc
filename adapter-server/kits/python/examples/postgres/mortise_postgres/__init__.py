"""An adapter that keeps events, messages and memories in PostgreSQL."""
