//! Sealed records and the rotation of keys.
