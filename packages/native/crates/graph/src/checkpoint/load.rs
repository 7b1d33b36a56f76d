//! Reading a checkpoint: every number is checked before it is used.

use std::io::{self, Read};
use std::sync::atomic::Ordering;

use super::LoadError;
use super::format::{Header, NO_SLOT, SectionReader, numbers};
use crate::entries::EntrySet;
use crate::index::VectorIndex;
use crate::nodes::{NO_LINK, NODES_MAX, Nodes};
use crate::options::GraphOptions;

impl VectorIndex {
    /// Reads a checkpoint to its end; answers the index and the tag. Slots that were not linked
    /// wait for `link_next` again.
    pub fn load(options: GraphOptions, input: &mut impl Read) -> Result<(Self, u64), LoadError> {
        options.check();
        let header = Header::read(&options, input)?;
        let nodes = Nodes::new(&options);
        nodes.grow(header.nodes as usize);
        let (pending, free) = read_slots(&nodes, &header, input)?;
        read_codes(&nodes, &header, input)?;
        read_rows(&nodes, &header, input)?;
        if header.spares > 0 {
            read_spares(&nodes, &header, input)?;
        }
        let entries = read_entries(&nodes, &header, input)?;
        expect_end(input)?;

        let index = Self::from_parts(options, nodes, entries, header.tuning);
        index.adopt(&header, pending, free);
        Ok((index, header.tag))
    }

    /// Takes over what `from_parts` cannot know.
    fn adopt(&self, header: &Header, pending: Vec<u32>, free: Vec<u32>) {
        let era = self.eras.current();
        let linked = era.nodes.linked_len.load(Ordering::Relaxed);
        let due = if era.entries.is_empty() {
            1
        } else {
            linked + linked / 2 + 1
        };
        self.entries_due.store(due, Ordering::Relaxed);
        self.reach.store(header.reach.to_bits(), Ordering::Relaxed);
        let mut upkeep = self.upkeep.lock().expect("nobody else knows the index");
        let links_done = upkeep.adopt(header.since);
        self.links_done.store(links_done, Ordering::Relaxed);
        *self.free.lock().expect("nobody else knows the index") = free;
        *self.queue.lock().expect("nobody else knows the index") = pending.into();
    }
}

/// Binds slots to nodes and counts; answers the pending and the free nodes.
fn read_slots(
    nodes: &Nodes,
    header: &Header,
    input: &mut impl Read,
) -> Result<(Vec<u32>, Vec<u32>), LoadError> {
    let len = header.nodes;
    let mut section = SectionReader::new(input, "slots", len as usize * 4);
    let mut slots = Vec::with_capacity(len as usize);
    while slots.len() < len as usize {
        slots.extend(numbers(section.next(4)?));
    }
    section.end()?;

    let words = len.div_ceil(64) as usize;
    let mut section = SectionReader::new(input, "linked bits", words * 8);
    let mut linked: Vec<u64> = Vec::with_capacity(words);
    while linked.len() < words {
        let bytes = section.next(8)?.as_chunks::<8>().0;
        linked.extend(bytes.iter().map(|bytes| u64::from_le_bytes(*bytes)));
    }
    section.end()?;

    let (mut pending, mut free) = (Vec::new(), Vec::new());
    for (node, slot) in (0..len).zip(slots) {
        let is_linked = linked[node as usize / 64] >> (node % 64) & 1 == 1;
        adopt_node(nodes, node, slot, is_linked)?;
        if !is_linked && slot == NO_SLOT {
            free.push(node);
        } else if !is_linked {
            pending.push(node);
        }
    }
    Ok((pending, free))
}

fn adopt_node(nodes: &Nodes, node: u32, slot: u32, linked: bool) -> Result<(), LoadError> {
    nodes.adopt(node, slot);
    if linked {
        nodes.linked.insert(node);
        nodes.linked_len.fetch_add(1, Ordering::Relaxed);
    }
    if slot == NO_SLOT {
        nodes
            .dead_len
            .fetch_add(u64::from(linked), Ordering::Relaxed);
        return Ok(());
    }
    if slot as usize >= NODES_MAX || nodes.node_of(slot).is_some() {
        return Err(LoadError::refused(format!("slot {slot} is not possible")));
    }
    nodes.bind(slot, node);
    nodes.live.insert(node);
    nodes.live_len.fetch_add(1, Ordering::Relaxed);
    if !linked {
        nodes.pending.insert(node);
        nodes.pending_len.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn read_codes(nodes: &Nodes, header: &Header, input: &mut impl Read) -> Result<(), LoadError> {
    let stride = nodes.layout.stride;
    let mut section = SectionReader::new(input, "codes", header.nodes as usize * stride);
    let mut node = 0;
    while node < header.nodes {
        for code in section.next(stride)?.chunks_exact(stride) {
            nodes.write_code(node, code);
            node += 1;
        }
    }
    section.end()
}

fn read_rows(nodes: &Nodes, header: &Header, input: &mut impl Read) -> Result<(), LoadError> {
    let unit = nodes.links * 4;
    let mut section = SectionReader::new(input, "links", header.nodes as usize * unit);
    let mut node = 0;
    let mut links = Vec::with_capacity(nodes.links);
    while node < header.nodes {
        for row in section.next(unit)?.chunks_exact(unit) {
            links.clear();
            links.extend(numbers(row).take_while(|link| *link != NO_LINK));
            let rest = numbers(row).skip(links.len());
            let sound = links.iter().all(|link| *link < header.nodes)
                && rest.into_iter().all(|link| link == NO_LINK);
            if !sound {
                return Err(LoadError::refused(format!("node {node} has broken links")));
            }
            nodes.write_links(node, &links);
            node += 1;
        }
    }
    section.end()
}

fn read_spares(nodes: &Nodes, header: &Header, input: &mut impl Read) -> Result<(), LoadError> {
    let unit = nodes.spares * 4;
    let mut section = SectionReader::new(input, "spare links", header.nodes as usize * unit);
    let mut node = 0;
    while node < header.nodes {
        for row in section.next(unit)?.chunks_exact(unit) {
            if numbers(row).any(|spare| spare > header.nodes) {
                return Err(LoadError::refused(format!(
                    "node {node} has broken spare links"
                )));
            }
            nodes.write_spares(node, numbers(row));
            node += 1;
        }
    }
    section.end()
}

fn read_entries(
    nodes: &Nodes,
    header: &Header,
    input: &mut impl Read,
) -> Result<EntrySet, LoadError> {
    let mut section = SectionReader::new(input, "entries", header.entries as usize * 4);
    let mut entries = Vec::with_capacity(header.entries as usize);
    while entries.len() < header.entries as usize {
        entries.extend(numbers(section.next(4)?));
    }
    section.end()?;
    let missing = nodes.linked_len.load(Ordering::Relaxed) > 0 && entries.is_empty();
    if missing || entries.iter().any(|entry| *entry >= header.nodes) {
        return Err(LoadError::refused("its entries are broken"));
    }
    Ok(EntrySet::new(nodes, entries))
}

fn expect_end(input: &mut impl Read) -> Result<(), LoadError> {
    let mut more = [0];
    match input.read(&mut more) {
        Ok(0) => Ok(()),
        Ok(_) => Err(LoadError::refused("something follows its end")),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => expect_end(input),
        Err(error) => Err(LoadError::Io(error)),
    }
}
