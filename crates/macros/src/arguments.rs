use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{
    Error, Ident, Path, Result, Token, parenthesized,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

/// What all attributes take.
pub(crate) struct Common {
    /// Arguments of the function that the body owns clones of.
    pub(crate) clones: Vec<Ident>,
    /// Where the crate is found.
    pub(crate) root: Path,
}

impl Common {
    /// Parses the arguments of an attribute; `take` takes those that only this attribute has, and says whether it knew the name.
    pub(crate) fn parse(
        input: ParseStream<'_>,
        root: Path,
        own: &[&str],
        mut take: impl FnMut(&Ident, ParseStream<'_>) -> Result<bool>,
    ) -> Result<Self> {
        let mut common = Self { clones: Vec::new(), root };
        while !input.is_empty() {
            if input.peek(Token![crate]) {
                input.parse::<Token![crate]>()?;
                input.parse::<Token![=]>()?;
                common.root = input.call(Path::parse_mod_style)?;
            } else {
                let name: Ident = input.parse()?;
                if name == "clone" {
                    common.clones.extend(list(input)?);
                } else if !take(&name, input)? {
                    let known = own.join("`, `");
                    let what = format!("unknown argument `{name}`: there are `{known}`, `clone`, `crate`");
                    return Err(Error::new(name.span(), what));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(common)
    }

    /// The crate's path as if it stood at `span`, where the compiler then points if something is wrong with what follows it.
    pub(crate) fn root_at(&self, span: Span) -> TokenStream {
        self.root
            .to_token_stream()
            .into_iter()
            .map(|mut token| {
                token.set_span(span);
                token
            })
            .collect()
    }
}

/// The value in `name = value`.
pub(crate) fn value<T: Parse>(slot: &mut Option<T>, name: &Ident, input: ParseStream<'_>) -> Result<bool> {
    if slot.is_some() {
        return Err(Error::new(name.span(), format!("`{name}` is said twice")));
    }
    input.parse::<Token![=]>()?;
    *slot = Some(input.parse()?);
    Ok(true)
}

/// The list in `name(a, b)`.
pub(crate) fn list<T: Parse>(input: ParseStream<'_>) -> Result<Vec<T>> {
    let items;
    parenthesized!(items in input);
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&items)?.into_iter().collect())
}
