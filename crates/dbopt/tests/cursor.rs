#![allow(clippy::unwrap_used, missing_docs)]
//! Cursors: what was signed comes back, and nothing else is let in.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mainstay_dbopt::keyset::{
    ColumnType, CursorError, CursorSigner, KeyColumn, ListIdentity, Order, Position, Secret,
};
use proptest::prelude::*;

fn secret(byte: u8) -> Secret {
    Secret::new([byte; 32]).unwrap()
}

fn order() -> Order {
    Order::new([
        KeyColumn::desc("price", ColumnType::Integer).nullable(),
        KeyColumn::asc("id", ColumnType::Integer).unique(),
    ])
    .unwrap()
}

fn list() -> ListIdentity {
    ListIdentity::new(&order(), "suburb=Carlton", "tenant 5")
}

fn position() -> impl Strategy<Value = Position> {
    let values = || prop::collection::vec(prop::option::of(".{0,30}"), 0..5);
    prop_oneof![
        Just(Position::Start),
        Just(Position::End),
        values().prop_map(Position::After),
        values().prop_map(Position::Before),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn what_was_signed_comes_back(position in position()) {
        let signer = CursorSigner::new(3, secret(7));
        let token = signer.encode(&position, &list()).unwrap();
        prop_assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
        prop_assert_eq!(signer.decode(&token, &list()), Ok(position));
    }

    #[test]
    fn no_altered_byte_is_let_in(position in position(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let signer = CursorSigner::new(3, secret(7));
        let mut bytes = URL_SAFE_NO_PAD.decode(signer.encode(&position, &list()).unwrap()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let expected = match at {
            0 => CursorError::UnknownVersion { version: bytes[0] },
            1 => CursorError::UnknownKey { key: bytes[1] },
            _ => CursorError::Tampered,
        };
        prop_assert_eq!(signer.decode(&URL_SAFE_NO_PAD.encode(bytes), &list()), Err(expected));
    }

    #[test]
    fn no_cut_or_lengthened_token_is_let_in(position in position(), cut in any::<prop::sample::Index>(), more in "[A-Za-z0-9_-]{1,8}") {
        let signer = CursorSigner::new(3, secret(7));
        let token = signer.encode(&position, &list()).unwrap();
        prop_assert!(signer.decode(&token[..cut.index(token.len())], &list()).is_err());
        let longer = token.clone() + &more;
        prop_assert!(signer.decode(&longer, &list()).is_err());
    }

    #[test]
    fn no_noise_is_let_in(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,80}") {
        let signer = CursorSigner::new(3, secret(7));
        let headed = [&[1, 3], &bytes[..]].concat();
        for token in [URL_SAFE_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(headed), text] {
            prop_assert!(signer.decode(&token, &list()).is_err(), "{}", token);
        }
    }

    #[test]
    fn no_other_list_is_opened(filters in ".{0,12}", tenant in ".{0,12}") {
        let signer = CursorSigner::new(3, secret(7));
        let whole = format!("{filters}{tenant}");
        let token = signer.encode(&Position::Start, &ListIdentity::new(&order(), &filters, &tenant)).unwrap();
        for at in (0..=whole.len()).filter(|at| whole.is_char_boundary(*at)) {
            let (other_filters, other_tenant) = whole.split_at(at);
            let opened = signer.decode(&token, &ListIdentity::new(&order(), other_filters, other_tenant));
            let is_own = other_filters == filters;
            prop_assert_eq!(opened, if is_own { Ok(Position::Start) } else { Err(CursorError::WrongList) });
        }
    }
}

#[test]
fn an_order_that_differs_in_anything_is_another_list() {
    let signer = CursorSigner::new(1, secret(1));
    let id = || KeyColumn::asc("id", ColumnType::Integer).unique();
    let of = |first: KeyColumn| ListIdentity::new(&Order::new([first, id()]).unwrap(), "", "");
    let price = || KeyColumn::asc("price", ColumnType::Integer);
    let token = signer.encode(&Position::End, &of(price())).unwrap();
    assert_eq!(signer.decode(&token, &of(price())), Ok(Position::End));
    let others = [
        KeyColumn::desc("price", ColumnType::Integer),
        KeyColumn::asc("price", ColumnType::Numeric),
        KeyColumn::asc("land", ColumnType::Integer),
        price().nullable(),
        price().nulls_last(),
        price().of("p"),
    ];
    for other in others {
        assert_eq!(signer.decode(&token, &of(other.clone())), Err(CursorError::WrongList), "{other:?}");
    }
}

#[test]
fn keys_rotate_without_breaking_a_cursor() {
    let old = CursorSigner::new(1, secret(1));
    let readying = CursorSigner::new(1, secret(1)).accept(2, secret(2));
    let new = CursorSigner::new(2, secret(2)).accept(1, secret(1));
    let retired = CursorSigner::new(2, secret(2));
    let position = Position::After(vec![None, Some("9".into())]);
    let by_old = old.encode(&position, &list()).unwrap();
    let by_new = new.encode(&position, &list()).unwrap();
    for (signer, token) in [(&readying, &by_old), (&readying, &by_new), (&new, &by_old), (&retired, &by_new)]
    {
        assert_eq!(signer.decode(token, &list()).as_ref(), Ok(&position));
    }
    assert_eq!(retired.decode(&by_old, &list()), Err(CursorError::UnknownKey { key: 1 }));
    // A key id said twice keeps the secret that signs.
    let twice = CursorSigner::new(1, secret(1)).accept(1, secret(9));
    assert_eq!(twice.decode(&by_old, &list()).as_ref(), Ok(&position));
    // Another secret under the same id is a forgery.
    assert_eq!(CursorSigner::new(1, secret(9)).decode(&by_old, &list()), Err(CursorError::Tampered));
}

#[test]
fn tokens_are_bounded_both_ways() {
    let signer = CursorSigner::new(1, secret(1));
    let long = Position::After(vec![Some("x".repeat(4000))]);
    assert!(matches!(signer.encode(&long, &list()), Err(CursorError::TooLong { max: 4096, .. })));
    let given = signer.decode(&"A".repeat(10_000_000), &list());
    assert_eq!(given, Err(CursorError::TooLong { length: 10_000_000, max: 4096 }));
    let wide = signer.max_length(8192);
    assert_eq!(wide.decode(&wide.encode(&long, &list()).unwrap(), &list()), Ok(long));
}

#[test]
fn secrets_are_long_and_never_shown() {
    assert_eq!(Secret::new([0; 31]).unwrap_err(), CursorError::ShortSecret { bytes: 31 });
    let signer = CursorSigner::new(1, Secret::new(b"correct horse battery staple and more").unwrap());
    assert_eq!(
        format!("{signer:?}"),
        "CursorSigner { current: 1, secrets: {1: Secret(..)}, max_length: 4096 }"
    );
}
