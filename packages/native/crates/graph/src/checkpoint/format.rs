//! The header, and sections with their checksums.

use std::io::{self, Read, Write};

use super::LoadError;
use crate::codes::CodeLayout;
use crate::nodes::NODES_MAX;
use crate::options::{GraphOptions, Metric};
use crate::tune::Tuning;
use crate::upkeep::LinksSince;

const MAGIC: [u8; 8] = *b"VCTRGRPH";
pub const VERSION: u32 = 1;
const HEADER: usize = 128;

/// In the place of a slot: the node is not live.
pub const NO_SLOT: u32 = u32::MAX;

/// What the header says beyond the options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Header {
    pub tag: u64,
    pub nodes: u32,
    pub entries: u32,
    /// Spare places of each row in this file; 0 when none is taken.
    pub spares: u32,
    pub reach: f32,
    pub since: LinksSince,
    pub tuning: Tuning,
}

fn metric_number(metric: Metric) -> u32 {
    match metric {
        Metric::Cosine => 1,
        Metric::Dot => 2,
        Metric::L2 => 3,
    }
}

/// The fields that must equal those of the index that loads, in their order in the header.
fn fixed_fields(options: &GraphOptions) -> [(&'static str, u32); 7] {
    let number = |value: usize| u32::try_from(value).expect("options are checked");
    [
        ("dimension", number(options.dimension)),
        ("metric", metric_number(options.metric)),
        ("links", number(options.links)),
        ("build width", number(options.build_width)),
        ("seed (low half)", options.seed as u32),
        ("seed (high half)", (options.seed >> 32) as u32),
        ("stride", number(CodeLayout::new(options.dimension).stride)),
    ]
}

impl Header {
    pub fn write(&self, options: &GraphOptions, out: &mut impl Write) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        for (_, value) in fixed_fields(options) {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes.extend_from_slice(&self.tag.to_le_bytes());
        for value in [self.nodes, self.entries, self.spares] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        for value in [self.since.renumbering, self.since.fit] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes.extend_from_slice(&self.reach.to_le_bytes());
        for value in self.tuning.g {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes.resize(HEADER - 4, 0);
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        out.write_all(&bytes)
    }

    pub fn read(options: &GraphOptions, input: &mut impl Read) -> Result<Self, LoadError> {
        let mut bytes = [0; HEADER];
        fill(input, &mut bytes, "header")?;
        if bytes[..8] != MAGIC {
            return Err(LoadError::refused("it does not begin as one"));
        }
        let mut fields = Fields(&bytes[8..]);
        let version = fields.u32();
        if version != VERSION {
            return Err(LoadError::refused(format!(
                "version {version}, this program reads {VERSION}"
            )));
        }
        let crc = u32::from_le_bytes(bytes[HEADER - 4..].try_into().expect("four bytes"));
        if crc != crc32c::crc32c(&bytes[..HEADER - 4]) {
            return Err(LoadError::refused("the header's checksum does not match"));
        }
        for (name, wanted) in fixed_fields(options) {
            let found = fields.u32();
            if found != wanted {
                return Err(LoadError::refused(format!(
                    "{name} is {found}, the index has {wanted}"
                )));
            }
        }
        let header = Self {
            tag: fields.u64(),
            nodes: fields.u32(),
            entries: fields.u32(),
            spares: fields.u32(),
            since: LinksSince {
                renumbering: fields.u64(),
                fit: fields.u64(),
            },
            reach: fields.f32(),
            tuning: Tuning {
                g: std::array::from_fn(|_| fields.f32()),
            },
        };
        header.check(options)?;
        Ok(header)
    }

    fn check(&self, options: &GraphOptions) -> Result<(), LoadError> {
        let sound = self.nodes as usize <= NODES_MAX
            && self.entries <= self.nodes
            && (self.spares == 0 || self.spares as usize == options.links / 4)
            && self.reach.is_finite()
            && self.reach >= 0.0
            && self.tuning.g.iter().all(|g| g.is_finite() && *g >= 0.0);
        if sound {
            Ok(())
        } else {
            Err(LoadError::refused("the header contradicts itself"))
        }
    }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk().expect("the header is longer");
        self.0 = rest;
        *field
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn f32(&mut self) -> f32 {
        f32::from_le_bytes(self.take())
    }
}

/// Fills the buffer or tells where the file ends early.
pub fn fill(input: &mut impl Read, buffer: &mut [u8], what: &str) -> Result<(), LoadError> {
    input
        .read_exact(buffer)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                LoadError::refused(format!("it ends within the {what}"))
            }
            _ => LoadError::Io(error),
        })
}

/// A section being written: its bytes, then their CRC32C.
pub struct SectionWriter<'a, W: Write> {
    out: &'a mut W,
    crc: u32,
    buffer: Vec<u8>,
}

const BUFFER: usize = 1 << 20;

impl<'a, W: Write> SectionWriter<'a, W> {
    pub fn new(out: &'a mut W) -> Self {
        Self {
            out,
            crc: 0,
            buffer: Vec::with_capacity(BUFFER),
        }
    }

    pub fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.buffer.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    pub fn put_u32(&mut self, value: u32) -> io::Result<()> {
        self.put(&value.to_le_bytes())
    }

    pub fn end(mut self) -> io::Result<()> {
        self.flush()?;
        self.out.write_all(&self.crc.to_le_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.crc = crc32c::crc32c_append(self.crc, &self.buffer);
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

/// A section being read. What `next` gives must not be believed before `end` says so, unless it is
/// checked by itself.
pub struct SectionReader<'a, R: Read> {
    input: &'a mut R,
    name: &'static str,
    crc: u32,
    left: usize,
    buffer: Vec<u8>,
}

impl<'a, R: Read> SectionReader<'a, R> {
    pub fn new(input: &'a mut R, name: &'static str, bytes: usize) -> Self {
        Self {
            input,
            name,
            crc: 0,
            left: bytes,
            buffer: Vec::new(),
        }
    }

    /// The next bytes, a multiple of `unit` of them; none at the end.
    pub fn next(&mut self, unit: usize) -> Result<&[u8], LoadError> {
        let whole = (BUFFER / unit).max(1) * unit;
        self.buffer.resize(whole.min(self.left), 0);
        fill(self.input, &mut self.buffer, self.name)?;
        self.crc = crc32c::crc32c_append(self.crc, &self.buffer);
        self.left -= self.buffer.len();
        Ok(&self.buffer)
    }

    pub fn end(self) -> Result<(), LoadError> {
        let mut crc = [0; 4];
        fill(self.input, &mut crc, self.name)?;
        if u32::from_le_bytes(crc) == self.crc {
            Ok(())
        } else {
            Err(LoadError::refused(format!(
                "the checksum of its {} does not match",
                self.name
            )))
        }
    }
}

/// The little-endian numbers in these bytes.
pub fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|b| u32::from_le_bytes(*b))
}
