use super::{Describe, Stage, arities::for_each_arity};
use crate::{Attempt, Nested, Operation, Policy, PolicyExt};

/// `nested_type!(B C)` is what the policy outside of `B` and `C` sees: an operation with C around it, and B around that.
macro_rules! nested_type {
    () => { Op };
    ($outer:ident $($inner:ident)*) => { Nested<&'p $outer, nested_type!($($inner)*)> };
}

macro_rules! nested_value {
    ($op:ident;) => { $op };
    ($op:ident; $outer:ident $($inner:ident)*) => { Nested { policy: $outer, op: nested_value!($op; $($inner)*) } };
}

/// Implements [`Policy`] for one tuple: the outermost policy runs all others as its operation.
macro_rules! pipeline {
    ($outer:ident $($inner:ident)*) => {
        pipeline!(@bounds [$outer $($inner)*] [$outer $($inner)*] []);
    };
    // One bound a policy, from the outside inwards.
    (@bounds $all:tt [$head:ident $($tail:ident)*] [$($bounds:tt)*]) => {
        pipeline!(@bounds $all [$($tail)*] [$($bounds)* &'p $head: Policy<nested_type!($($tail)*)>,]);
    };
    (@bounds [$outer:ident $($inner:ident)*] [] [$($bounds:tt)*]) => {
        impl<'p, Op, $outer, $($inner),*> Policy<Op> for &'p ($outer, $($inner,)*)
        where
            Op: Operation + Clone,
            $($bounds)*
        {
            type Future = <&'p $outer as Policy<nested_type!($($inner)*)>>::Future;

            #[allow(non_snake_case, reason = "each variable is named after its type parameter")]
            #[inline]
            fn run(self, op: Op, attempt: Attempt) -> Self::Future {
                let ($outer, $($inner,)*) = self;
                $outer.run(nested_value!(op; $($inner)*), attempt)
            }
        }

        impl<$outer: PolicyExt, $($inner: PolicyExt),*> PolicyExt for ($outer, $($inner,)*) {}

        impl<$outer: Describe, $($inner: Describe),*> Describe for ($outer, $($inner,)*) {
            #[allow(non_snake_case, reason = "each variable is named after its type parameter")]
            fn describe(&self, stages: &mut Vec<Stage>) {
                let ($outer, $($inner,)*) = self;
                $outer.describe(stages);
                $($inner.describe(stages);)*
            }
        }
    };
}

for_each_arity!(pipeline);
