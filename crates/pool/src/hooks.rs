use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::manager::Manager;

/// What a hook returns: a boxed future that may borrow the connection.
pub type HookFuture<'a, E> = Pin<Box<dyn Future<Output = Result<(), E>> + Send + 'a>>;

/// One hook; shared, since it runs in tasks that may outlive the call.
pub(crate) type Hook<M> = Arc<
    dyn for<'a> Fn(&'a mut <M as Manager>::Connection) -> HookFuture<'a, <M as Manager>::Error> + Send + Sync,
>;

/// What a user has run at the turning points of a connection's life; every one in a task of its own under a time limit.
pub(crate) struct Hooks<M: Manager> {
    pub(crate) after_connect: Option<Hook<M>>,
    pub(crate) before_acquire: Option<Hook<M>>,
    pub(crate) after_release: Option<Hook<M>>,
    pub(crate) before_close: Option<Hook<M>>,
}

// By hand: a derive would ask for `M: Default`.
impl<M: Manager> Default for Hooks<M> {
    fn default() -> Self {
        Self { after_connect: None, before_acquire: None, after_release: None, before_close: None }
    }
}

impl<M: Manager> fmt::Debug for Hooks<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("after_connect", &self.after_connect.is_some())
            .field("before_acquire", &self.before_acquire.is_some())
            .field("after_release", &self.after_release.is_some())
            .field("before_close", &self.before_close.is_some())
            .finish()
    }
}
