use super::{root, ttl::Ttl};
use crate::{
    arguments::{Common, value},
    function::{self, Function},
};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Error, Expr, ExprArray, ExprLit, Ident, ItemFn, Lit, Result, ReturnType,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

/// A tuple of more arguments is no key.
const KEYED_BY_AT_MOST: usize = 4;

/// What `#[cacheable(..)]` takes.
pub(crate) struct Cacheable {
    region: Expr,
    key: Option<Expr>,
    ttl: Option<Ttl>,
    errors: Option<Ttl>,
    tags: Option<Tags>,
    when: Option<Expr>,
    cache_if: Option<Expr>,
    common: Common,
}

enum Tags {
    /// `[a, b]`, of whatever types.
    Each(Vec<Expr>),
    /// An expression to iterate over.
    All(Expr),
}

impl Parse for Tags {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        match input.parse()? {
            Expr::Array(ExprArray { elems, .. }) => Ok(Self::Each(elems.into_iter().collect())),
            Expr::Lit(ExprLit { lit: Lit::Str(tag), .. }) => {
                let how = format!("tags are a list: say `tags = [\"{}\"]`", tag.value());
                Err(Error::new(tag.span(), how))
            }
            all => Ok(Self::All(all)),
        }
    }
}

impl Parse for Cacheable {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut region, mut key, mut ttl, mut errors) = (None, None, None, None);
        let (mut tags, mut when, mut cache_if) = (None, None, None);
        let known = ["region", "key", "ttl", "tags", "when", "cache_if", "errors"];
        let common = Common::parse(input, root(), &known, |name, input| match name.to_string().as_str() {
            "region" => value(&mut region, name, input),
            "key" => value(&mut key, name, input),
            "ttl" => value(&mut ttl, name, input),
            "tags" => value(&mut tags, name, input),
            "when" => value(&mut when, name, input),
            "cache_if" => value(&mut cache_if, name, input),
            "errors" => value(&mut errors, name, input),
            _ => Ok(false),
        })?;
        let region = region.ok_or_else(|| {
            let which = "which region? say `#[cacheable(region = self.listings)]`, or name a static one";
            Error::new(Span::call_site(), which)
        })?;
        Ok(Self { region, key, ttl, errors, tags, when, cache_if, common })
    }
}

impl Cacheable {
    /// The same function, its body a loader of the region.
    pub(crate) fn expand(&self, mut function: Function) -> Result<TokenStream> {
        let mut wrong = function.check_async("cacheable");
        if matches!(function.0.sig.output, ReturnType::Default) {
            let what = "nothing to cache: a cached function returns `Result<Arc<V>, E>`, `Result<V, E>`, `Arc<V>` or `V`";
            wrong.push(Error::new(function.name().span(), what));
        }
        function::all(wrong)?;
        let key = self.key(&function)?;
        let clones = function.clones(&self.common.clones)?;

        let own = |name: &str| Ident::new(name, Span::mixed_site());
        // The compiler shows the expression if it is of another type.
        let own_at = |name: &str, at: Span| Ident::new(name, Span::mixed_site().located_at(at));
        let (region, key_name) = (own_at("region", self.region.span()), own_at("key", key.span()));
        let (used, body, describe) = (own("used"), own("body"), self.describe());
        let returned = function.returned();
        let hint = returned.as_ref().map(|returned| {
            let (root, answer) = (self.common.root_at(returned.span()), own("answer"));
            function::type_hint(quote_spanned! {returned.span()=>
                let #answer = #root::macro_support::answer::<#returned, _, _>(#region);
                return #answer;
            })
        });
        let when = self.when.as_ref().map_or_else(|| quote!(true), |when| quote!(#when));
        let (root, from) = (&self.common.root, &self.region);
        let call = quote_spanned! {returned.span()=> macro_support::cached::<#returned, _, _, _, _> };
        let ItemFn { attrs, vis, sig, block } = &function.0;
        Ok(quote! {
            #(#attrs)*
            #vis #sig {
                let #region: &#root::Region<_, _> = &(#from);
                let #used: bool = #when;
                let #key_name = &(#key);
                // Does nothing, and takes nothing apart, before it is polled.
                let #body = async {
                    #clones
                    #hint
                    #block
                };
                #root::#call(#region, #key_name, #used, #body, #describe).await
            }
        })
    }

    /// Borrowed where it can be: one argument as it stands. A tuple owns its parts.
    fn key(&self, function: &Function) -> Result<TokenStream> {
        if let Some(key) = &self.key {
            return Ok(quote!(#key));
        }
        let names = function.arguments().map_err(|pattern| {
            Error::new(pattern.span(), "this argument has no name to make a key of: say `key = ..`")
        })?;
        let at_fault = |what: &str| Err(Error::new(function.name().span(), what));
        match names.as_slice() {
            [] => at_fault("no argument to make a key of: say `key = \"all\"` for a region of `str`"),
            [only] => Ok(quote!(#only)),
            several if several.len() > KEYED_BY_AT_MOST => at_fault(
                "more than four arguments are no key: say `key = ..`, a tuple of up to four, or a derived `CacheKey`",
            ),
            several => Ok(quote!((#(#several.to_owned()),*))),
        }
    }

    /// What is said of a loaded value, as a closure.
    fn describe(&self) -> TokenStream {
        let Self { ttl, errors, tags, cache_if, .. } = self;
        if ttl.is_none() && errors.is_none() && tags.is_none() && cache_if.is_none() {
            return quote!(|_, _| {});
        }
        // Bare, so that the attribute's expressions see it.
        let value = Ident::new("value", Span::call_site());
        let cx = Ident::new("cx", Span::mixed_site());
        let root = &self.common.root;
        let ttl = ttl.iter().map(|ttl| quote!(#cx.ttl(#ttl);));
        let errors =
            errors.iter().map(|ttl| quote!(if #root::macro_support::is_error(#value) { #cx.ttl(#ttl); }));
        let tags = tags.iter().map(|tags| match tags {
            Tags::Each(tags) => {
                let each = tags.iter().map(|tag| quote_spanned!(tag.span()=> #cx.tag(&(#tag));));
                quote!(#(#each)*)
            }
            Tags::All(tags) => {
                let tag = Ident::new("tag", Span::mixed_site());
                quote_spanned!(tags.span()=> for #tag in #tags { #cx.tag(#tag); })
            }
        });
        let cache_if = cache_if.iter().map(|kept| {
            quote! {
                let kept: bool = #kept;
                if !kept { #cx.ttl(::core::time::Duration::ZERO); }
            }
        });
        quote! {
            |#[allow(unused_variables)] #value, #cx| {
                #(#ttl)*
                #(#errors)*
                #(#tags)*
                #(#cache_if)*
            }
        }
    }
}
