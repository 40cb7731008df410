//! The attributes and the derive of `mainstay_cache`.

mod cacheable;
mod invalidate;
mod key;
mod ttl;

pub(crate) use cacheable::Cacheable;
pub(crate) use invalidate::Invalidate;
pub(crate) use key::cache_key;

use syn::Path;

fn root() -> Path {
    syn::parse_quote!(::mainstay_cache)
}
