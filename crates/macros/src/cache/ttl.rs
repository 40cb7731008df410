use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use std::{ops::RangeInclusive, time::Duration};
use syn::{
    Error, Expr, ExprLit, Lit, LitStr, Result,
    parse::{Parse, ParseStream},
};

/// What a region may be told too.
const ALLOWED: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(365 * 86_400);

/// A time to live: a text such as `"5m"`, read when the program is compiled, or an expression of what `LoadContext::ttl` takes.
pub(crate) enum Ttl {
    Known(Duration),
    Expression(Expr),
}

impl Parse for Ttl {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let expression: Expr = input.parse()?;
        match expression {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => read(&text).map(Self::Known),
            Expr::Lit(ExprLit { lit, .. }) => Err(Error::new(
                lit.span(),
                "a time to live needs its unit: say `\"90s\"`, `\"5m\"`, `\"1h 30m\"`, or an expression of a `Duration` or a `Ttl`",
            )),
            expression => Ok(Self::Expression(expression)),
        }
    }
}

fn read(text: &LitStr) -> Result<Duration> {
    let given = text.value();
    let ttl = humantime::parse_duration(&given).map_err(|error| {
        let how = format!("`{given}` is no time to live: {error}; say `\"90s\"`, `\"5m\"`, `\"1h 30m\"`");
        Error::new(text.span(), how)
    })?;
    if !ALLOWED.contains(&ttl) {
        let what = format!("the time to live is {given}, allowed is 1 ms to 365 days");
        return Err(Error::new(text.span(), what));
    }
    Ok(ttl)
}

impl ToTokens for Ttl {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Known(ttl) => {
                let (seconds, nanos) = (ttl.as_secs(), ttl.subsec_nanos());
                quote!(::core::time::Duration::new(#seconds, #nanos))
            }
            Self::Expression(expression) => quote!(#expression),
        });
    }
}
