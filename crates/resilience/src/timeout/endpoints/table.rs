use super::config::EndpointTimeoutsConfig;
use crate::Timeout;
use std::{collections::HashMap, sync::Arc};

/// The endpoints as a tree of path segments, with the configuration they stand for.
#[derive(Debug)]
pub(super) struct Table<O> {
    pub(super) config: Arc<EndpointTimeoutsConfig>,
    pub(super) default: Arc<Timeout<O>>,
    root: Node<O>,
    /// Each timeout once, in the order of the configuration, the default first.
    pub(super) all: Vec<Arc<Timeout<O>>>,
}

#[derive(Debug)]
struct Node<O> {
    children: HashMap<Box<str>, Self>,
    /// For any method, unless one of `by_method` matches.
    any: Option<Arc<Timeout<O>>>,
    by_method: Vec<(Box<str>, Arc<Timeout<O>>)>,
}

impl<O> Node<O> {
    fn new() -> Self {
        Self { children: HashMap::new(), any: None, by_method: Vec::new() }
    }

    fn of(&self, method: &str) -> Option<&Arc<Timeout<O>>> {
        let named = |method: &str| self.by_method.iter().find(|(name, _)| &**name == method);
        // What answers GET answers HEAD, unless told otherwise.
        let found = named(method).or_else(|| if method == "HEAD" { named("GET") } else { None });
        found.map(|(_, timeout)| timeout).or(self.any.as_ref())
    }
}

/// Empty segments do not count: `/api//search/` is `/api/search`.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split('/').filter(|segment| !segment.is_empty())
}

impl<O> Table<O> {
    /// `timeouts` are those of the endpoints, in their order; endpoints of one name share the first.
    pub(super) fn new(
        config: EndpointTimeoutsConfig,
        default: Arc<Timeout<O>>,
        timeouts: Vec<Arc<Timeout<O>>>,
    ) -> Self {
        let mut root = Node::new();
        let mut all = vec![default.clone()];
        for (endpoint, timeout) in config.endpoints.iter().zip(timeouts) {
            let known = all.iter().find(|known| known.name() == endpoint.name).cloned();
            let timeout = known.unwrap_or_else(|| {
                all.push(timeout.clone());
                timeout
            });
            let node = segments(&endpoint.prefix).fold(&mut root, |node, segment| {
                node.children.entry(segment.into()).or_insert_with(Node::new)
            });
            if endpoint.methods.is_empty() {
                node.any = Some(timeout.clone());
            }
            let named = endpoint.methods.iter().map(|method| (method.as_str().into(), timeout.clone()));
            node.by_method.extend(named);
        }
        Self { config: Arc::new(config), default, root, all }
    }

    /// The timeout of the longest prefix of `path` that has one for `method`.
    pub(super) fn find(&self, method: &str, path: &str) -> &Arc<Timeout<O>> {
        let mut found = self.root.of(method).unwrap_or(&self.default);
        let mut node = &self.root;
        for segment in segments(path) {
            let Some(child) = node.children.get(segment) else { break };
            found = child.of(method).unwrap_or(found);
            node = child;
        }
        found
    }
}
