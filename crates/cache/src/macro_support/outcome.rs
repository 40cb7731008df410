/// What a function answered, which is a success unless it is an `Err`.
#[derive(Debug)]
pub struct Outcome<'a, R>(pub &'a R);

impl<'a, T, E> Outcome<'a, Result<T, E>> {
    /// What a success carries. The compiler prefers this to [`AnyReturn::success`] wherever it applies.
    pub fn success(&self) -> Option<&'a T> {
        self.0.as_ref().ok()
    }
}

/// Answers that are no `Result`.
pub trait AnyReturn<'a, R> {
    /// The answer: it cannot be a failure.
    fn success(&self) -> Option<&'a R>;
}

impl<'a, R> AnyReturn<'a, R> for Outcome<'a, R> {
    fn success(&self) -> Option<&'a R> {
        Some(self.0)
    }
}
