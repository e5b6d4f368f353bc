//! Turns of the upstream runtime whose tools reach leases and the resource registry.
