use crate::{
    arguments::Common,
    function::{self, Function},
};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Error, FnArg, Ident, ItemFn, Result, ReturnType, spanned::Spanned};

impl Function {
    /// The same function, its body an operation that `policy` runs.
    pub(crate) fn guarded_by(
        mut self,
        attribute: &str,
        common: &Common,
        policy: &TokenStream,
        idempotent: bool,
    ) -> Result<TokenStream> {
        self.check_guarded(attribute)?;
        self.check_unchanged(&common.clones)?;
        let clones = self.clones(&common.clones)?;

        let hint = self.returned().map(|returned| {
            let (root, answer) = (common.root_at(returned.span()), Ident::new("answer", Span::mixed_site()));
            function::type_hint(quote_spanned! {returned.span()=>
                let #answer: #root::macro_support::Answer<#returned> = loop {};
                return #answer;
            })
        });

        let operation = Ident::new("operation", Span::mixed_site());
        let call = if idempotent { quote!(call_idempotent) } else { quote!(call) };
        let root = &common.root;
        let ItemFn { attrs, vis, sig, block } = &self.0;
        Ok(quote! {
            #(#attrs)*
            #vis #sig {
                let #operation = || async {
                    #clones
                    #hint
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

    /// Everything that stands in the way of running the body once an attempt.
    fn check_guarded(&self, attribute: &str) -> Result<()> {
        let signature = &self.0.sig;
        let mut wrong = self.check_async(attribute);
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
        function::all(wrong)
    }

    /// An argument that is `mut` is among those that are cloned: an attempt must not see what another did to it.
    fn check_unchanged(&mut self, clones: &[Ident]) -> Result<()> {
        let mut wrong = Vec::new();
        self.each_name(|name| {
            if let Some(keyword) = name.mutability
                && !clones.contains(&name.ident)
            {
                let what = format!(
                    "an attempt would see what the one before it did to `{0}`: list it in `clone({0})`",
                    name.ident
                );
                wrong.push(Error::new(keyword.span(), what));
            }
        });
        function::all(wrong)
    }
}
