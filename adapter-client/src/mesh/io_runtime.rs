//! The runtime that drives the mesh's connections.
//!
//! A store may be called from a runtime that is blocked or short-lived: the host's
//! shell searches files from a second runtime while the first one's thread waits.
//! A channel driven by the caller's runtime would hang there, so the mesh owns one
//! thread with a runtime of its own, and a call runs on it.
//!
//! The way onto that thread and back costs two wake-ups. A host may name the runtime that
//! its turns run on (`MeshConfig::runtime`): calls that are made there use connections that
//! this runtime drives, and all others go on as before.

use super::Mesh;
use futures::FutureExt;
use futures::future::BoxFuture;
use mortise_proto::StoreError;
use mortise_proto::pb::ErrorReason;
use std::io;
use std::panic::AssertUnwindSafe;
use std::thread;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

/// One thread with a runtime; it ends when the driver is dropped.
#[derive(Debug)]
pub(crate) struct IoRuntime {
    handle: Handle,
    /// Dropping it tells the thread to end.
    _running: oneshot::Sender<()>,
}

/// Which runtime drives a connection, and the calls on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Driver {
    /// The mesh's own thread.
    Mesh,
    /// The runtime that the call is made on.
    Caller,
}

impl Driver {
    /// What drives a call that is made here and now.
    pub(crate) fn of_call(callers: Option<&Handle>) -> Self {
        let here = Handle::try_current();
        match (callers, here) {
            (Some(callers), Ok(here)) if callers.id() == here.id() => Self::Caller,
            _ => Self::Mesh,
        }
    }
}

impl IoRuntime {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, stopped) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("mortise-mesh".into())
            .spawn(move || {
                // Resolves, with an error, when the sender is dropped.
                if runtime.block_on(stopped).is_err() {
                    tracing::trace!("the mesh's runtime is stopping");
                }
            })?;
        Ok(Self {
            handle,
            _running: running,
        })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Mesh {
    /// Runs a call on the mesh's runtime, from now on: the caller's future does not hold
    /// it. Dropping what is returned drops the call.
    pub(super) fn on_io_runtime<Out, Call>(
        &self,
        call: Call,
    ) -> BoxFuture<'static, Result<Out, StoreError>>
    where
        Out: Send + 'static,
        Call: Future<Output = Result<Out, StoreError>> + Send + 'static,
    {
        let task = AbortOnDropHandle::new(self.inner.io_runtime.handle().spawn(call));
        Box::pin(async move {
            task.await
                .unwrap_or_else(|fault| Err(panicked(&fault.to_string())))
        })
    }

    /// Runs a call on the runtime that drives it: the caller's own runs it as part of the
    /// caller, without a wake-up.
    pub(super) fn driven<Out, Call>(
        &self,
        driver: Driver,
        call: Call,
    ) -> BoxFuture<'static, Result<Out, StoreError>>
    where
        Out: Send + 'static,
        Call: Future<Output = Result<Out, StoreError>> + Send + 'static,
    {
        match driver {
            Driver::Mesh => self.on_io_runtime(call),
            Driver::Caller => {
                let call = AssertUnwindSafe(call).catch_unwind();
                Box::pin(call.map(|ended| ended.unwrap_or_else(|_| Err(panicked("see above")))))
            }
        }
    }
}

/// Whichever runtime it was on, its caller goes on.
fn panicked(fault: &str) -> StoreError {
    let text = format!("a call panicked: {fault}");
    StoreError::new(ErrorReason::Internal, text)
}
