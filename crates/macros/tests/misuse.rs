#![allow(missing_docs)]
//! What the compiler says of misuse, as rustc 1.95 words it.

#[test]
fn misuse_is_explained() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/misuse/*.rs");
    cases.compile_fail("tests/misuse/cache/*.rs");
}
