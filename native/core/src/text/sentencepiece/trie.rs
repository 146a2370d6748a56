//! A double array (Aoe 1989): which keys begin a text, one step a byte.

/// No value, no parent.
const NONE: u32 = u32::MAX;
/// Children of a node lie in one block of this many units.
const BLOCK: usize = 256;
/// Free places are looked for in the last blocks only, so that building takes linear time.
const OPEN_BLOCKS: usize = 16;

#[derive(Debug, Clone, Copy)]
struct Unit {
    /// The child for a byte is at `base ^ byte`, if that unit's parent is this one.
    base: u32,
    parent: u32,
    value: u32,
}

const FREE: Unit = Unit {
    base: 0,
    parent: NONE,
    value: NONE,
};

/// One bit for each place of a block.
type Places = [u64; BLOCK / 64];

const ALL: Places = [u64::MAX; BLOCK / 64];

/// The places whose number, with the bits of `byte` changed, is in a set.
fn exchanged(places: &Places, byte: u8) -> Places {
    std::array::from_fn(|at| {
        let mut word = places[at ^ usize::from(byte >> 6)];
        for (bit, low) in HALVES {
            if byte & bit != 0 {
                word = (word & low) << bit | (word >> bit) & low;
            }
        }
        word
    })
}

/// A bit of a number below 64, and the numbers that do not have it.
const HALVES: [(u8, u64); 6] = [
    (1, 0x5555_5555_5555_5555),
    (2, 0x3333_3333_3333_3333),
    (4, 0x0f0f_0f0f_0f0f_0f0f),
    (8, 0x00ff_00ff_00ff_00ff),
    (16, 0x0000_ffff_0000_ffff),
    (32, 0x0000_0000_ffff_ffff),
];

/// Keys, each with a number below 2^32 - 1.
#[derive(Debug)]
pub(super) struct Trie {
    units: Vec<Unit>,
}

impl Trie {
    /// From keys in ascending order, none empty and none twice.
    pub(super) fn new(keys: &[(&[u8], u32)]) -> Self {
        let mut trie = Self {
            units: vec![FREE; BLOCK],
        };
        // The root is at 0.
        let mut free = vec![ALL];
        free[0][0] &= !1;
        let mut open = vec![(0, keys, 0)];
        let mut children = Vec::with_capacity(BLOCK);
        while let Some((node, mut keys, depth)) = open.pop() {
            if let Some(((key, value), rest)) = keys.split_first()
                && key.len() == depth
            {
                trie.units[node].value = *value;
                keys = rest;
            }
            if keys.is_empty() {
                continue;
            }
            children.clear();
            children.extend(keys.chunk_by(|one, other| one.0[depth] == other.0[depth]));
            let bytes = children.iter().map(|group| group[0].0[depth]);
            let base = trie.place(bytes, &mut free);
            trie.units[node].base = base as u32;
            for group in &children {
                let child = base ^ usize::from(group[0].0[depth]);
                trie.units[child].parent = node as u32;
                open.push((child, group, depth + 1));
            }
        }
        trie
    }

    /// A base with free units for all children; they are in one block, as only the last eight bits of their places
    /// differ.
    fn place(&mut self, bytes: impl Iterator<Item = u8> + Clone, free: &mut Vec<Places>) -> usize {
        let first = free.len().saturating_sub(OPEN_BLOCKS);
        let fits = |places: &Places| {
            let bases = bytes.clone().fold(ALL, |bases, byte| {
                let fitting = exchanged(places, byte);
                std::array::from_fn(|at| bases[at] & fitting[at])
            });
            let word = bases.iter().position(|word| *word != 0)?;
            Some(64 * word + bases[word].trailing_zeros() as usize)
        };
        let found = (first..free.len()).find_map(|block| Some((block, fits(&free[block])?)));
        let (block, base) = found.unwrap_or_else(|| {
            free.push(ALL);
            self.units.resize(free.len() * BLOCK, FREE);
            (free.len() - 1, 0)
        });
        for byte in bytes {
            let place = base ^ usize::from(byte);
            free[block][place / 64] &= !(1 << (place % 64));
        }
        block * BLOCK + base
    }

    /// The child of a node for a byte; the root is 0.
    #[inline(always)]
    pub(super) fn child(&self, node: u32, byte: u8) -> Option<u32> {
        let child = self.units.get(node as usize)?.base ^ u32::from(byte);
        (self.units.get(child as usize)?.parent == node).then_some(child)
    }

    /// The number of the key that ends at a node.
    #[inline(always)]
    pub(super) fn value(&self, node: u32) -> Option<u32> {
        let value = self.units.get(node as usize)?.value;
        (value != NONE).then_some(value)
    }

    /// Length of the longest key that begins a text.
    pub(super) fn longest(&self, text: &[u8]) -> Option<usize> {
        let (mut node, mut longest) = (0, None);
        for (at, byte) in text.iter().enumerate() {
            let Some(child) = self.child(node, *byte) else {
                break;
            };
            node = child;
            if self.value(node).is_some() {
                longest = Some(at + 1);
            }
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_is_found_if_and_only_if_it_is_there(
            keys in btree_set(vec(0..6_u8, 1..6), 0..200),
            text in vec(0..6_u8, 0..8),
        ) {
            let numbered: Vec<(&[u8], u32)> = keys.iter().zip(0..).map(|(key, at)| (key.as_slice(), at)).collect();
            let trie = Trie::new(&numbered);
            let mut node = Some(0);
            for (at, byte) in text.iter().enumerate() {
                node = node.and_then(|node| trie.child(node, *byte));
                let expected = numbered.iter().find(|(key, _)| *key == &text[..=at]).map(|(_, value)| *value);
                prop_assert_eq!(node.and_then(|node| trie.value(node)), expected);
            }
            let longest = (1..=text.len()).rev().find(|end| keys.contains(&text[..*end]));
            prop_assert_eq!(trie.longest(&text), longest);
        }
    }

    #[test]
    fn many_keys_stay_small() {
        let keys: Vec<String> = (0..50_000).map(|number| format!("{number:05}x")).collect();
        let numbered: Vec<(&[u8], u32)> = keys
            .iter()
            .zip(0..)
            .map(|(key, at)| (key.as_bytes(), at))
            .collect();
        let trie = Trie::new(&numbered);
        assert!(trie.units.len() < 2 * 111_111, "{}", trie.units.len());
        assert_eq!(trie.longest(b"01234xyz"), Some(6));
    }
}
