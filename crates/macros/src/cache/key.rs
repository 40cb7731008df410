use super::root;
use crate::function;
use heck::ToSnakeCase;
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use std::collections::{BTreeMap, HashSet};
use syn::{
    Attribute, Data, DeriveInput, Error, Field, Fields, Generics, Ident, Path, Result, Type, Variant,
    ext::IdentExt,
    spanned::Spanned,
    visit_mut::{self, VisitMut},
};

/// An implementation of `CacheKey` that renders the fields as components, in their order.
pub(crate) fn cache_key(mut input: DeriveInput) -> Result<TokenStream> {
    let root = container_root(&input.attrs)?;
    let text = Ident::new("text", Span::mixed_site());
    let body = match &input.data {
        Data::Struct(data) => {
            let fields = Rendered::of(&data.fields)?;
            let (pattern, renders) = (&fields.pattern, fields.after(&root, &text, 0));
            if matches!(data.fields, Fields::Unit) || data.fields.is_empty() {
                let name = snake_case(&input.ident);
                quote!(#text.component(#name);)
            } else if fields.names.is_empty() {
                let what = "all fields are skipped, so all values would be one key";
                return Err(Error::new(input.ident.span(), what));
            } else {
                quote!(let Self #pattern = self; #renders)
            }
        }
        Data::Enum(data) => {
            distinct(data.variants.iter())?;
            let arms = data.variants.iter().map(|variant| {
                no_attribute(&variant.attrs, "fields are skipped, variants are not")?;
                let (ident, name) = (&variant.ident, snake_case(&variant.ident));
                let fields = Rendered::of(&variant.fields)?;
                let (pattern, renders) = (&fields.pattern, fields.after(&root, &text, 1));
                Ok(quote!(Self::#ident #pattern => { #text.component(#name); #renders }))
            });
            let arms: Vec<TokenStream> = arms.collect::<Result<_>>()?;
            if arms.is_empty() { quote!(match *self {}) } else { quote!(match self { #(#arms)* }) }
        }
        Data::Union(data) => {
            let what = "a union does not say which of its fields holds: a key is a struct or an enum";
            return Err(Error::new(data.union_token.span, what));
        }
    };
    bound(&mut input, &root)?;
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics #root::CacheKey for #name #arguments #bounds {
            fn render(&self, #text: &mut #root::KeyText) {
                #body
            }
        }
    })
}

/// The fields of a struct or a variant, taken apart.
struct Rendered {
    pattern: TokenStream,
    /// Of the fields that are not skipped.
    names: Vec<Ident>,
}

impl Rendered {
    fn of(fields: &Fields) -> Result<Self> {
        let (mut names, mut parts) = (Vec::new(), Vec::new());
        for (at, field) in fields.iter().enumerate() {
            let bound = (!skipped(field)?).then(|| {
                // The compiler shows the type if it is no key.
                let span = Span::mixed_site().located_at(field.ty.span());
                format_ident!("field_{at}", span = span)
            });
            let part = bound.as_ref().map_or_else(|| quote!(_), |name| quote!(#name));
            parts.push(field.ident.as_ref().map_or_else(|| part.clone(), |own| quote!(#own: #part)));
            names.extend(bound);
        }
        let pattern = match fields {
            Fields::Named(_) => quote!({ #(#parts),* }),
            Fields::Unnamed(_) => quote!((#(#parts),*)),
            Fields::Unit => TokenStream::new(),
        };
        Ok(Self { pattern, names })
    }

    /// Renders them after so many components.
    fn after(&self, root: &Path, text: &Ident, before: usize) -> TokenStream {
        let each = self.names.iter().enumerate().map(|(at, name)| {
            let separator = (at + before > 0).then(|| quote!(#text.separator();));
            quote!(#separator #root::CacheKey::render(#name, #text);)
        });
        each.collect()
    }
}

fn snake_case(name: &Ident) -> String {
    name.unraw().to_string().to_snake_case()
}

/// Two variants of one name would be one key.
fn distinct<'a>(variants: impl Iterator<Item = &'a Variant>) -> Result<()> {
    let mut seen: BTreeMap<String, &Ident> = BTreeMap::new();
    let mut wrong = Vec::new();
    for variant in variants {
        let name = snake_case(&variant.ident);
        if let Some(other) = seen.get(&name) {
            let what = format!("`{}` and `{other}` are both `{name}` in a key: rename one", variant.ident);
            wrong.push(Error::new(variant.ident.span(), what));
        } else {
            seen.insert(name, &variant.ident);
        }
    }
    function::all(wrong)
}

/// Where the crate is found: `#[cache_key(crate = path)]`.
fn container_root(attributes: &[Attribute]) -> Result<Path> {
    let mut found = root();
    for attribute in ours(attributes) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(
                    meta.error("a type takes `#[cache_key(crate = path)]`, a field `#[cache_key(skip)]`")
                );
            }
            found = meta.value()?.call(Path::parse_mod_style)?;
            Ok(())
        })?;
    }
    Ok(found)
}

fn skipped(field: &Field) -> Result<bool> {
    let mut skipped = false;
    for attribute in ours(&field.attrs) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("skip") {
                return Err(meta.error("a field takes `#[cache_key(skip)]`"));
            }
            skipped = true;
            Ok(())
        })?;
    }
    Ok(skipped)
}

fn no_attribute(attributes: &[Attribute], what: &str) -> Result<()> {
    ours(attributes).next().map_or(Ok(()), |attribute| Err(Error::new_spanned(attribute, what)))
}

fn ours(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cache_key"))
}

/// Asks of the type parameters what the fields need: of what is rendered that it is a key, of what is skipped that a key may
/// hold it.
fn bound(input: &mut DeriveInput, root: &Path) -> Result<()> {
    let parameters: HashSet<Ident> = input.generics.type_params().map(|own| own.ident.clone()).collect();
    let fields: Vec<&Field> = match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    let mut bounds = Vec::new();
    for field in fields {
        let (ty, mut mentions) = (field.ty.clone(), Mentions { parameters: &parameters, found: false });
        mentions.visit_type_mut(&mut field.ty.clone());
        if mentions.found {
            bounds.push((ty, skipped(field)?));
        }
    }
    add(&mut input.generics, bounds, root);
    Ok(())
}

fn add(generics: &mut Generics, bounds: Vec<(Type, bool)>, root: &Path) {
    if bounds.is_empty() {
        return;
    }
    let clause = generics.make_where_clause();
    for (ty, skipped) in bounds {
        clause.predicates.push(if skipped {
            syn::parse_quote!(#ty: ::core::marker::Send + ::core::marker::Sync)
        } else {
            syn::parse_quote!(#ty: #root::CacheKey)
        });
    }
}

/// Looks for the names of type parameters in a type.
struct Mentions<'a> {
    parameters: &'a HashSet<Ident>,
    found: bool,
}

impl VisitMut for Mentions<'_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        self.found |= path.segments.first().is_some_and(|first| self.parameters.contains(&first.ident));
        visit_mut::visit_path_mut(self, path);
    }
}
