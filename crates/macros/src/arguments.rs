use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    Error, Expr, Ident, LitStr, Path, Result, Token, parenthesized,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

/// What both attributes take.
pub(crate) struct Common {
    /// Arguments of the function that each attempt gets a clone of.
    pub(crate) clones: Vec<Ident>,
    /// Whether the body may run more than once at a time.
    pub(crate) idempotent: bool,
    /// Where the crate is found.
    pub(crate) root: Path,
}

/// What `#[resilient(..)]` takes.
pub(crate) struct Resilient {
    policy: Expr,
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

/// One argument of an attribute.
enum Argument {
    Policy(Expr),
    Config(Expr),
    Preset(Ident),
    Name(LitStr),
    Clones(Vec<Ident>),
    Idempotent,
    Root(Path),
}

impl Argument {
    /// Parses one argument, if it is among those that are `known` to the attribute.
    fn parse(input: ParseStream<'_>, known: &[&str]) -> Result<Self> {
        if input.peek(Token![crate]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            return Ok(Self::Root(input.call(Path::parse_mod_style)?));
        }
        let name: Ident = input.parse()?;
        let word = name.to_string();
        if !known.contains(&word.as_str()) {
            let is_constant = word.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
            if is_constant && known.contains(&"config") {
                return Ok(Self::Preset(name));
            }
            let known = known.join("`, `");
            return Err(Error::new(name.span(), format!("unknown argument `{word}`: there are `{known}`")));
        }
        if word == "idempotent" {
            return Ok(Self::Idempotent);
        }
        if word == "clone" {
            let names;
            parenthesized!(names in input);
            let names = Punctuated::<Ident, Token![,]>::parse_terminated(&names)?;
            return Ok(Self::Clones(names.into_iter().collect()));
        }
        input.parse::<Token![=]>()?;
        Ok(match word.as_str() {
            "policy" => Self::Policy(input.parse()?),
            "config" => Self::Config(input.parse()?),
            _ => Self::Name(input.parse()?),
        })
    }

    fn parse_all(input: ParseStream<'_>, known: &[&str]) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        while !input.is_empty() {
            all.push(Self::parse(input, known)?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(all)
    }
}

impl Common {
    fn new() -> Self {
        Self { clones: Vec::new(), idempotent: false, root: syn::parse_quote!(::mainstay_resilience) }
    }

    fn take(&mut self, argument: Argument) {
        match argument {
            Argument::Clones(names) => self.clones.extend(names),
            Argument::Idempotent => self.idempotent = true,
            Argument::Root(path) => self.root = path,
            // Their owners take them before.
            Argument::Policy(_) | Argument::Config(_) | Argument::Preset(_) | Argument::Name(_) => {}
        }
    }
}

impl Parse for Resilient {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut policy, mut common) = (None, Common::new());
        for argument in Argument::parse_all(input, &["policy", "clone", "idempotent", "crate"])? {
            match argument {
                Argument::Policy(expression) => policy = Some(expression),
                other => common.take(other),
            }
        }
        let policy = policy.ok_or_else(|| {
            let which = "which policy? say `#[resilient(policy = self.guard)]`, or name a static one";
            Error::new(Span::call_site(), which)
        })?;
        Ok(Self { policy, common })
    }
}

impl Parse for WithRetry {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut config, mut name, mut common) = (None, None, Common::new());
        for argument in Argument::parse_all(input, &["config", "name", "clone", "crate"])? {
            match argument {
                Argument::Preset(preset) => config = Some(Config::Preset(preset)),
                Argument::Config(expression) => config = Some(Config::Expression(expression)),
                Argument::Name(text) => name = Some(text),
                other => common.take(other),
            }
        }
        let config = config.ok_or_else(|| {
            let how = "how often? say `#[with_retry(FAST)]`, or `#[with_retry(config = ..)]`";
            Error::new(Span::call_site(), how)
        })?;
        Ok(Self { config, name, common })
    }
}
