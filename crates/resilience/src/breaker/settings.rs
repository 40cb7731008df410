use super::{
    BreakerConfig,
    config::Window as WindowConfig,
    limits::{Limits, ticks},
    window::{CountWindow, TimeWindow, Window},
    word::Epoch,
};
use std::sync::Arc;

/// A configuration and what follows from it.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) config: BreakerConfig,
    pub(super) limits: Limits,
    pub(super) window: Option<Arc<Window>>,
}

impl Settings {
    pub(super) fn new(config: BreakerConfig) -> Self {
        let window = fresh_window(&config).map(Arc::new);
        Self { limits: Limits::of(&config), window, config }
    }

    /// Of another configuration, with the calls that are in the window: all of them where the window stays as it is, as
    /// many as fit where a count changes its size, none where calls were counted in another way.
    pub(super) fn changed_to(&self, config: BreakerConfig, epoch: Epoch) -> Self {
        let window = match (config.window, self.window.as_deref()) {
            (same, Some(_)) if same == self.config.window => self.window.clone(),
            (WindowConfig::Count(size), Some(Window::Count(old))) => {
                Some(Arc::new(Window::Count(old.resized(size, epoch))))
            }
            _ => fresh_window(&config).map(Arc::new),
        };
        Self { limits: Limits::of(&config), window, config }
    }

    /// Whether it matters how long a call takes.
    pub(super) fn is_timed(&self) -> bool {
        self.window.is_some() && self.config.slow_call_rate.is_some()
    }
}

fn fresh_window(config: &BreakerConfig) -> Option<Window> {
    match config.window {
        WindowConfig::Consecutive => None,
        WindowConfig::Count(size) => Some(Window::Count(CountWindow::new(size))),
        WindowConfig::Time(span) => Some(Window::Time(TimeWindow::new(ticks(span)))),
    }
}
