#![allow(missing_docs)]
//! What the compiler says of misuse, as rustc 1.95 words it.

#[test]
fn misuse_is_explained() {
    trybuild::TestCases::new().compile_fail("tests/misuse/*.rs");
}
