//! Writes rows as no sane encoder would, yet as the wire format allows: shuffled, split and padded
//! fields, unknown fields, overwritten values, packed and unpacked numbers mixed.

use evald_wire::proto::{EvaluationSpec, MetricSpec, System};
use prost::Message;
use prost::encoding::encode_varint;

use super::random::Random;

const TEXTS: [&str; 8] = [
    "",
    "a",
    "the cat",
    "é",
    "日本",
    "\0",
    "12",
    "naïve text of some length",
];
const NUMBERS: [f64; 6] = [0.0, -0.0, 1.5, f64::INFINITY, f64::NEG_INFINITY, 1e-300];

/// A varint, sometimes longer than it needs to be.
fn varint(random: &mut Random, value: u64, out: &mut Vec<u8>) {
    let begin = out.len();
    encode_varint(value, out);
    let room = 10 - (out.len() - begin);
    if room > 0 && random.one_in(16) {
        if let Some(last) = out.last_mut() {
            *last |= 0x80;
        }
        out.extend(std::iter::repeat_n(0x80, random.below(room)));
        out.push(0);
    }
}

fn key(random: &mut Random, tag: u32, wire: u32, out: &mut Vec<u8>) {
    varint(random, u64::from(tag << 3 | wire), out);
}

fn bytes(random: &mut Random, tag: u32, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    key(random, tag, 2, &mut out);
    varint(random, value.len() as u64, &mut out);
    out.extend_from_slice(value);
    out
}

fn text(random: &mut Random, tag: u32) -> Vec<u8> {
    let text = random.pick(&TEXTS);
    bytes(random, tag, text.as_bytes())
}

/// Between none and `most` fields made by `make`.
fn some(
    random: &mut Random,
    most: usize,
    out: &mut Vec<Vec<u8>>,
    make: impl Fn(&mut Random) -> Vec<u8>,
) {
    for _ in 0..random.below(most + 1) {
        out.push(make(random));
    }
}

/// A field with a number that no message has, of any wire type.
fn unknown(random: &mut Random, depth: usize) -> Vec<u8> {
    let tag = random.pick(&[18, 19, 31, 1_000, (1 << 29) - 1]);
    let mut out = Vec::new();
    match random.below(if depth == 0 { 4 } else { 5 }) {
        0 => {
            key(random, tag, 0, &mut out);
            let value = random.bits() >> random.below(64);
            varint(random, value, &mut out);
        }
        1 => {
            key(random, tag, 1, &mut out);
            out.extend(random.bits().to_le_bytes());
        }
        2 => {
            let noise = random.bits().to_le_bytes();
            let length = random.below(9);
            out = bytes(random, tag, &noise[..length]);
        }
        3 => {
            key(random, tag, 5, &mut out);
            out.extend(&random.bits().to_le_bytes()[..4]);
        }
        _ => {
            key(random, tag, 3, &mut out);
            for _ in 0..random.below(3) {
                out.extend(unknown(random, depth - 1));
            }
            key(random, tag, 4, &mut out);
        }
    }
    out
}

fn finish(random: &mut Random, mut fields: Vec<Vec<u8>>) -> Vec<u8> {
    if random.one_in(4) {
        some(random, 2, &mut fields, |random| unknown(random, 3));
    }
    if !random.one_in(3) {
        random.shuffle(&mut fields);
    }
    fields.concat()
}

/// A list of numbers: packed, unpacked, or a run of nothing.
fn numbers(random: &mut Random, tag: u32) -> Vec<u8> {
    if random.one_in(3) {
        let value = random.pick(&NUMBERS);
        return double(random, tag, value);
    }
    let count = random.below(4);
    let packed: Vec<u8> = (0..count)
        .flat_map(|_| random.pick(&NUMBERS).to_le_bytes())
        .collect();
    bytes(random, tag, &packed)
}

fn double(random: &mut Random, tag: u32, value: f64) -> Vec<u8> {
    let mut out = Vec::new();
    key(random, tag, 1, &mut out);
    out.extend(value.to_le_bytes());
    out
}

fn finite(random: &mut Random, tag: u32) -> Vec<u8> {
    let value = random.pick(&[0.0, -0.0, 1.5, -2e300, f64::MIN_POSITIVE, 5e-324]);
    double(random, tag, value)
}

fn weight(random: &mut Random) -> Vec<u8> {
    let value = random.pick(&[1.0, 0.25, f64::MAX, 5e-324]);
    double(random, 16, value)
}

/// The bytes of a message in a field.
fn message(random: &mut Random, tag: u32, make: impl Fn(&mut Random) -> Vec<u8>) -> Vec<u8> {
    let inner = make(random);
    bytes(random, tag, &inner)
}

