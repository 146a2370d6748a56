//! The confusion matrix of an answer. It may have millions of cells, each of which should be looked at few times.

use evald_core::result;
use prost::encoding::encode_varint;

/// The message `evald.v1.ConfusionMatrix`, written by hand to hold the counts as they are sent: encoding a message asks
/// for the length of its fields once for every message around it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ConfusionMatrix {
    /// The classes.
    #[prost(string, repeated, tag = "1")]
    pub labels: Vec<String>,
    /// The packed `uint64` of `counts`.
    #[prost(bytes = "vec", tag = "2")]
    pub counts: Vec<u8>,
    /// Gold label of each cell.
    #[prost(uint32, repeated, tag = "3")]
    pub cell_gold: Vec<u32>,
    /// Predicted label of each cell.
    #[prost(uint32, repeated, tag = "4")]
    pub cell_predicted: Vec<u32>,
    /// Number, weight or share of the rows of each cell.
    #[prost(double, repeated, tag = "5")]
    pub cell_value: Vec<f64>,
}

/// A cell takes about this many times the bytes of a count.
const CELL_BYTES: usize = 8;

/// Up to this many labels a matrix of counts is always sent whole.
const DENSE_LABELS: usize = 100;

/// Counts go as they are unless most are zero; weights and shares go as cells.
pub fn confusion_matrix(matrix: result::ConfusionMatrix) -> ConfusionMatrix {
    let labels = matrix.labels.len();
    let is_full = |cells: usize| labels <= DENSE_LABELS || cells * CELL_BYTES >= labels * labels;
    let is_count = |(_, _, value): &(u32, u32, f64)| value.fract() == 0.0;
    let mut sent = ConfusionMatrix {
        labels: matrix.labels,
        ..ConfusionMatrix::default()
    };
    let mut send = |gold: u32, predicted: u32, value: f64| {
        sent.cell_gold.push(gold);
        sent.cell_predicted.push(predicted);
        sent.cell_value.push(value);
    };
    if !matrix.counts.is_empty() {
        let counts = packed(&matrix.counts);
        // The varint of zero is the byte zero, which is in no other varint.
        let zeros = counts.iter().map(|byte| usize::from(*byte == 0));
        if is_full(matrix.counts.len() - zeros.sum::<usize>()) {
            sent.counts = counts;
        } else {
            let cells = matrix.counts.iter().enumerate();
            for (at, count) in cells.filter(|(_, count)| **count > 0) {
                send((at / labels) as u32, (at % labels) as u32, *count as f64);
            }
        }
    } else if is_full(matrix.cells.len()) && matrix.are_counts && matrix.cells.iter().all(is_count)
    {
        let mut counts = vec![0; labels * labels];
        for (gold, predicted, value) in &matrix.cells {
            counts[*gold as usize * labels + *predicted as usize] = *value as u64;
        }
        sent.counts = packed(&counts);
    } else {
        for (gold, predicted, value) in matrix.cells {
            send(gold, predicted, value);
        }
    }
    sent
}

/// The varints of counts one after the other.
fn packed(counts: &[u64]) -> Vec<u8> {
    /// Counts that are looked at together. Most are below 128, and then each is its own varint.
    const GROUP: usize = 32;
    let mut bytes = Vec::with_capacity(counts.len() + counts.len() / GROUP);
    for group in counts.chunks(GROUP) {
        if group.iter().fold(0, |all, count| all | count) < 0x80 {
            bytes.extend(group.iter().map(|count| *count as u8));
        } else {
            for count in group {
                encode_varint(*count, &mut bytes);
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto;
    use prost::Message;
    use std::sync::Arc;

    /// The message as the proto file has it.
    #[derive(Clone, PartialEq, prost::Message)]
    struct Plain {
        #[prost(string, repeated, tag = "1")]
        labels: Vec<String>,
        #[prost(uint64, repeated, tag = "2")]
        counts: Vec<u64>,
        #[prost(uint32, repeated, tag = "3")]
        cell_gold: Vec<u32>,
        #[prost(uint32, repeated, tag = "4")]
        cell_predicted: Vec<u32>,
        #[prost(double, repeated, tag = "5")]
        cell_value: Vec<f64>,
    }

    fn sent(width: usize, counts: Vec<u64>) -> Plain {
        let message = confusion_matrix(result::ConfusionMatrix {
            labels: (0..width).map(|label| label.to_string()).collect(),
            are_counts: true,
            counts: Arc::new(counts),
            cells: Vec::new(),
        });
        let bytes = message.encode_to_vec();
        let plain = Plain::decode(&bytes[..]).expect("a message");
        assert_eq!(plain.encode_to_vec(), bytes, "the same bytes");
        plain
    }

    #[test]
    fn counts_of_every_length_are_sent() {
        for width in [1, 5, 6, 40, 101] {
            let counts =
                |at: u64| [at % 128, 1 << (at % 64), u64::MAX, at % 3][at as usize / 50 % 4];
            let counts: Vec<u64> = (0..width as u64 * width as u64).map(counts).collect();
            let plain = sent(width, counts.clone());
            assert_eq!((plain.labels.len(), plain.counts), (width, counts));
        }
    }

    #[test]
    fn most_zeros_are_left_out() {
        // An eighth of the cells is enough to send all, however long the varints are.
        let wide = |cells: usize| {
            let mut counts = vec![0; 104 * 104];
            counts[..cells].fill(1 << 40);
            sent(104, counts)
        };
        assert_eq!(wide(104 * 13).counts.len(), 104 * 104);
        let sparse = wide(104 * 13 - 1);
        assert_eq!(
            (sparse.counts.len(), sparse.cell_gold.len()),
            (0, 104 * 13 - 1)
        );
    }

    #[test]
    fn the_message_is_a_part_of_answers() {
        let metric = proto::MetricResult {
            confusion_matrix: Some(ConfusionMatrix::default()),
            ..proto::MetricResult::default()
        };
        assert_eq!(metric.encode_to_vec(), [0x32, 0]);
    }
}
