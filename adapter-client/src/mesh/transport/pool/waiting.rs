//! Callers that wait for a connection, and the dialler that works for them. Both are
//! counted by guards, so that a caller that gives up, or a panic, leaves no trace.

use super::{Inner, State, Wanting};
use crate::mesh::transport::dial::Dial;
use std::sync::Arc;

/// A caller without a place, for as long as it waits.
pub(super) struct Waiting<D: Dial> {
    inner: Arc<Inner<D>>,
    group: usize,
}

impl<D: Dial> Waiting<D> {
    pub(super) fn begin(inner: &Arc<Inner<D>>, group: usize) -> Self {
        if let Some(waiting) = inner.lock().waiting.get_mut(group) {
            *waiting += 1;
        }
        Self {
            inner: inner.clone(),
            group,
        }
    }

    /// Lets a connection be made, where there may be another.
    pub(super) fn dial(&self, state: &mut State<D::Made>) -> Wanting {
        let limits = self.inner.limits;
        if state.is_dialling {
            return Wanting::Connection;
        }
        if !state.may_open(self.group, limits) {
            return Wanting::Place(state.full(self.group, limits));
        }
        state.is_dialling = true;
        drop(tokio::spawn(self.inner.clone().dial_while_wanted()));
        Wanting::Connection
    }
}

impl<D: Dial> Drop for Waiting<D> {
    fn drop(&mut self) {
        if let Some(waiting) = self.inner.lock().waiting.get_mut(self.group) {
            *waiting = waiting.saturating_sub(1);
        }
    }
}

/// The dialler at work. Where it panics, another may begin.
pub(super) struct Dialling<D: Dial> {
    pub(super) inner: Arc<Inner<D>>,
    pub(super) is_ended: bool,
}

impl<D: Dial> Drop for Dialling<D> {
    fn drop(&mut self) {
        if !self.is_ended {
            self.inner.lock().is_dialling = false;
        }
    }
}
