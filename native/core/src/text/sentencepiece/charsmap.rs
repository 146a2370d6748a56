//! The compiled table of a model's normalisation: a double array of darts-clone, and the texts that it points at.

/// Longest text that takes the place of another; Unicode's longest has 33 bytes.
const LONGEST: usize = 1000;

/// The table; what it says is checked when it is asked, so that a broken one is merely wrong.
#[derive(Debug)]
pub(super) struct CharsMap {
    units: Vec<u32>,
    /// Ended by NUL bytes.
    replacements: Vec<u8>,
}

impl CharsMap {
    /// From the length of the double array, the double array, and the texts.
    pub(super) fn read(blob: &[u8]) -> Option<Self> {
        let (length, rest) = blob.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (array, replacements) = rest.split_at_checked(length)?;
        let (units, odd) = array.as_chunks();
        let too_long = replacements
            .split(|byte| *byte == 0)
            .any(|text| text.len() > LONGEST);
        if units.is_empty() || !odd.is_empty() || replacements.last() != Some(&0) || too_long {
            return None;
        }
        Some(Self {
            units: units.iter().map(|unit| u32::from_le_bytes(*unit)).collect(),
            replacements: replacements.to_vec(),
        })
    }

    /// The longest beginning of a text that the table replaces: its length, and what takes its place.
    pub(super) fn longest(&self, text: &[u8]) -> Option<(usize, &[u8])> {
        let mut unit = *self.units.first()?;
        let mut place = offset(unit);
        let mut found = None;
        for (at, byte) in text.iter().enumerate() {
            place ^= usize::from(*byte);
            match self.units.get(place) {
                Some(next) if next & LABEL == u32::from(*byte) => unit = *next,
                _ => break,
            }
            place ^= offset(unit);
            if unit & HAS_VALUE != 0 {
                found = Some((at + 1, *self.units.get(place)? & !IS_VALUE));
            }
        }
        let (length, start) = found?;
        let replacement = self.replacements.get(start as usize..)?;
        let end = replacement.iter().position(|byte| *byte == 0)?;
        Some((length, &replacement[..end]))
    }
}

/// A unit is a value, or the last byte of the way to it with the distance to its children.
const IS_VALUE: u32 = 1 << 31;
const LABEL: u32 = IS_VALUE | 0xff;
const HAS_VALUE: u32 = 1 << 8;
/// The distance is shifted by 8 bits.
const IS_FAR: u32 = 1 << 9;

fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & IS_FAR) >> 6)) as usize
}
