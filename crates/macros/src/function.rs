use syn::{
    Error, FnArg, Ident, ItemFn, PatIdent, Result, ReturnType, Token, Type,
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

    /// Everything that stands in the way of running the body once an attempt.
    pub(crate) fn check(&self, attribute: &str) -> Result<()> {
        let signature = &self.0.sig;
        let mut wrong = Vec::new();
        if let Some(keyword) = &signature.constness {
            wrong.push(Error::new(
                keyword.span(),
                format!("#[{attribute}] waits for its attempts, which a `const fn` cannot"),
            ));
        } else if signature.asyncness.is_none() {
            wrong.push(Error::new(
                signature.fn_token.span(),
                format!("#[{attribute}] guards async functions: write `async fn {}`", signature.ident),
            ));
        }
        if let Some(FnArg::Receiver(receiver)) = signature.inputs.first()
            && receiver.reference.is_none()
            && receiver.colon_token.is_none()
        {
            wrong.push(Error::new(
                receiver.span(),
                "the first attempt would consume `self`, and there may be more: take `&self`",
            ));
        }
        if matches!(signature.output, ReturnType::Default) {
            wrong.push(Error::new(
                signature.ident.span(),
                "a guarded function returns `Result<T, mainstay_resilience::Error<E>>`; its body answers `Result<T, E>`",
            ));
        }
        let all = wrong.into_iter().reduce(|mut all, next| {
            all.combine(next);
            all
        });
        all.map_or(Ok(()), Err)
    }

    /// Takes the `mut` from the arguments that are cloned, since it is the clone that changes, and gives it back.
    ///
    /// # Errors
    /// A name that is no argument; an argument that is `mut` and not cloned.
    pub(crate) fn unmut(&mut self, clones: &[Ident]) -> Result<Vec<Option<Token![mut]>>> {
        let mut names = Names { clones, found: vec![None; clones.len()], error: None };
        for argument in &mut self.0.sig.inputs {
            names.visit_fn_arg_mut(argument);
        }
        if let Some(error) = names.error {
            return Err(error);
        }
        let known = |(found, name): (Option<_>, &Ident)| {
            found.ok_or_else(|| Error::new(name.span(), format!("`{name}` is no argument of this function")))
        };
        names.found.into_iter().zip(clones).map(known).collect()
    }

    /// What it returns, with what only the compiler can name left for it to find.
    pub(crate) fn returned(&self) -> Option<Type> {
        let ReturnType::Type(_, returned) = &self.0.sig.output else { return None };
        let mut returned = (**returned).clone();
        Unnamed.visit_type_mut(&mut returned);
        Some(returned)
    }
}

/// Looks for the names that patterns bind.
struct Names<'a> {
    clones: &'a [Ident],
    /// For each name to clone, once it is found, its `mut`.
    found: Vec<Option<Option<Token![mut]>>>,
    error: Option<Error>,
}

impl VisitMut for Names<'_> {
    fn visit_pat_ident_mut(&mut self, name: &mut PatIdent) {
        let place = self.clones.iter().position(|clone| *clone == name.ident);
        if let Some(place) = place {
            self.found[place] = Some(name.mutability.take());
        } else if let Some(keyword) = &name.mutability {
            let error = Error::new(
                keyword.span(),
                format!(
                    "an attempt would see what the one before it did to `{0}`: list it in `clone({0})`",
                    name.ident
                ),
            );
            match &mut self.error {
                Some(all) => all.combine(error),
                None => self.error = Some(error),
            }
        }
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
