//! Provider credentials and user connections.
