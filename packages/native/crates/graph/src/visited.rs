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

    /// Notes a node; false when it was met before or was allotted after the walk began.
    #[inline(always)]
    pub fn meet(&mut self, node: u32) -> bool {
        let Some(word) = self.words.get_mut(node as usize / 64) else {
            return false;
        };
        let bit = 1 << (node % 64);
        if *word & bit != 0 {
            return false;
        }
        *word |= bit;
        self.met.push(node);
        true
    }

    /// Nodes met so far, in order.
    pub fn met(&self) -> &[u32] {
        &self.met
    }
}
