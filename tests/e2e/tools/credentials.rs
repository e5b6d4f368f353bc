//! Turns of the upstream runtime whose tools reach provider credentials and user connections.
