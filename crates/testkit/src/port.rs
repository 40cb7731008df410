use std::net::{Ipv4Addr, TcpListener};

/// Below the range that systems draw outgoing ports from (32768 and up on Linux, 49152 by IANA). A port from that range
/// can be taken by any client's connection while a killed server is away, and a client that keeps dialling the dead
/// server can even be handed the very port it dials and connect to itself.
const RANGE: std::ops::Range<u16> = 15_000..32_000;

const DRAWS: usize = 1_000;

/// A port that is free on 127.0.0.1 now; whoever uses it must be ready to find it taken a moment later.
pub(crate) fn free() -> Option<u16> {
    listen()?.local_addr().ok().map(|address| address.port())
}

/// A listener on a free port of 127.0.0.1.
pub(crate) fn listen() -> Option<TcpListener> {
    (0..DRAWS).find_map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, fastrand::u16(RANGE))).ok())
}

/// Another port of the range, for a server that needs two; it may be taken.
pub(crate) fn partner(port: u16) -> u16 {
    let half = (RANGE.end - RANGE.start) / 2;
    if port < RANGE.start + half { port + half } else { port - half }
}
