//! A transaction of any store.

use std::any::{Any, TypeId};
use std::fmt;

use crate::read_model::ReadModelStore;

/// A transaction of any store, and what a projection writes through in it.
pub struct AnySession(pub(super) Box<dyn ErasedTx>);

impl AnySession {
    /// What a projection writes through, if it is of this type; `AnySession` itself always
    /// is.
    pub fn session_of<S: Send + 'static>(&mut self) -> Option<&mut S> {
        if TypeId::of::<S>() == TypeId::of::<Self>() {
            return (self as &mut (dyn Any + Send)).downcast_mut();
        }
        self.0.session().downcast_mut()
    }
}

impl fmt::Debug for AnySession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnySession")
    }
}

pub(super) trait ErasedTx: Send {
    fn session(&mut self) -> &mut (dyn Any + Send);
    fn tx(&mut self) -> &mut (dyn Any + Send);
    fn into_tx(self: Box<Self>) -> Box<dyn Any + Send>;
}

pub(super) struct TxOf<S: ReadModelStore>(pub(super) S::Tx);

impl<S: ReadModelStore> ErasedTx for TxOf<S> {
    fn session(&mut self) -> &mut (dyn Any + Send) {
        S::session(&mut self.0)
    }

    fn tx(&mut self) -> &mut (dyn Any + Send) {
        &mut self.0
    }

    fn into_tx(self: Box<Self>) -> Box<dyn Any + Send> {
        Box::new(self.0)
    }
}
