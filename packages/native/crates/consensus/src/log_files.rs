//! Checks the log's files before raft-engine opens them, and cuts off a torn end.
//!
//! raft-engine offers two extremes: refuse any damage, or truncate at the first damage of the last
//! file. The first refuses what every power cut leaves behind; the second silently drops
//! acknowledged entries when a byte in the middle went bad. Here the two are told apart, and
//! raft-engine then opens in its strict mode.
//!
//! One write is under way at a time, and the next begins only after its fsync. So at most the last
//! record is torn, and a torn write misses whole sectors, which read as zeros (the space was
//! allocated ahead) or lie beyond the end of the file. A last record that is damaged but misses no
//! sector, or a damaged one that is followed by more data, was once complete: the file is refused
//! by name.
//!
//! The layout is in docs/formats/raft-log.md.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::ConsensusError;

const MAGIC: &[u8] = b"RAFT-LOG-FILE-HEADER-9986AB3E47F320B394C8E84916EB0ED5";
const FILE_HEADER_BYTES: usize = MAGIC.len() + 16;
const RECORD_HEADER_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 4;
/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;
/// Entries, then small groups that were moved out of the way of the purge.
const QUEUE_SUFFIXES: [&str; 2] = [".raftlog", ".rewrite"];

/// Verifies every record of every file; truncates what an interrupted write left at the end.
pub(crate) fn check_and_repair(folder: &Path) -> Result<(), ConsensusError> {
    for suffix in QUEUE_SUFFIXES {
        let files = list_queue(folder, suffix).map_err(|cause| unreadable(folder, &cause))?;
        for pair in files.windows(2) {
            if pair[1].sequence != pair[0].sequence + 1 {
                return Err(ConsensusError::corrupt(
                    pair[0].path.display().to_string(),
                    format!(
                        "log file {} follows file {}: one is missing",
                        pair[1].sequence, pair[0].sequence
                    ),
                ));
            }
        }
        for (position, file) in files.iter().enumerate() {
            check_file(file, position + 1 == files.len())?;
        }
    }
    Ok(())
}

/// Bytes of all log files.
pub(crate) fn disk_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for suffix in QUEUE_SUFFIXES {
        for file in list_queue(folder, suffix)? {
            match fs::metadata(&file.path) {
                Ok(metadata) => bytes += metadata.len(),
                // Purged since it was listed.
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                Err(cause) => return Err(cause),
            }
        }
    }
    Ok(bytes)
}

struct QueueFile {
    sequence: u64,
    path: PathBuf,
}

fn list_queue(folder: &Path, suffix: &str) -> io::Result<Vec<QueueFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if let Some(Ok(sequence)) = name.strip_suffix(suffix).map(str::parse) {
            files.push(QueueFile { sequence, path });
        }
    }
    files.sort_by_key(|file| file.sequence);
    Ok(files)
}

fn check_file(file: &QueueFile, is_last: bool) -> Result<(), ConsensusError> {
    let bytes = fs::read(&file.path).map_err(|cause| unreadable(&file.path, &cause))?;
    match scan(&bytes, file.sequence as u32) {
        Scan::Whole => Ok(()),
        Scan::ZerosFrom(end) => truncate(&file.path, end),
        Scan::TornFrom(end) if is_last => truncate(&file.path, end),
        // A file is created, given its header and fsynced before anything is written to it.
        Scan::NoHeader if is_last => {
            fs::remove_file(&file.path).map_err(|cause| unreadable(&file.path, &cause))
        }
        Scan::NoHeader => Err(damaged(&file.path, 0)),
        Scan::TornFrom(offset) | Scan::DamagedAt(offset) => Err(damaged(&file.path, offset)),
    }
}

fn damaged(path: &Path, offset: usize) -> ConsensusError {
    ConsensusError::corrupt(
        path.display().to_string(),
        format!(
            "the Raft log is damaged at byte {offset} of {}: acknowledged entries may lie there, so it is not cut off",
            path.display()
        ),
    )
}

fn unreadable(path: &Path, cause: &io::Error) -> ConsensusError {
    ConsensusError {
        reason: "INTERNAL",
        message: format!("cannot read the Raft log {}: {cause}", path.display()),
        subject: Some(path.display().to_string()),
    }
}

fn truncate(path: &Path, bytes: usize) -> Result<(), ConsensusError> {
    let cut = || -> io::Result<()> {
        let file = File::options().write(true).open(path)?;
        file.set_len(bytes as u64)?;
        file.sync_all()
    };
    cut().map_err(|cause| unreadable(path, &cause))
}

