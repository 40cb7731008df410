use crate::Attempt;

/// A call that might be disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target<'a> {
    /// Which attempt of the call it is.
    pub attempt: Attempt,
    /// What it is called; `None` for a call that is not [`labelled`](super::Chaos::labelled).
    pub label: Option<&'a str>,
}

impl<'a> Target<'a> {
    pub(super) fn new(attempt: Attempt, label: Option<&'a str>) -> Self {
        Self { attempt, label }
    }
}

/// Says which calls may be disturbed; `()` says all.
pub trait Aim {
    /// Whether this one may be.
    fn hits(&self, target: &Target<'_>) -> bool;
}

impl Aim for () {
    fn hits(&self, _target: &Target<'_>) -> bool {
        true
    }
}

/// A closure as an [`Aim`].
#[derive(Clone, Copy)]
pub struct Only<F>(pub(super) F);

impl<F: Fn(&Target<'_>) -> bool> Aim for Only<F> {
    fn hits(&self, target: &Target<'_>) -> bool {
        (self.0)(target)
    }
}

impl<F> std::fmt::Debug for Only<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Only(..)")
    }
}
