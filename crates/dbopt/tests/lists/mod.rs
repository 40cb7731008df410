//! Lists to walk, whatever database they lie in: rows, orders, and what must hold of any walk.

use mainstay_dbopt::keyset::{ColumnType, KeyColumn, Order, Page, Position};
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub struct Row {
    pub id: i64,
    pub a: i64,
    pub n: Option<i64>,
    pub f: f64,
    pub s: Option<String>,
}

/// Rows with few distinct values, so that ties and NULLs abound.
pub fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    let row = (0..3_i64, prop::option::of(0..3_i64), 0..3_u8, prop::option::of("[aB ']{0,2}"));
    prop::collection::vec(row, 0..=most).prop_map(|rows| {
        let rows = rows.into_iter().enumerate();
        // Ids leave gaps for rows that come later.
        rows.map(|(at, (a, n, f, s))| Row { id: 10 * (at as i64 + 1), a, n, f: f64::from(f) / 3.0, s })
            .collect()
    })
}

/// Something that happens to the list between two pages.
#[derive(Clone, Debug)]
pub enum Action {
    Insert(Row),
    Delete(usize),
}

impl Arbitrary for Action {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let row = (1..200_i64, 0..3_i64, prop::option::of(0..3_i64), prop::option::of("[aB]{0,2}"));
        prop_oneof![
            // Never a multiple of ten: those are the rows that were there before.
            row.prop_map(|(id, a, n, s)| Self::Insert(Row { id: id * 10 + 1, a, n, f: 0.5, s })),
            any::<usize>().prop_map(Self::Delete),
        ]
        .boxed()
    }
}

/// Orders, each with the ORDER BY it stands for: one direction and two, NULLs here, there and where the database likes.
pub fn orders() -> Vec<(&'static str, Order)> {
    use ColumnType::{Float, Integer, Text};
    let (asc, desc) = (KeyColumn::asc, KeyColumn::desc);
    let id = || asc("id", Integer).unique();
    let id_desc = || desc("id", Integer).unique();
    let all = [
        ("id", vec![id()]),
        ("id DESC", vec![id_desc()]),
        ("a, id", vec![asc("a", Integer).of("t"), id().of("t")]),
        ("a DESC, id DESC", vec![desc("a", Integer).of("t"), id_desc()]),
        ("a DESC, id", vec![desc("a", Integer).of("t"), id()]),
        ("t.a, f DESC, id", vec![asc("a", Integer), desc("f", Float), id()]),
        ("a, code", vec![asc("a", Integer), asc("code", Text).unique()]),
        ("f DESC, code DESC", vec![desc("f", Float), desc("code", Text).unique()]),
        ("n, id", vec![asc("n", Integer).nullable(), id()]),
        ("n DESC, id", vec![desc("n", Integer).nullable(), id()]),
        ("n NULLS FIRST, id DESC", vec![asc("n", Integer).nulls_first(), id_desc()]),
        ("n NULLS LAST, id", vec![asc("n", Integer).nulls_last(), id()]),
        ("n DESC NULLS FIRST, id", vec![desc("n", Integer).nulls_first(), id()]),
        ("n DESC NULLS LAST, id", vec![desc("n", Integer).nulls_last(), id()]),
        (
            "s, n DESC, code",
            vec![asc("s", Text).nullable(), desc("n", Integer).nullable(), asc("code", Text).unique()],
        ),
        (
            "n DESC NULLS LAST, s NULLS FIRST, a, id DESC",
            vec![desc("n", Integer).nulls_last(), asc("s", Text).nulls_first(), asc("a", Integer), id_desc()],
        ),
    ];
    all.into_iter().map(|(text, columns)| (text, Order::new(columns).unwrap())).collect()
}

/// A list in some database.
#[allow(async_fn_in_trait)]
pub trait List {
    async fn page(&self, position: &Position, size: u32) -> Page<i64>;
    async fn insert(&self, row: &Row);
    async fn delete(&self, id: i64);
}

/// Walks the whole list both ways in pages of `size`, and back again from every page.
pub async fn walk(name: &str, list: &impl List, ids: &[i64], size: u32) {
    let name = format!("{name}, pages of {size}, {ids:?}");
    let expected: Vec<&[i64]> = ids.chunks(size as usize).collect();
    let (mut position, mut pages) = (Position::Start, Vec::new());
    loop {
        let page = list.page(&position, size).await;
        assert_eq!(page.previous.is_some(), !pages.is_empty(), "{name}: {page:?}");
        let next = page.next.clone();
        pages.push(page);
        assert!(pages.len() <= ids.len() + 1, "{name}: no end in {pages:?}");
        match next {
            Some(next) => position = next,
            None => break,
        }
    }
    let forward: Vec<&[i64]> =
        pages.iter().map(|page| &page.rows[..]).filter(|rows| !rows.is_empty()).collect();
    assert_eq!(forward, expected, "{name}");

    for (before, page) in pages.iter().zip(&pages[1..]) {
        let back = list.page(page.previous.as_ref().unwrap(), size).await;
        assert_eq!(back.rows, before.rows, "{name}, back from {page:?}");
        let there = list.page(back.next.as_ref().unwrap(), size).await;
        assert_eq!(there.rows, page.rows, "{name}, there again");
    }

    let mut expected: Vec<Vec<i64>> = ids.rchunks(size as usize).map(<[i64]>::to_vec).collect();
    let (mut position, mut backward) = (Position::End, Vec::new());
    loop {
        let page = list.page(&position, size).await;
        assert_eq!(page.next.is_some(), !backward.is_empty(), "{name}, backward: {page:?}");
        backward.push(page.rows);
        assert!(backward.len() <= ids.len() + 1, "{name}: no end in {backward:?}");
        match page.previous {
            Some(previous) => position = previous,
            None => break,
        }
    }
    if ids.is_empty() {
        expected.push(vec![]);
    }
    assert_eq!(backward, expected, "{name}, backward");
}

/// Walks forward while rows come and go: of those that stay, each is seen once, in order; of the others none twice.
pub async fn walk_while_changing(name: &str, list: &impl List, ids: &[i64], size: u32, actions: &[Action]) {
    let (mut position, mut seen, mut gone) = (Position::Start, Vec::new(), Vec::new());
    let mut actions = actions.iter();
    let mut inserted = Vec::new();
    loop {
        let page = list.page(&position, size).await;
        seen.extend(page.rows);
        match actions.next() {
            Some(Action::Insert(row)) if !inserted.contains(&row.id) => {
                list.insert(row).await;
                inserted.push(row.id);
            }
            Some(Action::Delete(at)) if !ids.is_empty() => {
                list.delete(ids[at % ids.len()]).await;
                gone.push(ids[at % ids.len()]);
            }
            _ => {}
        }
        match page.next {
            Some(next) => position = next,
            None => break,
        }
        assert!(seen.len() <= ids.len() + inserted.len(), "{name}: rows repeat in {seen:?}");
    }
    let mut once = seen.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), seen.len(), "{name}: rows repeat in {seen:?}");
    let stayed = |id: &&i64| ids.contains(id) && !gone.contains(id);
    let expected: Vec<&i64> = ids.iter().filter(stayed).collect();
    assert_eq!(seen.iter().filter(stayed).collect::<Vec<_>>(), expected, "{name}: {ids:?}, then {actions:?}");
}
