use super::server::Redis;
use crate::StartError;
use ::redis::cmd;
use std::ops::RangeInclusive;

/// How one node of a Cluster sees all of them.
#[derive(Debug)]
pub(super) struct View {
    members: Vec<Member>,
}

/// One node, as another sees it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: String,
    /// Where it sends clients to.
    pub(super) port: u16,
    pub(super) is_primary: bool,
    /// Neither dead, nor suspected, nor still shaking hands.
    is_well: bool,
    /// Whom it follows.
    pub(super) primary: Option<String>,
    slots: Vec<RangeInclusive<u16>>,
}

impl View {
    pub(super) fn of(node: &Redis) -> Result<Self, StartError> {
        let text: String = node.ask(cmd("CLUSTER").arg("NODES"))?;
        let members = text.lines().map(|line| Member::parse(line).ok_or(line)).collect::<Result<_, _>>();
        members.map(|members| Self { members }).map_err(|line| StartError::Command {
            port: node.port(),
            command: "CLUSTER NODES".into(),
            reason: format!("a line that is not understood: {line}"),
        })
    }

    pub(super) fn member(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    pub(super) fn owner(&self, slot: u16) -> Option<&Member> {
        self.members.iter().find(|member| member.is_primary && member.owns(slot))
    }

    pub(super) fn replicas_of(&self, id: &str) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.primary.as_deref() == Some(id))
    }

    /// Every node is known, and none is thought ill of.
    pub(super) fn is_whole(&self, nodes: usize) -> bool {
        self.members.len() == nodes && self.members.iter().all(|member| member.is_well)
    }
}

impl Member {
    /// `<id> <address>:<port>@<bus>[,<name>] <flags> <primary> <ping> <pong> <epoch> <link> <slot>...`
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [id, address, flags, primary, _, _, _, link, slots @ ..] = fields.as_slice() else { return None };
        let (address, _) = address.split_once('@')?;
        let flags: Vec<&str> = flags.split(',').collect();
        let ills = ["fail", "fail?", "handshake", "noaddr"];
        Some(Self {
            id: (*id).to_owned(),
            port: address.rsplit(':').next()?.parse().ok()?,
            is_primary: flags.contains(&"master"),
            is_well: *link == "connected" && !flags.iter().any(|flag| ills.contains(flag)),
            primary: (*primary != "-").then(|| (*primary).to_owned()),
            // In brackets: a slot that is being moved, which its owner's ranges name too.
            slots: slots
                .iter()
                .filter(|slot| !slot.starts_with('['))
                .map(|slot| range(slot))
                .collect::<Option<_>>()?,
        })
    }

    /// A replica, or a primary that has not been replaced.
    pub(super) fn has_its_place(&self) -> bool {
        !self.is_primary || !self.slots.is_empty()
    }

    fn owns(&self, slot: u16) -> bool {
        self.slots.iter().any(|range| range.contains(&slot))
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(first.parse().ok()?..=last.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_primary_with_a_slot_on_the_move() {
        let line =
            "07c3 127.0.0.1:15001@23501 myself,master - 0 1426238317239 4 connected 0-5460 5999 [5-<-a1b2]";
        let member = Member::parse(line).unwrap();
        assert_eq!((member.id.as_str(), member.port, member.is_primary), ("07c3", 15_001, true));
        assert!(member.is_well && member.primary.is_none());
        assert!(member.owns(0) && member.owns(5_460) && member.owns(5_999) && !member.owns(5_461));
    }

    #[test]
    fn a_replica_that_is_suspected() {
        let line = "9f2e 127.0.0.1:15002@23502,name slave,fail? 07c3 0 0 5 connected";
        let member = Member::parse(line).unwrap();
        assert_eq!(member.primary.as_deref(), Some("07c3"));
        assert!(!member.is_primary && !member.is_well && !member.owns(0));
    }

    #[test]
    fn another_format_is_not_guessed_at() {
        assert!(Member::parse("07c3 127.0.0.1:15001 master").is_none());
        assert!(Member::parse("07c3 127.0.0.1:15001@1 master - 0 0 1 connected 0-x").is_none());
    }
}
