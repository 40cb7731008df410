use crate::arguments::{Common, value};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    Error, Expr, Ident, LitStr, Path, Result,
    parse::{Parse, ParseStream},
};

/// What `#[resilient(..)]` takes.
pub(crate) struct Resilient {
    policy: Expr,
    /// Whether the body may run more than once at a time.
    pub(crate) idempotent: bool,
    pub(crate) common: Common,
}

/// What `#[with_retry(..)]` takes.
pub(crate) struct WithRetry {
    config: Config,
    name: Option<LitStr>,
    pub(crate) common: Common,
}

enum Config {
    Preset(Ident),
    Expression(Expr),
}

impl Resilient {
    pub(crate) fn policy(&self) -> TokenStream {
        let policy = &self.policy;
        quote!((#policy))
    }
}

impl WithRetry {
    pub(crate) fn policy(&self, function: &Ident) -> TokenStream {
        let root = &self.common.root;
        let name = self.name.as_ref().map_or_else(|| function.to_string(), LitStr::value);
        let config = match &self.config {
            Config::Preset(preset) => quote!(#root::RetryConfig::#preset),
            Config::Expression(config) => quote!(#config),
        };
        quote!({
            static RETRY: ::std::sync::LazyLock<#root::Retry> =
                ::std::sync::LazyLock::new(|| #root::macro_support::retry(#name, #config));
            &*RETRY
        })
    }
}

impl Parse for Resilient {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut policy, mut idempotent) = (None, false);
        let common = Common::parse(input, root(), &["policy", "idempotent"], |name, input| {
            match name.to_string().as_str() {
                "policy" => return value(&mut policy, name, input),
                "idempotent" => idempotent = true,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let policy = policy.ok_or_else(|| {
            let which = "which policy? say `#[resilient(policy = self.guard)]`, or name a static one";
            Error::new(Span::call_site(), which)
        })?;
        Ok(Self { policy, idempotent, common })
    }
}

impl Parse for WithRetry {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut preset, mut config, mut name) = (None, None, None);
        let common = Common::parse(input, root(), &["config", "name"], |argument, input| {
            let word = argument.to_string();
            match word.as_str() {
                "config" => value(&mut config, argument, input),
                "name" => value(&mut name, argument, input),
                _ if word.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_') => {
                    preset = Some(argument.clone());
                    Ok(true)
                }
                _ => Ok(false),
            }
        })?;
        let config = preset.map(Config::Preset).or(config.map(Config::Expression)).ok_or_else(|| {
            let how = "how often? say `#[with_retry(FAST)]`, or `#[with_retry(config = ..)]`";
            Error::new(Span::call_site(), how)
        })?;
        Ok(Self { config, name, common })
    }
}

fn root() -> Path {
    syn::parse_quote!(::mainstay_resilience)
}
