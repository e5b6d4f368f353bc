//! What stands in for the outside when there is none: the storage in this process, a model
//! that is simulated, and the demo's platform.

pub mod demo;
#[cfg_attr(not(feature = "embedded"), path = "local/embedded_absent.rs")]
pub mod embedded;
pub mod simulator;
