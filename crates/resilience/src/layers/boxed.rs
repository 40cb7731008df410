use crate::Error;
use std::{error, fmt};

/// Tower's: any error that can go to another thread.
pub type BoxError = Box<dyn error::Error + Send + Sync>;

/// An operation's error of unknown type, as an error: what `Error<BoxError>` lacks to be one itself.
#[derive(Debug)]
pub struct Boxed(BoxError);

impl Boxed {
    /// The error in the box.
    pub fn get_ref(&self) -> &(dyn error::Error + Send + Sync + 'static) {
        &*self.0
    }

    /// The box.
    pub fn into_inner(self) -> BoxError {
        self.0
    }
}

impl fmt::Display for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl error::Error for Boxed {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source()
    }
}

impl<E: Into<BoxError>> Error<E> {
    /// As an error that tower's boxing middleware passes on: `.map_err(Error::into_box_error)`. It is no `From`, since that
    /// would overlap with the one that all errors have.
    ///
    /// However many layers an error comes through, in the box is one `Error<Boxed>`, for `downcast_ref`.
    ///
    /// ```
    /// # use mainstay_resilience::{Error, layers::Boxed};
    /// # use std::time::Duration;
    /// let late: Error<std::io::Error> = Error::Timeout { policy: "valuer".into(), after: Duration::from_secs(2) };
    /// let boxed = late.into_box_error();
    /// assert!(boxed.downcast_ref::<Error<Boxed>>().unwrap().is_timeout());
    /// ```
    pub fn into_box_error(self) -> BoxError {
        Box::new(boxed(self))
    }
}

/// Boxes the operation's error; one that is a guarded call's own takes its place.
fn boxed<E: Into<BoxError>>(error: Error<E>) -> Error<Boxed> {
    error.replace_operation(&mut |error: E| match error.into().downcast::<Error<Boxed>>() {
        Ok(inner) => *inner,
        Err(error) => Error::Operation(Boxed(error)),
    })
}
