use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Error, FnArg, Ident, ItemFn, Pat, PatIdent, Result, ReturnType, Token, Type,
    parse::{Parse, ParseStream},
    spanned::Spanned,
    visit_mut::{self, VisitMut},
};

/// A function that an attribute stands on.
pub(crate) struct Function(pub(crate) ItemFn);

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        ItemFn::parse(input).map(Self).map_err(|error| {
            Error::new(
                error.span(),
                format!("this attribute stands on an async function with a body: {error}"),
            )
        })
    }
}

impl Function {
    pub(crate) fn name(&self) -> &Ident {
        &self.0.sig.ident
    }

    /// What stands in the way of awaiting anything.
    pub(crate) fn check_async(&self, attribute: &str) -> Vec<Error> {
        let signature = &self.0.sig;
        let (span, what) = if let Some(keyword) = &signature.constness {
            (keyword.span(), format!("#[{attribute}] makes a function wait, which a `const fn` cannot"))
        } else if signature.asyncness.is_none() {
            let name = &signature.ident;
            (
                signature.fn_token.span(),
                format!("#[{attribute}] stands on async functions: write `async fn {name}`"),
            )
        } else {
            return Vec::new();
        };
        vec![Error::new(span, what)]
    }

    /// The statements by which the body owns a clone of each of these arguments. A `mut` goes from the argument to the
    /// clone, since it is the clone that changes.
    ///
    /// # Errors
    /// A name that is no argument.
    pub(crate) fn clones(&mut self, clones: &[Ident]) -> Result<TokenStream> {
        let mut muts: Vec<Option<Option<Token![mut]>>> = vec![None; clones.len()];
        self.each_name(|name| {
            if let Some(place) = clones.iter().position(|clone| *clone == name.ident) {
                muts[place] = Some(name.mutability.take());
            }
        });
        let statement = |(keyword, name): (Option<_>, &Ident)| {
            let keyword: Option<Token![mut]> = keyword.ok_or_else(|| {
                Error::new(name.span(), format!("`{name}` is no argument of this function"))
            })?;
            Ok(quote!(let #keyword #name = ::core::clone::Clone::clone(&#name);))
        };
        muts.into_iter().zip(clones).map(statement).collect()
    }

    /// The names of the arguments after `self`, if each has one.
    ///
    /// # Errors
    /// An argument that is taken apart by a pattern.
    pub(crate) fn arguments(&self) -> std::result::Result<Vec<&Ident>, &Pat> {
        let patterns = self.0.sig.inputs.iter().filter_map(|argument| match argument {
            FnArg::Typed(typed) => Some(&*typed.pat),
            FnArg::Receiver(_) => None,
        });
        let names = patterns.map(|pattern| match pattern {
            Pat::Ident(PatIdent { ident, subpat: None, .. }) => Ok(ident),
            other => Err(other),
        });
        names.collect()
    }

    /// What it returns, with what only the compiler can name left for it to find.
    pub(crate) fn returned(&self) -> Option<Type> {
        let ReturnType::Type(_, returned) = &self.0.sig.output else { return None };
        let mut returned = (**returned).clone();
        Unnamed.visit_type_mut(&mut returned);
        Some(returned)
    }

    pub(crate) fn each_name(&mut self, see: impl FnMut(&mut PatIdent)) {
        let mut names = Names(see);
        for argument in &mut self.0.sig.inputs {
            names.visit_fn_arg_mut(argument);
        }
    }
}

/// A return that is never reached, at the head of a body that becomes an async block.
///
/// The compiler cannot tell an async block's type before it has seen where its answer goes: `?` would not know what to
/// convert errors into. This says it beforehand.
pub(crate) fn type_hint(returning: TokenStream) -> TokenStream {
    quote! {
        #[allow(
            unreachable_code,
            clippy::diverging_sub_expression,
            clippy::empty_loop,
            clippy::let_unit_value,
            clippy::needless_return
        )]
        if false {
            #returning
        }
    }
}

/// All of these errors as one, if there are any.
pub(crate) fn all(errors: impl IntoIterator<Item = Error>) -> Result<()> {
    let all = errors.into_iter().reduce(|mut all, next| {
        all.combine(next);
        all
    });
    all.map_or(Ok(()), Err)
}

/// Sees the names that patterns bind.
struct Names<F>(F);

impl<F: FnMut(&mut PatIdent)> VisitMut for Names<F> {
    fn visit_pat_ident_mut(&mut self, name: &mut PatIdent) {
        (self.0)(name);
        visit_mut::visit_pat_ident_mut(self, name);
    }
}

/// Puts `_` for `impl Trait`.
struct Unnamed;

impl VisitMut for Unnamed {
    fn visit_type_mut(&mut self, found: &mut Type) {
        if matches!(found, Type::ImplTrait(_)) {
            *found = syn::parse_quote!(_);
        } else {
            visit_mut::visit_type_mut(self, found);
        }
    }
}
