//! Writing a checkpoint while searches, puts and links go on.
//!
//! A cut under the gate takes what must fit together: how many nodes there are, which slots they
//! stand for, which are linked. Codes do not change after that, because node numbers freed
//! meanwhile are withheld until the end. Rows may change, and any state of a row is a good one;
//! links to nodes beyond the cut are left out.

use std::io::{self, Write};
use std::sync::atomic::Ordering;

use super::format::{Header, NO_SLOT, SectionWriter};
use crate::era::Era;
use crate::index::VectorIndex;
use crate::nodes::NO_LINK;
use crate::upkeep::LinksSince;

/// What belongs to one moment.
struct Cut {
    header: Header,
    slots: Vec<u32>,
    linked: Vec<u64>,
    free: Vec<u32>,
}

impl VectorIndex {
    /// Writes a checkpoint. `tag` comes back from `load`; the engine stores its applied index.
    /// It holds what was put and removed before the call; what comes during the call may be
    /// missing. Upkeep rests meanwhile, and puts pause at the beginning: a millisecond for a
    /// million vectors or so.
    pub fn save(&self, tag: u64, out: &mut impl Write) -> io::Result<()> {
        let upkeep = self.upkeep.lock().expect("no panic in upkeep");
        let era = self.eras.current();
        let since = upkeep.links_since(self.links_done.load(Ordering::Acquire));
        let cut = self.cut(&era, tag, since);
        let result = self.write_cut(&era, &cut, out);
        let mut free = self.free.lock().expect("no panic under the lock");
        free.extend_from_slice(&cut.free);
        result
    }

    fn cut(&self, era: &Era, tag: u64, since: LinksSince) -> Cut {
        let _gate = self.gate.write().expect("no panic behind the gate");
        let nodes = &*era.nodes;
        let len = nodes.len();
        let slot = |node: u32| match nodes.live.contains(node) {
            true => nodes.slot_of(node),
            false => NO_SLOT,
        };
        let word = |at: u32| nodes.linked.word(at as usize).load(Ordering::Acquire);
        let spares_used = nodes.spares_used();
        Cut {
            header: Header {
                tag,
                nodes: len,
                entries: era.entries.nodes().len() as u32,
                spares: if spares_used { nodes.spares as u32 } else { 0 },
                reach: self.reach(),
                since,
                tuning: era.tuning,
            },
            slots: (0..len).map(slot).collect(),
            linked: (0..len.div_ceil(64)).map(word).collect(),
            free: std::mem::take(&mut *self.free.lock().expect("no panic under the lock")),
        }
    }

    fn write_cut(&self, era: &Era, cut: &Cut, out: &mut impl Write) -> io::Result<()> {
        let nodes = &*era.nodes;
        let len = cut.header.nodes;
        cut.header.write(&self.options, out)?;

        let mut section = SectionWriter::new(out);
        for slot in &cut.slots {
            section.put_u32(*slot)?;
        }
        section.end()?;

        let mut section = SectionWriter::new(out);
        for word in &cut.linked {
            section.put(&word.to_le_bytes())?;
        }
        section.end()?;

        let mut section = SectionWriter::new(out);
        for node in 0..len {
            // Safety: a row of codes below the cut is written, and withheld from reuse.
            let code =
                unsafe { std::slice::from_raw_parts(nodes.code_row(node), nodes.layout.stride) };
            section.put(code)?;
        }
        section.end()?;

        let mut section = SectionWriter::new(out);
        let mut row = Vec::with_capacity(nodes.links);
        for node in 0..len {
            row.clear();
            let links = nodes.row(node).iter();
            let links = links.map(|link| link.load(Ordering::Relaxed));
            row.extend(links.filter(|link| *link < len));
            row.resize(nodes.links, NO_LINK);
            for link in &row {
                section.put_u32(*link)?;
            }
        }
        section.end()?;

        if cut.header.spares > 0 {
            let mut section = SectionWriter::new(out);
            for node in 0..len {
                row.clear();
                let spares = nodes.spare_row(node).iter();
                let spares = spares.map(|spare| spare.load(Ordering::Relaxed));
                row.extend(spares.filter(|spare| (1..=len).contains(spare)));
                row.resize(nodes.spares, 0);
                for spare in &row {
                    section.put_u32(*spare)?;
                }
            }
            section.end()?;
        }

        let mut section = SectionWriter::new(out);
        for entry in era.entries.nodes() {
            section.put_u32(*entry)?;
        }
        section.end()
    }
}
