//! Step 10: what other nodes made dead is dead here.

use crate::backplane::{Announcement, Told};
use crate::inner::Inner;
use crate::layers::backlog::Revocation;
use crate::layers::keeper::Tidings;
use crate::trace;

impl Inner {
    /// Applies an announcement whatever came before it, and counts it only if nothing is missing before it.
    pub(crate) fn apply(&self, announcement: &Announcement) {
        let standing = &self.standing;
        if announcement.epoch != standing.epoch() {
            standing.suspect();
            return;
        }
        self.make_dead(announcement);
        if !standing.advance(announcement.sequence) {
            standing.suspect();
        }
    }

    fn make_dead(&self, announcement: &Announcement) {
        self.clock.observe(announcement.clock);
        let own = announcement.node == self.node;
        if !own {
            self.standing.applied.add(1);
            trace::applied(&self.name, announcement);
        }
        match &announcement.what {
            // Voided here when it began and when it was answered, or given up: what was loaded or written since is younger,
            // and would be voided for nothing.
            Told::Overwritten { .. } | Told::Dead { .. } if own => {}
            Told::Dead { keys, version } | Told::Overwritten { keys, version } => {
                for key in keys {
                    self.stripes.bump(key, *version, self.l1.as_ref());
                }
                self.tell_private(announcement, || Revocation::Keys {
                    keys: keys.clone(),
                    version: *version,
                });
            }
            Told::Stamped(target) => {
                self.stamps.record(target, announcement.clock);
                self.tell_private(announcement, || Revocation::Stamp(target.clone()));
            }
        }
    }

    /// Whether an announcement that was missed says of all that is in memory whether it is dead. What was loaded while this
    /// node was cut off was born by its own clock, and where that had run ahead of the keeper's, a later stamp looks older.
    fn can_be_judged_by(&self, said: &Announcement) -> bool {
        let cut_off = self.standing.fence().is_none();
        let others_stamp = matches!(said.what, Told::Stamped(_)) && said.node != self.node;
        !(cut_off && others_stamp && said.clock <= self.clock.read())
    }

    /// A durable layer of this node alone does not hear of the others' invalidations but through us.
    fn tell_private(&self, announcement: &Announcement, revocation: impl FnOnce() -> Revocation) {
        if announcement.node != self.node
            && let Some(lower) = self.l3.as_ref().filter(|lower| lower.private)
        {
            lower.backlog.push(announcement.clock, revocation());
        }
    }

    /// Takes in what hello answered. Where it is not known what was missed, memory is emptied and every flight voided.
    pub(crate) fn resynchronise(&self, tidings: Tidings) {
        let missed = tidings.missed.filter(|missed| missed.iter().all(|said| self.can_be_judged_by(said)));
        self.clock.observe(tidings.at.clock);
        self.stamps.merge(tidings.stamps);
        match &missed {
            Some(missed) => missed.iter().for_each(|announcement| self.make_dead(announcement)),
            None => {
                self.stripes.bump_all(self.l1.as_ref());
                if let Some(lower) = self.l3.as_ref().filter(|lower| lower.private) {
                    lower.backlog.push(self.clock.tick(), Revocation::Stamp(crate::stamps::Target::All));
                }
            }
        }
        if let Some(l2) = self.l2.as_ref().filter(|_| tidings.at.epoch != self.standing.epoch()) {
            // Before anything is said in the new epoch.
            l2.backlog.owe_again();
        }
        self.standing.resynchronised(tidings.at);
    }
}