/// What the bytes of one file turned out to be.
#[derive(Debug, PartialEq, Eq)]
enum Scan {
    Whole,
    /// All records are sound; only zeros follow.
    ZerosFrom(usize),
    /// The record at this offset was never completely written.
    TornFrom(usize),
    /// The record at this offset was once whole.
    DamagedAt(usize),
    /// Nothing was ever written.
    NoHeader,
}

fn scan(bytes: &[u8], sequence: u32) -> Scan {
    let written = written_bytes(bytes);
    if written == 0 {
        return Scan::NoHeader;
    }
    let header_is_sound = bytes.len() >= FILE_HEADER_BYTES
        && bytes.starts_with(MAGIC)
        && bytes[MAGIC.len()..FILE_HEADER_BYTES]
            == [0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0];
    if !header_is_sound {
        return Scan::DamagedAt(0);
    }
    let mut offset = FILE_HEADER_BYTES;
    while offset < bytes.len() {
        match record_bytes(&bytes[offset..], sequence) {
            Some(length) => offset += length,
            None if offset >= written => return Scan::ZerosFrom(offset),
            None if is_torn(bytes, offset, written, sequence) => return Scan::TornFrom(offset),
            None => return Scan::DamagedAt(offset),
        }
    }
    Scan::Whole
}

/// Length up to the last byte that is not zero.
fn written_bytes(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1)
}

#[derive(Clone, Copy)]
struct RecordHeader {
    bytes: usize,
    footer: usize,
}

/// The header of a record, when its numbers can be true at all.
fn record_header(bytes: &[u8]) -> Option<RecordHeader> {
    let header = bytes.get(..RECORD_HEADER_BYTES)?;
    let length_and_kind = u64::from_be_bytes(header[..8].try_into().ok()?);
    let footer = usize::try_from(u64::from_be_bytes(header[8..].try_into().ok()?)).ok()?;
    let length = usize::try_from(length_and_kind >> 8).ok()?;
    let is_uncompressed = length_and_kind & 0xff == 0;
    let fits = footer >= RECORD_HEADER_BYTES && footer.checked_add(CHECKSUM_BYTES)? < length;
    (is_uncompressed && fits).then_some(RecordHeader {
        bytes: length,
        footer,
    })
}

/// Length of the sound record at the beginning of `bytes`.
fn record_bytes(bytes: &[u8], sequence: u32) -> Option<usize> {
    let header = record_header(bytes)?;
    let record = bytes.get(..header.bytes)?;
    let entries = &record[RECORD_HEADER_BYTES..header.footer];
    let is_sound = checksum_holds(&record[header.footer..], sequence)
        && (entries.is_empty() || checksum_holds(entries, 0));
    is_sound.then_some(header.bytes)
}

/// A block ends with its CRC32; that of a record's footer is signed with the file's number.
fn checksum_holds(block: &[u8], signature: u32) -> bool {
    let Some((content, checksum)) = block.split_last_chunk::<CHECKSUM_BYTES>() else {
        return false;
    };
    crc32fast::hash(content) == u32::from_le_bytes(*checksum) ^ signature
}

/// Whether the unsound record at `offset` is one write that a power cut interrupted.
fn is_torn(bytes: &[u8], offset: usize, written: usize, sequence: u32) -> bool {
    let is_followed =
        (offset + 1..written).any(|later| record_bytes(&bytes[later..written], sequence).is_some());
    if is_followed || only_length_is_wrong(&bytes[offset..], written - offset, sequence) {
        return false;
    }
    let end = match record_header(&bytes[offset..]) {
        Some(header) => offset.saturating_add(header.bytes),
        None => written.max(offset + RECORD_HEADER_BYTES),
    };
    if end < written {
        return false;
    }
    end > bytes.len() || misses_sector(bytes, offset, end)
}

/// The footer checks, but ends elsewhere than the header says: the header alone is damaged.
fn only_length_is_wrong(record: &[u8], written: usize, sequence: u32) -> bool {
    let Some(position) = record.get(8..RECORD_HEADER_BYTES) else {
        return false;
    };
    let footer = u64::from_be_bytes(position.try_into().expect("eight bytes")) as usize;
    let claimed = record_header(record).map(|header| header.bytes);
    // The checksum itself may end with zeros.
    (written..=written + CHECKSUM_BYTES)
        .filter(|end| claimed != Some(*end))
        .filter_map(|end| record.get(footer..end))
        .any(|footer| footer.len() > CHECKSUM_BYTES && checksum_holds(footer, sequence))
}

