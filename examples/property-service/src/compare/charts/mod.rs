//! The page's charts, drawn as SVG; their colours are the page's (`page.css`).

mod distribution;
mod hits;
mod plot;
mod queries;
mod scale;
mod tail;
mod traffic;

pub(super) use distribution::distribution;
pub(super) use hits::hits;
pub(super) use queries::queries;
pub(super) use tail::tail;
pub(super) use traffic::traffic;
