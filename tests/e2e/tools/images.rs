//! Turns of the upstream runtime whose tools reach images.