fn prediction(random: &mut Random) -> Vec<u8> {
    let mut fields = Vec::new();
    some(random, 2, &mut fields, |random| text(random, 1));
    some(random, 2, &mut fields, |random| text(random, 2));
    some(random, 2, &mut fields, |random| numbers(random, 3));
    if random.one_in(3) {
        some(random, 3, &mut fields, |random| text(random, 4));
        some(random, 2, &mut fields, |random| finite(random, 5));
        some(random, 2, &mut fields, |random| numbers(random, 6));
        some(random, 2, &mut fields, |random| numbers(random, 7));
        some(random, 2, &mut fields, |random| finite(random, 8));
        some(random, 3, &mut fields, |random| message(random, 9, score));
        some(random, 2, &mut fields, |random| message(random, 10, usage));
    }
    if random.one_in(8) {
        let tag = random.pick(&[6, 7, 11]);
        fields.push(bytes(random, tag, b""));
    }
    finish(random, fields)
}

/// An entry of the map of scores.
fn score(random: &mut Random) -> Vec<u8> {
    let mut fields = Vec::new();
    let most = if random.one_in(4) { 2 } else { 1 };
    some(random, most, &mut fields, |random| text(random, 1));
    some(random, most, &mut fields, |random| finite(random, 2));
    finish(random, fields)
}

/// What an answer took, any part of it.
fn usage(random: &mut Random) -> Vec<u8> {
    let mut fields = Vec::new();
    for tag in [1, 4] {
        let value = random.pick(&[0.0, -0.0, 0.25, 3.5e15, 5e-324]);
        some(random, 1, &mut fields, |random| double(random, tag, value));
    }
    for tag in [2, 3, 5] {
        some(random, 1, &mut fields, |random| {
            let mut out = Vec::new();
            key(random, tag, 0, &mut out);
            let value = random.pick(&[0, 1, 300, 1 << 40, u64::MAX]);
            varint(random, value, &mut out);
            out
        });
    }
    finish(random, fields)
}

fn tokens(random: &mut Random) -> Vec<u8> {
    let mut fields = Vec::new();
    some(random, 3, &mut fields, |random| text(random, 1));
    finish(random, fields)
}

fn choice(random: &mut Random) -> Vec<u8> {
    let mut fields = Vec::new();
    some(random, 2, &mut fields, |random| text(random, 1));
    some(random, 2, &mut fields, |random| {
        let mut out = Vec::new();
        key(random, 2, 0, &mut out);
        // Any number but 0 is true.
        let value = random.pick(&[0, 0, 1, 2, u64::MAX]);
        varint(random, value, &mut out);
        out
    });
    finish(random, fields)
}

fn input(random: &mut Random) -> Vec<u8> {
    let mut fields = Vec::new();
    let most = if random.one_in(4) { 2 } else { 1 };
    some(random, most, &mut fields, |random| text(random, 1));
    some(random, most, &mut fields, |random| text(random, 2));
    finish(random, fields)
}

fn sample(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    key(random, 6, 0, &mut out);
    let value = random.bits() >> random.pick(&[0, 20, 40, 60]);
    varint(random, value, &mut out);
    out
}

/// The bytes of an `Instance` that only uses supported fields.
pub fn instance(random: &mut Random) -> Vec<u8> {
    let mut fields = Vec::new();
    some(random, 2, &mut fields, |random| text(random, 1));
    some(random, 3, &mut fields, |random| {
        message(random, 2, prediction)
    });
    some(random, 3, &mut fields, |random| text(random, 3));
    some(random, 2, &mut fields, |random| text(random, 4));
    some(random, 1, &mut fields, |random| text(random, 5));
    some(random, 2, &mut fields, sample);
    some(random, 3, &mut fields, |random| message(random, 7, input));
    if random.one_in(3) {
        some(random, 3, &mut fields, |random| text(random, 9));
        some(random, 3, &mut fields, |random| message(random, 10, tokens));
        some(random, 2, &mut fields, |random| finite(random, 11));
        some(random, 3, &mut fields, |random| message(random, 12, choice));
        some(random, 2, &mut fields, weight);
        some(random, 3, &mut fields, |random| text(random, 17));
    }
    if random.one_in(8) {
        let tag = random.pick(&[13, 14]);
        fields.push(bytes(random, tag, b""));
    }
    finish(random, fields)
}

fn spec(random: &mut Random) -> Vec<u8> {
    let name = random.pick(&TEXTS).to_owned();
    let spec = EvaluationSpec {
        systems: vec![
            System {
                name: name.clone(),
                source: None
            };
            random.below(3)
        ],
        metrics: vec![
            MetricSpec {
                name,
                ..MetricSpec::default()
            };
            random.below(3)
        ],
        classes: vec!["a".into(); random.below(3)],
        row_report: random.pick(&[0, 1, 3, 77]),
        ..EvaluationSpec::default()
    };
    spec.encode_to_vec()
}

/// The bytes of a request with at least one row. The specification may come in parts.
pub fn request(random: &mut Random) -> Vec<u8> {
    let mut fields = Vec::new();
    some(random, 2, &mut fields, |random| {
        let spec = spec(random);
        bytes(random, 1, &spec)
    });
    for _ in 0..=random.below(4) {
        let instance = instance(random);
        fields.push(bytes(random, 2, &instance));
    }
    some(random, 2, &mut fields, |random| text(random, 3));
    finish(random, fields)
}
