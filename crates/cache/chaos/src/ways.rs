//! The nodes' ways to the servers: through the proxy before each server, which knows the nodes by the user they log in as.

use mainstay_testkit::proxy::{Proxy, Selection};

use crate::node::NODES;

/// Who logs in does so first of all.
const FIRST_WORDS: usize = 256;

/// The user that a node logs in as.
pub(crate) fn user(node: usize) -> String {
    format!("node-{node}")
}

/// Arguments by which a server knows the users.
pub(crate) fn users() -> impl Iterator<Item = String> {
    let rules = ["on", "nopass", "~*", "&*", "+@all"].map(str::to_owned);
    (0..NODES).flat_map(move |node| ["--user".to_owned(), user(node)].into_iter().chain(rules.clone()))
}

/// The URL of a server for that node.
pub(crate) fn url(node: usize, port: u16) -> String {
    format!("redis://{}:any@127.0.0.1:{port}", user(node))
}

/// The connections of one node.
pub(crate) fn of(proxy: &Proxy, node: usize) -> Selection<'_> {
    proxy.those(says(user(node)))
}

fn says(word: String) -> impl Fn(&[u8]) -> bool {
    move |sent| {
        let first = &sent[..sent.len().min(FIRST_WORDS)];
        first.windows(word.len()).any(|window| window == word.as_bytes())
    }
}
