use super::server::Redis;
use crate::StartError;
use crate::proxy::Proxy;

/// The proxies before the servers of a group, if it has any: one a server, in the order of the servers.
#[derive(Debug, Default)]
pub(super) struct Doors(Vec<(u16, Proxy)>);

impl Doors {
    /// Sets a proxy before the server, by which the others and the clients know it from now on.
    pub(super) fn add(&mut self, node: &Redis) -> Result<&Proxy, StartError> {
        let proxy = Proxy::to(("127.0.0.1", node.port()))?;
        node.announce(proxy.port())?;
        self.0.push((node.port(), proxy));
        Ok(&self.0[self.0.len() - 1].1)
    }

    pub(super) fn before(&self, node: &Redis) -> Option<&Proxy> {
        self.0.iter().find_map(|(port, proxy)| (*port == node.port()).then_some(proxy))
    }

    /// The port by which others know the server.
    pub(super) fn port(&self, node: &Redis) -> u16 {
        self.before(node).map_or(node.port(), Proxy::port)
    }
}
