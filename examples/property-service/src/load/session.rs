use crate::domain::{Page, PageRef, Request};
use parking_lot::Mutex;

/// Where each browsing session stands in its list.
///
/// A session asks for the page after the last one it was shown. If that page failed or has not come yet when
/// the next call is due, it asks for it again; past the end of its list it starts over. Both sides of a
/// comparison are asked by this one rule.
pub struct Sessions(Vec<Mutex<PageRef>>);

const FIRST: PageRef = PageRef { number: 1, cursor: None };

impl Sessions {
    pub fn new(count: u32) -> Self {
        Self((0..count).map(|_| Mutex::new(FIRST)).collect())
    }

    /// `planned` with the page that `session` stands at.
    pub fn ask(&self, session: u32, planned: &Request) -> Request {
        let mut request = planned.clone();
        if let Request::List { page, .. } = &mut request {
            *page = self.0[session as usize].lock().clone();
        }
        request
    }

    /// Moves `session` on, unless an answer that overtook this one has done so.
    pub fn shown(&self, session: u32, asked: &Request, shown: &Page) {
        let Request::List { page, .. } = asked else { return };
        let mut position = self.0[session as usize].lock();
        if *position == *page {
            *position = following(page.number, shown);
        }
    }
}

fn following(number: u32, shown: &Page) -> PageRef {
    let rows_so_far = u64::from(number) * Request::PAGE_SIZE as u64;
    // OFFSET paging has no cursor to hand on but counts the rows; keyset paging hands on a cursor until the end.
    let ended = shown.items.len() < Request::PAGE_SIZE
        || (shown.next.is_none() && shown.total.is_none_or(|total| rows_so_far >= total));
    if ended { FIRST } else { PageRef { number: number + 1, cursor: shown.next.clone() } }
}

#[cfg(test)]
mod tests {
    use super::super::fake::home;
    use super::*;
    use crate::domain::{Filter, SortOrder};

    fn planned() -> Request {
        Request::List {
            locality_id: 1,
            filter: Filter::default(),
            sort: SortOrder::PriceAscending,
            page: PageRef { number: 9, cursor: None },
        }
    }

    fn page_of(request: &Request) -> PageRef {
        match request {
            Request::List { page, .. } => page.clone(),
            other => panic!("{other:?} is no list"),
        }
    }

    fn page(rows: usize, total: Option<u64>, next: Option<&str>) -> Page {
        Page { items: vec![home(1, 1); rows], total, next: next.map(str::to_owned) }
    }

    #[test]
    fn hands_the_cursor_of_one_page_on_to_the_next() {
        let sessions = Sessions::new(1);
        let first = sessions.ask(0, &planned());
        assert_eq!(page_of(&first), FIRST);
        sessions.shown(0, &first, &page(20, None, Some("after-20")));
        assert_eq!(
            page_of(&sessions.ask(0, &planned())),
            PageRef { number: 2, cursor: Some("after-20".to_owned()) }
        );
    }

    #[test]
    fn asks_again_for_a_page_that_was_not_shown() {
        let sessions = Sessions::new(1);
        let first = sessions.ask(0, &planned());
        assert_eq!(sessions.ask(0, &planned()), first);
        sessions.shown(0, &first, &page(20, Some(100), None));
        let second = sessions.ask(0, &planned());
        sessions.shown(0, &second, &page(20, Some(100), None));
        // The first page's second answer comes late and moves nothing.
        sessions.shown(0, &first, &page(20, Some(100), None));
        assert_eq!(page_of(&sessions.ask(0, &planned())), PageRef { number: 3, cursor: None });
    }

    #[test]
    fn starts_over_past_the_end_under_either_paging() {
        for last in [page(7, None, None), page(20, Some(20), None), page(20, None, None)] {
            let sessions = Sessions::new(1);
            let first = sessions.ask(0, &planned());
            sessions.shown(0, &first, &last);
            assert_eq!(page_of(&sessions.ask(0, &planned())), FIRST);
        }
    }
}
