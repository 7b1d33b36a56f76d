//! Which nodes a walk has met: one bit each, and their list.

#[derive(Default)]
pub struct Visited {
    words: Vec<u64>,
    /// In the order of meeting.
    met: Vec<u32>,
}

impl Visited {
    /// Forgets all; from now on nodes below `bound` can be met.
    pub fn begin(&mut self, bound: u32) {
        let words = bound as usize / 64 + 1;
        if self.met.len() * 8 < self.words.len() {
            for node in &self.met {
                self.words[*node as usize / 64] = 0;
            }
        } else {
            self.words.fill(0);
        }
        self.met.clear();
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
    }

    /// Notes a node, unless it was met before or was allotted after the walk began.
    #[inline(always)]
    pub fn meet(&mut self, node: u32) {
        let Some(word) = self.words.get_mut(node as usize / 64) else {
            return;
        };
        let bit = 1 << (node % 64);
        if *word & bit == 0 {
            *word |= bit;
            self.met.push(node);
        }
    }

    /// Notes at most `most` nodes at once, without a branch on whether one was met: in a walk that
    /// is a coin's toss, and a wrong guess costs more than the work.
    #[inline(always)]
    pub fn meet_all(&mut self, nodes: impl Iterator<Item = u32>, most: usize) {
        self.met.reserve(most);
        let mut len = self.met.len();
        let room = self.met.spare_capacity_mut();
        let mut taken = 0;
        for node in nodes {
            let Some(word) = self.words.get_mut(node as usize / 64) else {
                continue;
            };
            let bit = node % 64;
            let new = (*word >> bit & 1) ^ 1;
            *word |= 1 << bit;
            room[taken].write(node);
            taken += new as usize;
        }
        len += taken;
        // Safety: the places up to `taken` were written, and lie within the room.
        unsafe { self.met.set_len(len) };
    }

    /// Nodes met so far, in order.
    pub fn met(&self) -> &[u32] {
        &self.met
    }
}
