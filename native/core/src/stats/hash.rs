//! Hashes that decide slots and draws. All are fixed for ever: changing one changes published intervals.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

/// Name of the key hash, part of every state.
pub const KEY_HASH: &str = "siphash-2-4/evald-1";

/// Key of the key hash: fixed, so that shards and releases agree. It need not be secret: equal hashes
/// only put rows into the same slot.
const KEY: (u64, u64) = (0x6576_616c_642d_726f, 0x772d_6b65_792d_7631);

/// What identifies a row for resampling. Domains are apart: cluster "a" and id "a" are different keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKey<'a> {
    /// Rows of a cluster are resampled together.
    Cluster(&'a str),
    /// The row's id.
    Id(&'a str),
    /// The row's position in the call.
    Position(u64),
}

/// 64-bit hash of a row key.
pub fn key_hash(key: RowKey<'_>) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(KEY.0, KEY.1);
    match key {
        RowKey::Cluster(text) => {
            hasher.write(b"c");
            hasher.write(text.as_bytes());
        }
        RowKey::Id(text) => {
            hasher.write(b"i");
            hasher.write(text.as_bytes());
        }
        // Every row without id comes here: in one piece the bytes take half the time.
        RowKey::Position(position) => {
            let mut bytes = [b'p'; 9];
            bytes[1..].copy_from_slice(&position.to_le_bytes());
            return hasher.hash(&bytes);
        }
    }
    hasher.finish()
}

/// 64-bit hash of a row: its id or position, and its sample.
pub fn row_hash(key: RowKey<'_>, sample: u32) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(KEY.0, KEY.1);
    hasher.write(b"r");
    hasher.write(&key_hash(key).to_le_bytes());
    hasher.write(&sample.to_le_bytes());
    hasher.finish()
}

/// What a counter hash is drawn for; streams of different purposes are independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Poisson weights of the bootstrap.
    Bootstrap = 0xb007,
    /// Bits of the paired swap test.
    Swap = 0x54ab,
    /// Rows that are listed as examples.
    Sample = 0x5a3e,
}

/// 64 random bits for (seed, stream, a, b), without state: two rounds of the finaliser of `SplitMix64`
/// (Steele, Lea and Flood 2014; constants of Stafford's variant 13) over a Weyl sequence.
#[inline]
pub fn counter_hash(seed: u64, stream: Stream, a: u64, b: u64) -> u64 {
    let inner =
        mix(seed ^ mix((stream as u64).wrapping_add(a.wrapping_mul(0x9e37_79b9_7f4a_7c15))));
    mix(inner.wrapping_add(b.wrapping_mul(0xd1b5_4a32_d192_ed03)))
}

#[inline]
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_fixed_for_ever() {
        assert_eq!(key_hash(RowKey::Id("row-1")), 9_967_879_570_686_751_714);
        assert_eq!(key_hash(RowKey::Position(7)), 15_491_116_372_009_500_254);
        assert_eq!(
            counter_hash(12345, Stream::Bootstrap, 0, 0),
            3_452_155_523_676_561_401
        );
    }

    #[test]
    fn domains_are_apart() {
        let hashes = [
            key_hash(RowKey::Cluster("7")),
            key_hash(RowKey::Id("7")),
            key_hash(RowKey::Position(7)),
        ];
        assert_ne!(hashes[0], hashes[1]);
        assert_ne!(hashes[1], hashes[2]);
    }

    #[test]
    fn bits_are_fair() {
        let ones: u32 = (0..4096_u64)
            .map(|i| counter_hash(1, Stream::Swap, i / 64, i % 64).count_ones())
            .sum();
        // 262,144 fair bits: standard deviation 256.
        assert!((131_072 - 1_280..131_072 + 1_280).contains(&ones), "{ones}");
    }
}
