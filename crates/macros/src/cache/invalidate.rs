use super::root;
use crate::{
    arguments::{Common, list, value},
    function::{self, Function},
};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Error, Expr, Ident, ItemFn, Result, Token,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

/// What `#[cache_invalidate(..)]` takes.
pub(crate) struct Invalidate {
    targets: Vec<Target>,
    /// Where tags and patterns are looked for.
    cache: Option<Expr>,
    common: Common,
}

enum Target {
    Key(Keyed),
    Tag(Expr),
    Pattern(Expr),
}

/// `region => key`.
struct Keyed {
    region: Expr,
    key: Expr,
}

impl Parse for Keyed {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let region: Expr = input.parse()?;
        if !input.peek(Token![=>]) {
            let which = "in which region? say `keys(self.listings => id)`";
            return Err(Error::new(region.span(), which));
        }
        input.parse::<Token![=>]>()?;
        Ok(Self { region, key: input.parse()? })
    }
}

impl Parse for Invalidate {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut targets, mut cache) = (Vec::new(), None);
        let mut without_cache = None;
        let known = ["keys", "tags", "patterns", "cache"];
        let common = Common::parse(input, root(), &known, |name, input| {
            match name.to_string().as_str() {
                "keys" => targets.extend(list(input)?.into_iter().map(Target::Key)),
                "tags" => targets.extend(list(input)?.into_iter().map(Target::Tag)),
                "patterns" => targets.extend(list(input)?.into_iter().map(Target::Pattern)),
                "cache" => return value(&mut cache, name, input),
                _ => return Ok(false),
            }
            if name != "keys" {
                without_cache = Some(name.clone());
            }
            Ok(true)
        })?;
        if targets.is_empty() {
            let what =
                "nothing to invalidate: say `keys(region => key)`, `tags(\"a\")` or `patterns(\"a:*\")`";
            return Err(Error::new(Span::call_site(), what));
        }
        if let (Some(name), None) = (without_cache, &cache) {
            let which = format!("`{name}` in which cache? say `cache = self.cache` too");
            return Err(Error::new(name.span(), which));
        }
        Ok(Self { targets, cache, common })
    }
}

impl Invalidate {
    /// The same function, and after its success what it makes untrue.
    pub(crate) fn expand(&self, mut function: Function) -> Result<TokenStream> {
        function::all(function.check_async("cache_invalidate"))?;
        let clones = function.clones(&self.common.clones)?;

        let own = |name: &str| Ident::new(name, Span::mixed_site());
        let (pending, answer, succeeded) = (own("pending"), own("answer"), own("succeeded"));
        let (after, before): (Vec<&Target>, Vec<&Target>) =
            self.targets.iter().partition(|target| target.needs_result());
        let add = |target: &&Target| target.add_to(&pending, self.cache.as_ref());
        let (before, after) = (before.iter().map(add), after.iter().map(add));

        let returned = function.returned().unwrap_or_else(|| syn::parse_quote!(()));
        let hint = function::type_hint(quote_spanned! {returned.span()=>
            let #answer: #returned = loop {};
            return #answer;
        });
        // Bare, so that the attribute's expressions see it.
        let result = Ident::new("result", Span::call_site());
        let root = &self.common.root;
        let ItemFn { attrs, vis, sig, block } = &function.0;
        Ok(quote! {
            #(#attrs)*
            #vis #sig {
                let mut #pending = #root::macro_support::Invalidations::default();
                #(#before)*
                #[allow(clippy::let_unit_value)]
                let #answer = async {
                    #clones
                    #hint
                    #block
                }.await;
                // From here to the next await nothing can be dropped.
                let #succeeded = {
                    use #root::macro_support::AnyReturn as _;
                    if let ::core::option::Option::Some(#result) =
                        #root::macro_support::Outcome(&#answer).success()
                    {
                        let _ = #result;
                        #pending.due();
                        #(#after)*
                        true
                    } else {
                        false
                    }
                };
                if #succeeded {
                    #pending.happen().await;
                }
                #answer
            }
        })
    }
}

impl Target {
    /// Whether it can be told only when the body has answered.
    fn needs_result(&self) -> bool {
        match self {
            Self::Key(Keyed { region, key }) => {
                mentions_result(region.to_token_stream()) || mentions_result(key.to_token_stream())
            }
            Self::Tag(text) | Self::Pattern(text) => mentions_result(text.to_token_stream()),
        }
    }

    fn add_to(&self, pending: &Ident, cache: Option<&Expr>) -> TokenStream {
        match self {
            Self::Key(Keyed { region, key }) => {
                quote_spanned!(key.span()=> #pending.key(&(#region), &(#key));)
            }
            Self::Tag(tag) => quote_spanned!(tag.span()=> #pending.tag(&(#cache), #tag);),
            Self::Pattern(pattern) => quote_spanned!(pattern.span()=> #pending.pattern(&(#cache), #pattern);),
        }
    }
}

/// Looks within macros too, and within their format texts (`"listing:{result}"`).
fn mentions_result(expression: TokenStream) -> bool {
    expression.into_iter().any(|token| match token {
        TokenTree::Ident(name) => name == "result",
        TokenTree::Group(group) => mentions_result(group.stream()),
        TokenTree::Literal(literal) => literal.to_string().contains("{result"),
        TokenTree::Punct(_) => false,
    })
}
