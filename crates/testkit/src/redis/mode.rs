use crate::port;
use std::process::Command;
use std::time::Duration;

/// What a server is to others.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Mode {
    #[default]
    Alone,
    Replica {
        primary: u16,
    },
    ClusterNode {
        node_timeout: Duration,
    },
}

impl Mode {
    /// The setting that says on which port others find it.
    pub(super) fn announces(self) -> &'static str {
        match self {
            Self::Alone | Self::Replica { .. } => "replica-announce-port",
            Self::ClusterNode { .. } => "cluster-announce-port",
        }
    }

    pub(super) fn apply(self, command: &mut Command, port: u16) {
        match self {
            Self::Alone => {}
            Self::Replica { primary } => {
                command.args(["--replicaof", "127.0.0.1", &primary.to_string()]);
            }
            Self::ClusterNode { node_timeout } => {
                command.args(["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"]);
                command.args(["--cluster-node-timeout", &node_timeout.as_millis().to_string()]);
                // Redis would take `port + 10000`, which may lie among the system's outgoing ports.
                command.args(["--cluster-port", &port::partner(port).to_string()]);
            }
        }
    }
}
