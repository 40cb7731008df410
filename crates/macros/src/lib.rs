#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! Attribute macros for mainstay, re-exported by the crates that own them: use them from there.

mod arguments;
mod expand;
mod function;

use arguments::{Resilient, WithRetry};
use function::Function;
use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Runs each call of an async function or method under a policy or a pipeline.
///
/// The signature says the truth: it returns `Result<T, mainstay_resilience::Error<E>>`. The body is written as if the
/// function returned `Result<T, E>`, `?` and `return` included, and is what each attempt runs.
///
/// ```
/// use mainstay_resilience::{Error, Retry, RetryConfig, Timeout, resilient};
/// use std::{io, time::Duration};
///
/// struct Valuer {
///     guard: (Timeout, Retry),
/// }
///
/// impl Valuer {
///     /// The value of a property.
///     #[resilient(policy = self.guard)]
///     pub async fn value_of(&self, id: u64) -> Result<u64, Error<io::Error>> {
///         let answer = ask(id).await?; // an `io::Error`
///         Ok(answer * 1_000)
///     }
/// }
/// # async fn ask(id: u64) -> io::Result<u64> { Ok(id) }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let guard = (Timeout::new("v", Duration::from_secs(2))?, Retry::new("v", RetryConfig::FAST)?);
/// let valuer = Valuer { guard };
/// assert_eq!(valuer.value_of(850).await?, 850_000);
/// # Ok(())
/// # }
/// ```
///
/// # Arguments
/// - `policy = expression`: a policy, a tuple of them, or what dereferences to one (a field, a static `LazyLock`, an
///   `Arc`). Evaluated once a call, before the first attempt; it may name `self` and the function's arguments.
/// - `clone(a, b)`: these arguments are cloned for each attempt, and the body owns its clone. The body borrows all
///   others, so that it cannot consume or change them.
/// - `idempotent`: the body may run more than once at a time to the same effect, which hedges ask for.
/// - `crate = path`: where `mainstay_resilience` is found, if not by that name.
///
/// # Expansion
/// ```text
/// pub async fn value_of(&self, id: u64) -> Result<u64, Error<io::Error>> {
///     let operation = || async { /* a `let a = a.clone();` for each of `clone(a)`, then the body */ };
///     (self.guard).call(operation).await
/// }
/// ```
/// Generics, lifetimes, `impl Trait` arguments, attributes, docs and visibility stay as they are.
#[proc_macro_attribute]
pub fn resilient(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Resilient);
    let function = parse_macro_input!(item as Function);
    finish(function.guarded_by("resilient", &arguments.common, &arguments.policy()))
}

/// Runs each call of an async function or method under a [`Retry`] of its own, made at the first call.
///
/// As [`macro@resilient`] otherwise: it returns `Result<T, mainstay_resilience::Error<E>>`, and the body answers
/// `Result<T, E>`.
///
/// ```
/// use mainstay_resilience::{Error, RetryConfig, with_retry};
/// use std::io;
///
/// #[with_retry(FAST)]
/// async fn value_of(id: u64) -> Result<u64, Error<io::Error>> {
///     ask(id).await
/// }
///
/// #[with_retry(config = RetryConfig::FAST.max_attempts(2), name = "valuer", clone(request))]
/// async fn value(request: String) -> Result<u64, Error<io::Error>> {
///     send(request).await
/// }
/// # async fn ask(id: u64) -> io::Result<u64> { Ok(id) }
/// # async fn send(request: String) -> io::Result<u64> { Ok(request.len() as u64) }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// assert_eq!(value_of(850).await.unwrap(), 850);
/// assert_eq!(value("850".into()).await.unwrap(), 3);
/// # }
/// ```
///
/// # Arguments
/// - `FAST`, `STANDARD`, `AGGRESSIVE`, `NONE`: a preset of `RetryConfig`; or
/// - `config = expression`: a `RetryConfig`, which names neither the function's arguments nor its type parameters.
/// - `name = "text"`: the retry's name in errors and telemetry. Default: the function's.
/// - `clone(a, b)` and `crate = path`, as for [`macro@resilient`].
///
/// # Panics
/// The function panics at its first call if the configuration is out of range, with what is wrong in it.
///
/// [`Retry`]: https://docs.rs/mainstay-resilience
#[proc_macro_attribute]
pub fn with_retry(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as WithRetry);
    let function = parse_macro_input!(item as Function);
    let policy = arguments.policy(function.name());
    finish(function.guarded_by("with_retry", &arguments.common, &policy))
}

fn finish(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
