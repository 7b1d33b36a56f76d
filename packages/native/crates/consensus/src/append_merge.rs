//! Appends of one poll to one peer, as few messages.
//!
//! Raft sends a message for each proposal. Its own batching (`batch_append` of raft 0.7.0) puts
//! entries into any queued append of the same peer: into an empty one whatever its position, and
//! into one of an earlier term. When the peer's next index went back in between (it was
//! unreachable, or refused), the peer takes entries for those after another index and acknowledges
//! more than it has, and the leader commits what no majority holds. So that is off, and messages
//! are merged here, where each is complete: only when the second begins exactly where the first
//! ends, by index and term, so that whoever accepts the first would accept the second.

use std::collections::BTreeMap;

use protobuf::Message as _;
use raft::eraftpb::{Message, MessageType};

/// Merges what may be merged; the order of messages to one peer stays.
pub(crate) fn merge_appends(messages: Vec<Message>, bytes_max: u64) -> Vec<Message> {
    if messages.len() < 2 {
        return messages;
    }
    let mut merged: Vec<Message> = Vec::with_capacity(messages.len());
    // The last message to each peer: where it lies and the bytes of its entries.
    let mut last: BTreeMap<u64, (usize, u64)> = BTreeMap::new();
    for mut message in messages {
        let bytes = entries_bytes(&message);
        if let Some((position, before)) = last.get_mut(&message.to) {
            let target = &mut merged[*position];
            if *before + bytes <= bytes_max && continues(target, &message) {
                target.commit = target.commit.max(message.commit);
                target
                    .mut_entries()
                    .extend(message.take_entries().into_iter());
                *before += bytes;
                continue;
            }
        }
        last.insert(message.to, (merged.len(), bytes));
        merged.push(message);
    }
    merged
}

fn continues(first: &Message, second: &Message) -> bool {
    let is_append = |message: &Message| message.get_msg_type() == MessageType::MsgAppend;
    let (end_index, end_term) = match first.get_entries().last() {
        Some(entry) => (entry.index, entry.term),
        None => (first.index, first.log_term),
    };
    is_append(first)
        && is_append(second)
        && first.term == second.term
        && (second.index, second.log_term) == (end_index, end_term)
}

fn entries_bytes(message: &Message) -> u64 {
    let entries = message.get_entries().iter();
    entries.map(|entry| u64::from(entry.compute_size())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use raft::eraftpb::Entry;

    fn append(to: u64, after: u64, indexes: &[u64]) -> Message {
        let mut message = Message::default();
        message.set_msg_type(MessageType::MsgAppend);
        message.to = to;
        message.term = 3;
        message.index = after;
        message.log_term = 3;
        message.commit = after;
        for index in indexes {
            message.mut_entries().push(Entry {
                index: *index,
                term: 3,
                data: vec![1; 100].into(),
                ..Default::default()
            });
        }
        message
    }

    fn shape(messages: Vec<Message>, bytes_max: u64) -> Vec<(u64, u64, usize, u64)> {
        merge_appends(messages, bytes_max)
            .iter()
            .map(|m| (m.to, m.index, m.get_entries().len(), m.commit))
            .collect()
    }

    #[test]
    fn what_continues_is_merged_for_each_peer() {
        let messages = vec![
            append(2, 4, &[5]),
            append(3, 4, &[5]),
            append(2, 5, &[6, 7]),
            append(3, 5, &[]),
            append(2, 7, &[]),
        ];
        assert_eq!(shape(messages, 10_000), [(2, 4, 3, 7), (3, 4, 1, 5)]);
    }

    #[test]
    fn what_goes_back_or_belongs_to_another_term_is_not() {
        let back = vec![append(2, 10, &[]), append(2, 2, &[3, 4])];
        assert_eq!(shape(back, 10_000).len(), 2);
        let mut later = append(2, 5, &[6]);
        later.term = 4;
        assert_eq!(shape(vec![append(2, 4, &[5]), later], 10_000).len(), 2);
        let mut other = append(2, 5, &[6]);
        other.log_term = 2;
        assert_eq!(shape(vec![append(2, 4, &[5]), other], 10_000).len(), 2);
    }

    #[test]
    fn a_merged_message_stays_within_its_limit() {
        let messages = (4..10)
            .map(|after| append(2, after, &[after + 1]))
            .collect();
        let lengths: Vec<usize> = shape(messages, 250).iter().map(|m| m.2).collect();
        assert_eq!(lengths, [2, 2, 2]);
    }
}
