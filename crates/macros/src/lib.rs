#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! Attribute and derive macros for mainstay, re-exported by the crates that own them: use them from there.

mod arguments;
mod cache;
mod function;
mod resilience;

use cache::{Cacheable, Invalidate};
use function::Function;
use proc_macro::TokenStream;
use resilience::{Resilient, WithRetry};
use syn::{DeriveInput, parse_macro_input};

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
    finish(function.guarded_by("resilient", &arguments.common, &arguments.policy(), arguments.idempotent))
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
    finish(function.guarded_by("with_retry", &arguments.common, &policy, false))
}

/// Answers an async function or method from a cache: its body runs only if no layer has the value, and once however many
/// ask at a time.
///
/// ```
/// use mainstay_cache::{Cache, Region, RegionOptions, cacheable};
/// use std::{io, sync::Arc};
///
/// struct Listings {
///     by_id: Region<u64, String>,
/// }
///
/// impl Listings {
///     /// A listing, as it was at most five minutes ago.
///     #[cacheable(region = self.by_id, ttl = "5m", tags = [format!("listing:{id}"), format!("letter:{}", &value[..1])])]
///     pub async fn listing(&self, id: u64) -> Result<Arc<String>, io::Error> {
///         let row = query(id).await?; // an `io::Error`
///         Ok(row) // a `String`
///     }
/// }
/// # async fn query(id: u64) -> io::Result<String> { Ok(format!("house {id}")) }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cache = Cache::builder("listings").build().await?;
/// let listings = Listings { by_id: cache.region("listing", RegionOptions::default())? };
/// assert_eq!(*listings.listing(12).await?, "house 12");
/// assert_eq!(*listings.listing(12).await?, "house 12"); // from memory
/// assert_eq!(cache.stats().loads, 1);
/// # Ok(())
/// # }
/// ```
///
/// # What it returns
/// With `V` the type of the region's values:
///
/// | the function returns | its body answers | who asks gets |
/// |---|---|---|
/// | `Result<Arc<V>, E>` | `Result<V, E>` | what the cache holds: nothing is copied |
/// | `Result<V, E>`, `V: Clone` | `Result<V, E>` | a clone |
/// | `Arc<V>` | `V` | what the cache holds |
/// | `V`, `V: Clone` | `V` | a clone |
///
/// An error is returned to the caller whose body failed, and is not cached: whoever waited for it runs their own body.
///
/// # Arguments
/// - `region = expression`: a `Region`, or what dereferences to one (a field, a static `LazyLock`, a function's `&'static`).
/// - `key = expression`: the key, or a borrow of it. Default: the only argument after `self`, borrowed; or the tuple of two
///   to four, owned (`&str` as `String`), which allocates where a clone does.
/// - `ttl = "5m"`, or an expression of a `Duration` or of a `Ttl` or a borrow of one: how long the value is kept. Default:
///   the region's.
/// - `tags = [expression, ..]`, each an `AsRef<str>`; or one expression to iterate over.
/// - `when = expression`: `false` runs the body and leaves the cache alone. Default `true`.
/// - `cache_if = expression`: `false` returns the loaded value without keeping it. Default `true`.
/// - `errors = "10s"` or a `Duration`: how long an `Err` is kept, where the region's values are the function's own `Result`s:
///   a `Region<K, Result<V, E>>`, both `Clone`.
/// - `clone(a, b)`: the body owns clones of these arguments, made when it runs.
/// - `crate = path`: where `mainstay_cache` is found, if not by that name.
///
/// `region`, `when` and `key` are evaluated at each call, in this order, before the body. `ttl`, `tags` and `cache_if` are
/// evaluated after a load and see the function's arguments and `value`, a `&V`, in place of any argument of that name.
///
/// The body may consume an argument that no expression still needs; one that is needed goes into `clone(..)`.
///
/// # Cancel safety
/// Dropped while the body runs, the body is dropped, and the next call that waits for the value takes over with its own.
///
/// # Expansion
/// ```text
/// pub async fn listing(&self, id: u64) -> Result<Arc<String>, io::Error> {
///     let region: &Region<_, _> = &self.by_id;
///     let when = true;
///     let key = &id;
///     let body = async { /* a `let a = a.clone();` for each of `clone(a)`, then the body */ };
///     // `region.get_or_load`, or, unless `when`, `body` alone
///     cached(region, key, when, body, |value, cx| {
///         cx.ttl(Duration::from_secs(300));
///         cx.tag(format!("listing:{id}"));
///         cx.tag(format!("letter:{}", &value[..1]));
///     })
///     .await
/// }
/// ```
/// Generics, lifetimes, `impl Trait` arguments, attributes, docs and visibility stay as they are.
#[proc_macro_attribute]
pub fn cacheable(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Cacheable);
    finish(arguments.expand(parse_macro_input!(item as Function)))
}

