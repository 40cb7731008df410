use crate::{arguments::Common, function::Function};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Ident, ItemFn, Path, Result, spanned::Spanned};

impl Function {
    /// The same function, its body an operation that `policy` runs.
    pub(crate) fn guarded_by(
        mut self,
        attribute: &str,
        common: &Common,
        policy: &TokenStream,
    ) -> Result<TokenStream> {
        self.check(attribute)?;
        let muts = self.unmut(&common.clones)?;
        let clones = common
            .clones
            .iter()
            .zip(muts)
            .map(|(name, keyword)| quote!(let #keyword #name = ::core::clone::Clone::clone(&#name);));

        let root = &common.root;
        // The compiler cannot tell an async block's type before it has seen where its answer goes: `?` would not know
        // what to convert errors into. A return that is never reached says it beforehand.
        let returned = self.returned().map(|returned| {
            let answer = Ident::new("answer", Span::mixed_site());
            let root = at(root, returned.span());
            quote_spanned! {returned.span()=>
                #[allow(
                    unreachable_code,
                    clippy::diverging_sub_expression,
                    clippy::empty_loop,
                    clippy::let_unit_value,
                    clippy::needless_return
                )]
                if false {
                    let #answer: #root::macro_support::Answer<#returned> = loop {};
                    return #answer;
                }
            }
        });

        let operation = Ident::new("operation", Span::mixed_site());
        let call = if common.idempotent { quote!(call_idempotent) } else { quote!(call) };
        let ItemFn { attrs, vis, sig, block } = &self.0;
        Ok(quote! {
            #(#attrs)*
            #vis #sig {
                let #operation = || async {
                    #(#clones)*
                    #returned
                    #block
                };
                let #operation = #root::macro_support::runs_once_an_attempt(#operation);
                // In a block of its own, so that the body does not see the trait's methods.
                {
                    use #root::PolicyExt as _;
                    #policy.#call(#operation).await
                }
            }
        })
    }
}

/// The path as if it stood at `span`, where the compiler then points if something is wrong with what follows it.
fn at(path: &Path, span: Span) -> TokenStream {
    path.to_token_stream()
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}
