use crate::domain::{Filter, PageRef, PropertyKind, Request, SortOrder};
use rand::RngExt;
use rand_pcg::Pcg64;
use std::time::Duration;

/// How people page through lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Browsing {
    /// Mean time between two pages of a person.
    pub think: Duration,
    /// The chance that a person turns to one more page.
    pub turns_page: f64,
    /// The share of sessions that are crawlers, which go deep and think little.
    pub crawlers: f64,
    /// Fewest and most pages a crawler takes.
    pub crawl_pages: (u32, u32),
    /// Mean time between two pages of a crawler.
    pub crawl_think: Duration,
}

impl Default for Browsing {
    /// People: 1 s between pages, one more page with 60 %. Crawlers: 3 % of sessions, 15 to 40 pages 200 ms apart.
    fn default() -> Self {
        Self {
            think: Duration::from_secs(1),
            turns_page: 0.6,
            crawlers: 0.03,
            crawl_pages: (15, 40),
            crawl_think: Duration::from_millis(200),
        }
    }
}

/// A session that may ask for its next page from `ready` on.
pub(super) struct Browser {
    pub(super) ready: Duration,
    pub(super) session: u32,
    crawler: bool,
    pages_left: u32,
    pub(super) next: Request,
}

impl Browsing {
    /// A session about to ask for its first page.
    pub(super) fn begin(&self, session: u32, locality_id: u32, random: &mut Pcg64) -> Browser {
        let crawler = random.random_bool(self.crawlers);
        let pages = if crawler {
            random.random_range(self.crawl_pages.0..=self.crawl_pages.1)
        } else {
            let mut pages = 1;
            while random.random_bool(self.turns_page) {
                pages += 1;
            }
            pages
        };
        // A crawler takes the list as it is; people narrow it now and then.
        let filter = if crawler { Filter::default() } else { narrowing(random) };
        let sort =
            if random.random_bool(0.7) { SortOrder::PriceAscending } else { SortOrder::PriceDescending };
        let page = PageRef { number: 1, cursor: None };
        let next = Request::List { locality_id, filter, sort, page };
        Browser { ready: Duration::ZERO, session, crawler, pages_left: pages, next }
    }

    /// The same session, thinking before its next page; `None` after its last.
    pub(super) fn turn(&self, mut browser: Browser, at: Duration, random: &mut Pcg64) -> Option<Browser> {
        browser.pages_left -= 1;
        if browser.pages_left == 0 {
            return None;
        }
        let think = if browser.crawler { self.crawl_think } else { self.think };
        browser.ready = at + think.mul_f64(exponential(random));
        if let Request::List { page, .. } = &mut browser.next {
            page.number += 1;
        }
        Some(browser)
    }
}

fn narrowing(random: &mut Pcg64) -> Filter {
    let kinds = [PropertyKind::House, PropertyKind::House, PropertyKind::Unit, PropertyKind::Townhouse];
    Filter {
        kind: random.random_bool(0.25).then(|| kinds[random.random_range(0..kinds.len())]),
        min_bedrooms: random.random_bool(0.2).then(|| random.random_range(2..=4)),
        max_price: random.random_bool(0.15).then(|| random.random_range(12..=40) * 50_000),
    }
}

/// Exponential with mean 1.
pub(super) fn exponential(random: &mut Pcg64) -> f64 {
    -(1.0 - random.random::<f64>()).ln()
}

impl Ord for Browser {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.ready, self.session).cmp(&(other.ready, other.session))
    }
}

impl PartialOrd for Browser {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Browser {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Browser {}
