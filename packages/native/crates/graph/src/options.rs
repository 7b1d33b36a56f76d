//! What an index is made for: fixed when it is created and repeated in its checkpoint.

/// How near two vectors are. Decides what `Hit::score` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Cosine similarity, -1 to 1; higher is nearer. A zero vector scores 0 with everything.
    Cosine,
    /// Inner product; higher is nearer.
    Dot,
    /// Euclidean distance, not squared; lower is nearer.
    L2,
}

impl Metric {
    /// True when a higher score is a nearer vector.
    pub fn higher_is_nearer(self) -> bool {
        match self {
            Metric::Cosine | Metric::Dot => true,
            Metric::L2 => false,
        }
    }
}

/// Shape of an index. Two indexes with equal options and equal calls are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphOptions {
    /// Components of a vector, 1 to [`GraphOptions::DIMENSION_MAX`].
    pub dimension: usize,
    pub metric: Metric,
    /// Links of a node: a multiple of 16, 16 to 64. hnswlib's `2 * M`.
    pub links: usize,
    /// Candidates kept while a node is linked. hnswlib's `efConstruction`.
    pub build_width: usize,
    /// Seeds the rotation and the choice of entry points.
    pub seed: u64,
}

impl GraphOptions {
    pub const DIMENSION_MAX: usize = 8192;

    /// The measured defaults: 32 links, build width 200.
    pub fn new(dimension: usize, metric: Metric) -> Self {
        Self {
            dimension,
            metric,
            links: 32,
            build_width: 200,
            seed: 0x5645_4354_524f_4e31,
        }
    }

    /// # Panics
    /// When a field is out of its range.
    pub(crate) fn check(&self) {
        assert!(
            (1..=Self::DIMENSION_MAX).contains(&self.dimension),
            "dimension {} is not in 1..={}",
            self.dimension,
            Self::DIMENSION_MAX
        );
        assert!(
            self.links.is_multiple_of(16) && (16..=64).contains(&self.links),
            "links {} is not 16, 32, 48 or 64",
            self.links
        );
        assert!(
            (8..=4096).contains(&self.build_width),
            "build width {} is not in 8..=4096",
            self.build_width
        );
    }
}
