//! The reader against prost: on any bytes both give the same rows or both refuse.

mod common;

use common::random::Random;
use common::{LIMITS, plain, writer};
use evald_core::batch::Batch;
use evald_core::error::Error;
use evald_wire::proto::{CompareRequest, EvaluateRequest, Instance};
use evald_wire::reader::{Header, RequestKind, read_instance, read_rows, split};
use proptest::prelude::*;
use prost::{DecodeError, Message};

/// Changed copies of a request that one case tries. `PROPTEST_CASES` (256 unless set) multiplies it.
const MUTANTS: usize = 200;

fn read(kind: RequestKind, request: &[u8]) -> Result<(Header, Batch<'_>), Error> {
    let header = split(kind, request)?;
    Ok((header, read_rows(request, &LIMITS, &|| false)?))
}

fn decode(kind: RequestKind, request: &[u8]) -> Result<(Header, Vec<Instance>), DecodeError> {
    let (header, rows) = match kind {
        RequestKind::Evaluate => {
            let request = EvaluateRequest::decode(request)?;
            let header = Header {
                spec: request.spec.unwrap_or_default(),
                ..Header::default()
            };
            (header, request.instances)
        }
        RequestKind::Compare => {
            let request = CompareRequest::decode(request)?;
            let header = Header {
                spec: request.spec.unwrap_or_default(),
                baseline: request.baseline,
                gate: request.gate,
                forgetting: request.forgetting,
                ..Header::default()
            };
            (header, request.instances)
        }
    };
    let header = Header {
        rows: rows.len(),
        ..header
    };
    Ok((header, rows))
}

/// The documented exception: a reserved text is not checked for UTF-8, and may be overwritten.
fn unread_text(error: &DecodeError) -> bool {
    let text = error.to_string();
    text.ends_with("data is not UTF-8 encoded") && text.contains("Prediction.finish_reason")
}

/// The other documented exception: prost takes a map field of any wire type for a length-delimited one.
/// The reader does not, and its error stands right after the key of the field.
fn map_of_other_wire(bytes: &[u8], error: &Error) -> bool {
    let offset = error.metadata.iter().find(|(name, _)| *name == "offset");
    let Some(offset) = offset.and_then(|(_, value)| value.parse::<usize>().ok()) else {
        return false;
    };
    (offset.saturating_sub(10)..offset).any(|start| {
        let mut key = &bytes[start..offset];
        let value = prost::encoding::decode_varint(&mut key).unwrap_or_default();
        key.is_empty() && [7, 9, 15].contains(&(value >> 3)) && value & 7 != 2
    })
}

/// And the last one: a named score must be a number also when a later entry of its name overwrites it.
fn overwritten_score(error: &Error) -> bool {
    let mut fields = error.violations.iter().map(|violation| &violation.field);
    error.reason == "NOT_FINITE" && fields.all(|field| field.contains(".scores["))
}

fn check_rows(
    bytes: &[u8],
    ours: Result<&Batch<'_>, &Error>,
    theirs: Result<&[Instance], &DecodeError>,
) -> Result<(), TestCaseError> {
    match (ours, theirs) {
        (Ok(batch), Ok(rows)) => {
            prop_assert!(!plain::refused(rows));
            prop_assert_eq!(plain::of_batch(batch), plain::of_messages(rows));
        }
        (Ok(_), Err(error)) => prop_assert!(unread_text(error), "only prost refuses: {error}"),
        (Err(error), Ok(rows)) => {
            let meant = rows.is_empty() || plain::refused(rows);
            let meant = meant || map_of_other_wire(bytes, error) || overwritten_score(error);
            prop_assert!(meant, "only prost reads: {error:?}");
        }
        (Err(_), Err(_)) => {}
    }
    Ok(())
}

fn check_request(kind: RequestKind, request: &[u8]) -> Result<(), TestCaseError> {
    let (ours, theirs) = (read(kind, request), decode(kind, request));
    if let (Ok((ours, _)), Ok((theirs, _))) = (&ours, &theirs) {
        prop_assert_eq!(ours, theirs);
    }
    let ours = ours.as_ref().map(|(_, batch)| batch);
    check_rows(request, ours, theirs.as_ref().map(|(_, rows)| &rows[..]))
}

fn check_instance(instance: &[u8]) -> Result<(), TestCaseError> {
    let ours = read_instance(instance, &LIMITS);
    let theirs = Instance::decode(instance).map(|row| [row]);
    check_rows(
        instance,
        ours.as_ref(),
        theirs.as_ref().map(|rows| &rows[..]),
    )
}

/// Changes a few bytes: flips, replacements, deletions, insertions, a cut.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        match random.below(8) {
            0..=2 => bytes[at] ^= 1 << random.below(8),
            3 => bytes[at] = random.bits() as u8,
            // Keys and lengths are small numbers, so these break the structure best.
            4 => bytes[at] = random.below(0x90) as u8,
            5 => drop(bytes.remove(at)),
            6 => bytes.insert(at, random.below(0x90) as u8),
            _ => bytes.truncate(at),
        }
    }
}

/// Short messages made of bytes that are likely keys and lengths.
fn soup(random: &mut Random) -> Vec<u8> {
    let length = random.below(24);
    let mut byte = |_| match random.below(4) {
        0 => random.bits() as u8,
        1 => random.below(8) as u8,
        _ => (random.below(18) << 3 | random.pick(&[0, 1, 2, 2, 2, 3, 4, 5])) as u8,
    };
    (0..length).map(&mut byte).collect()
}

const KINDS: [RequestKind; 2] = [RequestKind::Evaluate, RequestKind::Compare];

proptest! {
    // A failure prints its seed; that is all there is to keep.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_valid_encoding_reads_as_prost_decodes_it(seed: u64) {
        let mut random = Random(seed);
        for _ in 0..20 {
            let request = writer::request(&mut random);
            for kind in KINDS {
                prop_assert!(read(kind, &request).is_ok(), "{:?}", read(kind, &request));
                prop_assert!(decode(kind, &request).is_ok());
                check_request(kind, &request)?;
            }
            check_instance(&writer::instance(&mut random))?;
        }
    }

    #[test]
    fn damaged_requests_are_refused_exactly_when_prost_refuses_them(seed: u64) {
        let mut random = Random(seed);
        let valid = writer::request(&mut random);
        for _ in 0..MUTANTS {
            let mut request = valid.clone();
            mutate(&mut random, &mut request);
            let kind = random.pick(&KINDS);
            check_request(kind, &request)?;
        }
    }

    #[test]
    fn damaged_rows_are_refused_exactly_when_prost_refuses_them(seed: u64) {
        let mut random = Random(seed);
        let valid = writer::instance(&mut random);
        for _ in 0..MUTANTS {
            let mut instance = valid.clone();
            mutate(&mut random, &mut instance);
            check_instance(&instance)?;
            check_instance(&soup(&mut random))?;
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_without_panic(bytes: Vec<u8>) {
        check_instance(&bytes)?;
        check_request(RequestKind::Evaluate, &bytes)?;
    }
}