/// Invalidates what an async function or method made untrue: after it succeeded, before its caller hears of it.
///
/// ```
/// use mainstay_cache::{Cache, Region, RegionOptions, cache_invalidate};
/// use std::io;
///
/// struct Listings {
///     cache: Cache,
///     by_id: Region<u64, String>,
/// }
///
/// impl Listings {
///     #[cache_invalidate(
///         keys(self.by_id => id),
///         tags(format!("suburb:{}", result.suburb)),
///         patterns("search:*"),
///         cache = self.cache
///     )]
///     pub async fn rename(&self, id: u64, name: String) -> Result<Renamed, io::Error> {
///         update(id, name).await
///     }
/// }
/// # pub struct Renamed { suburb: u64 }
/// # async fn update(_: u64, _: String) -> io::Result<Renamed> { Ok(Renamed { suburb: 3 }) }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cache = Cache::builder("listings").build().await?;
/// # let by_id = cache.region("listing", RegionOptions::default())?;
/// # let listings = Listings { cache, by_id };
/// listings.by_id.set(&12, "Villa".into()).await?;
/// listings.rename(12, "Villa by the sea".into()).await?;
/// assert!(listings.by_id.get_cached(&12).is_none());
/// # Ok(())
/// # }
/// ```
///
/// # Arguments
/// - `keys(region => key, ..)`: keys, each in its region; both as in [`macro@cacheable`].
/// - `tags(expression, ..)`, `patterns(expression, ..)`: each an `AsRef<str>`; a pattern is a glob over whole keys.
/// - `cache = expression`: the `Cache` in which tags and patterns are invalidated; required with them.
/// - `clone(a, b)`: the body owns clones of these arguments.
/// - `crate = path`: where `mainstay_cache` is found, if not by that name.
///
/// At least one of `keys`, `tags` and `patterns`; each may be given again. An expression that mentions `result` is evaluated
/// after the body, with `result` a borrow of what it answered (`&T` of an `Ok(T)`), in place of any argument of that name.
/// All others are evaluated before the body, which may consume what they used.
///
/// # When
/// After an `Ok`, or after any answer that is no `Result`; a function that fails or panics invalidates nothing. All of it is
/// told to the layers at once, and the function returns when each has acknowledged it, or is owed it (`Delivery::Queued`:
/// call `Region::invalidate` yourself where you need to know).
///
/// # Cancel safety
/// - Dropped before the body has answered: nothing is invalidated. What the body wrote before, and did not take back when it
///   was dropped, leaves the cache untrue until the time to live ends: let a commit be the last thing the body awaits.
/// - From the body's success on, the invalidation happens whatever becomes of the caller: it holds in this process before the
///   function can be dropped at all, and a caller who is dropped while the shared layers are told leaves the rest to a task.
/// - Dropped outside a runtime then, or with it, it still holds in this process, and is owed to the layers as after a dropped
///   `Region::invalidate`.
/// - A process that dies between the commit and the invalidation loses it. Only an outbox, written in the same transaction,
///   does not.
///
/// # Expansion
/// ```text
/// pub async fn rename(&self, id: u64, name: String) -> Result<Renamed, io::Error> {
///     let mut pending = Invalidations::default();
///     pending.key(&self.by_id, &id); // rendered here
///     pending.pattern(&self.cache, "search:*");
///     let answer = async { /* the clones, then the body */ }.await;
///     if let Ok(result) = &answer {
///         pending.due(); // from here on also if it is dropped
///         pending.tag(&self.cache, format!("suburb:{}", result.suburb));
///         pending.happen().await;
///     }
///     answer
/// }
/// ```
/// Generics, lifetimes, `impl Trait`, attributes, docs and visibility stay as they are.
#[proc_macro_attribute]
pub fn cache_invalidate(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Invalidate);
    finish(arguments.expand(parse_macro_input!(item as Function)))
}

/// Makes a key of a struct or an enum: its fields are the components, in the order in which they are declared.
///
/// ```
/// use mainstay_cache::{CacheKey, CacheKeyBuilder};
///
/// #[derive(CacheKey)]
/// struct ListingId(u64);
///
/// #[derive(CacheKey)]
/// struct Page<'a> {
///     suburb: &'a str,
///     number: u32,
///     #[cache_key(skip)]
///     asked_by: String,
/// }
///
/// #[derive(CacheKey)]
/// enum Report {
///     TopSuburbs,
///     PriceHistory { of: ListingId, years: u8 },
/// }
///
/// let text = |key: &dyn CacheKey| CacheKeyBuilder::new("k").component(key).build().to_string();
/// assert_eq!(text(&ListingId(12)), "k:12");
/// assert_eq!(text(&Page { suburb: "Dee Why", number: 2, asked_by: "a".into() }), "k:Dee%20Why:2");
/// assert_eq!(text(&Report::TopSuburbs), "k:top_suburbs");
/// assert_eq!(text(&Report::PriceHistory { of: ListingId(12), years: 5 }), "k:price_history:12:5");
/// ```
///
/// - A struct renders its fields, a newtype therefore what it holds; one without fields its name in `snake_case`.
/// - An enum renders its variant's name in `snake_case`, then the variant's fields. Names that would meet are refused.
/// - `#[cache_key(skip)]` on a field leaves it out: two values that differ in nothing else are one entry.
/// - `#[cache_key(crate = path)]` on the type says where `mainstay_cache` is found, if not by that name.
///
/// Each field is a `CacheKey`; of a type parameter only that is asked which its fields need.
/// Rename or reorder what is rendered, and what was cached is no longer found.
///
/// # Expansion
/// ```text
/// impl CacheKey for Report {
///     fn render(&self, text: &mut KeyText) {
///         match self {
///             Self::TopSuburbs => text.component("top_suburbs"),
///             Self::PriceHistory { of, years } => {
///                 text.component("price_history");
///                 text.separator();
///                 of.render(text);
///                 text.separator();
///                 years.render(text);
///             }
///         }
///     }
/// }
/// ```
#[proc_macro_derive(CacheKey, attributes(cache_key))]
pub fn cache_key(item: TokenStream) -> TokenStream {
    finish(cache::cache_key(parse_macro_input!(item as DeriveInput)))
}

fn finish(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
