//! Fields that are part of the row but that this version does not use yet.
//!
//! A row that sets one (its last occurrence is not empty) is refused, so that nobody believes it was used. What is in
//! such a field is not looked into: its length and wire type are checked, its text is not, because the row is refused
//! anyway. The one difference to prost that remains: a reserved text that is not UTF-8
//! and that a later, empty occurrence of the same field overwrites goes through.

use super::cursor::{Cursor, Read, Wire};
use super::issues::{At, Issues, Place, Stop};

/// When a reserved field counts as set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text: its last occurrence is not empty.
    Text,
    /// A list of numbers, packed or one by one: it has one.
    Numbers,
}

/// One reserved field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reserved {
    tag: u32,
    name: &'static str,
    kind: Kind,
}

const fn reserved(tag: u32, name: &'static str, kind: Kind) -> Reserved {
    Reserved { tag, name, kind }
}

/// Reserved fields of `Prediction`.
pub(super) const PREDICTION: &[Reserved] = &[
    reserved(11, "finish_reason", Kind::Text),
    reserved(17, "embedding", Kind::Numbers),
];

/// Which reserved fields of one message are set, one bit a field number.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen(u32);

impl Seen {
    /// Reads a field that is none of the supported ones: reserved or unknown.
    pub fn read(
        &mut self,
        table: &[Reserved],
        (tag, wire): (u32, Wire),
        cursor: &mut Cursor<'_>,
        depth: u32,
    ) -> Read<()> {
        let Some(field) = table.iter().find(|field| field.tag == tag) else {
            return cursor.skip(tag, wire, depth);
        };
        let bit = 1 << tag;
        let set = match field.kind {
            Kind::Text => {
                self.0 &= !bit;
                !cursor.bytes(wire)?.is_empty()
            }
            Kind::Numbers if wire == Wire::Fixed32 => {
                cursor.skip(tag, wire, depth).map(|()| true)?
            }
            Kind::Numbers => !cursor.bytes(wire)?.is_empty() || self.0 & bit != 0,
        };
        self.0 |= if set { bit } else { 0 };
        Ok(())
    }

    /// Adds a violation for every field that is set.
    pub fn report(
        self,
        table: &[Reserved],
        row: usize,
        prediction: Option<usize>,
        issues: &mut Issues,
    ) -> Result<(), Stop> {
        if self.0 == 0 {
            return Ok(());
        }
        for field in table.iter().filter(|field| self.0 >> field.tag & 1 == 1) {
            let place = Place {
                row,
                prediction,
                field: field.name,
                at: At::Whole,
            };
            let description =
                "reserved: this version of the server does not use it yet; leave it out";
            issues.add("UNSUPPORTED_FIELD", place, description)?;
        }
        Ok(())
    }
}