fn misses_sector(bytes: &[u8], from: usize, to: usize) -> bool {
    let first = from / SECTOR_BYTES;
    let last = to.div_ceil(SECTOR_BYTES);
    (first..last).any(|sector| {
        let begin = from.max(sector * SECTOR_BYTES);
        let end = to.min((sector + 1) * SECTOR_BYTES);
        bytes[begin..end].iter().all(|byte| *byte == 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEQUENCE: u32 = 7;

    fn file(records: &[usize]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
        for (position, payload) in records.iter().enumerate() {
            bytes.extend_from_slice(&record(*payload, position as u8 + 1));
        }
        bytes
    }

    fn record(payload: usize, fill: u8) -> Vec<u8> {
        let mut entries = vec![fill; payload];
        entries.extend_from_slice(&crc32fast::hash(&vec![fill; payload]).to_le_bytes());
        let mut footer = vec![1, fill];
        footer.extend_from_slice(&(crc32fast::hash(&footer) ^ SEQUENCE).to_le_bytes());
        let footer_offset = RECORD_HEADER_BYTES + entries.len();
        let length = footer_offset + footer.len();
        let mut bytes = ((length as u64) << 8).to_be_bytes().to_vec();
        bytes.extend_from_slice(&(footer_offset as u64).to_be_bytes());
        bytes.extend_from_slice(&entries);
        bytes.extend_from_slice(&footer);
        bytes
    }

    #[test]
    fn whole_files_and_zero_ends_are_sound() {
        let mut bytes = file(&[100, 3000]);
        let end = bytes.len();
        assert_eq!(scan(&bytes, SEQUENCE), Scan::Whole);
        bytes.resize(end + 5000, 0);
        assert_eq!(scan(&bytes, SEQUENCE), Scan::ZerosFrom(end));
        assert_eq!(scan(&[], SEQUENCE), Scan::NoHeader);
        assert_eq!(scan(&[0; 900], SEQUENCE), Scan::NoHeader);
    }

    /// Any set of missing sectors of the last record is a torn write.
    #[test]
    fn missing_sectors_of_the_last_record_are_torn() {
        let sound = file(&[100, 3000]);
        let begin = file(&[100]).len();
        for mask in 1u32..1 << 7 {
            let mut bytes = sound.clone();
            bytes.resize(16_384, 0);
            let first = begin / SECTOR_BYTES;
            let mut lost = false;
            for sector in 0..7 {
                let from = begin.max((first + sector) * SECTOR_BYTES);
                let to = sound.len().min((first + sector + 1) * SECTOR_BYTES);
                if mask & (1 << sector) != 0 && from < to {
                    bytes[from..to].fill(0);
                    lost = true;
                }
            }
            if !lost {
                continue;
            }
            let scanned = scan(&bytes, SEQUENCE);
            let all_lost = written_bytes(&bytes) <= begin;
            let expected = if all_lost {
                Scan::ZerosFrom(begin)
            } else {
                Scan::TornFrom(begin)
            };
            assert_eq!(scanned, expected, "sectors {mask:b}");
        }
        for end in begin + 1..sound.len() {
            let is_blank = written_bytes(&sound[..end]) <= begin;
            let expected = if is_blank {
                Scan::ZerosFrom(begin)
            } else {
                Scan::TornFrom(begin)
            };
            assert_eq!(scan(&sound[..end], SEQUENCE), expected, "cut at {end}");
        }
    }

    /// A flipped bit anywhere is damage and never a torn end, the last record included.
    #[test]
    fn every_flipped_bit_is_damage() {
        let mut bytes = file(&[40, 700, 60]);
        bytes.resize(4096, 0);
        for position in 0..file(&[40, 700, 60]).len() {
            for bit in 0..8 {
                bytes[position] ^= 1 << bit;
                assert!(
                    matches!(scan(&bytes, SEQUENCE), Scan::DamagedAt(_)),
                    "byte {position} bit {bit}: {:?}",
                    scan(&bytes, SEQUENCE)
                );
                bytes[position] ^= 1 << bit;
            }
        }
    }

    #[test]
    fn a_file_of_another_number_is_damage() {
        assert_eq!(
            scan(&file(&[100]), SEQUENCE + 1),
            Scan::DamagedAt(FILE_HEADER_BYTES)
        );
    }
}
