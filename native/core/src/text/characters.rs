//! Characters of two texts as numbers.

use super::interning::{ABSENT, Interner};

/// Code points there are.
const CODE_POINTS: usize = char::MAX as usize + 1;

/// Gives every character of a reference a number. A table over all code points has no collisions; the system gives it
/// memory only where it is touched.
#[derive(Debug, Default)]
pub struct Characters {
    /// The number of each code point, inverted: memory of zeros costs nothing, and 0 is [`ABSENT`].
    inverted: Vec<u32>,
    /// The code point of each number.
    numbered: Vec<char>,
}

impl Characters {
    /// Numbers the characters of the reference and looks up those of the prediction.
    pub fn load(
        &mut self,
        prediction: impl Iterator<Item = char>,
        reference: impl Iterator<Item = char>,
        pair: &mut Interner,
    ) {
        if self.inverted.is_empty() {
            self.inverted = vec![!ABSENT; CODE_POINTS];
        }
        pair.load_reference(reference.map(|c| {
            let inverted = &mut self.inverted[c as usize];
            if *inverted == !ABSENT {
                *inverted = !(self.numbered.len() as u32);
                self.numbered.push(c);
            }
            !*inverted
        }));
        pair.load_prediction(prediction.map(|c| !self.inverted[c as usize]));
        for c in self.numbered.drain(..) {
            self.inverted[c as usize] = !ABSENT;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_numbered_by_their_first_place() {
        let mut characters = Characters::default();
        let mut pair = Interner::default();
        for _ in 0..2 {
            characters.load("xéa\u{10ffff}".chars(), "aéa\0".chars(), &mut pair);
            assert_eq!(pair.reference(), [0, 1, 0, 2]);
            assert_eq!(pair.prediction(), [ABSENT, 1, 0, ABSENT]);
            assert_eq!(pair.distinct(), 3);
        }
    }
}
