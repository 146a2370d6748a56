"""The documented draws of evald, written again: key hash, counter hash, Poisson table, swap bits.

Written from the comments of native/core/src/stats, with numpy and plain Python; shares no code with what it checks.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]

KEY = (0x6576_616C_642D_726F, 0x772D_6B65_792D_7631)
BOOTSTRAP, SWAP = 0xB007, 0x54AB
MASK = 2**64 - 1
WEYL = np.uint64(0x9E37_79B9_7F4A_7C15)


def siphash24(data: bytes, key: tuple[int, int] = KEY) -> int:
    """SipHash-2-4 (Aumasson and Bernstein 2012)."""
    v = [
        key[0] ^ 0x736F_6D65_7073_6575,
        key[1] ^ 0x646F_7261_6E64_6F6D,
        key[0] ^ 0x6C79_6765_6E65_7261,
        key[1] ^ 0x7465_6462_7974_6573,
    ]

    def rotate(word: int, by: int) -> int:
        return (word << by | word >> (64 - by)) & MASK

    def rounds(count: int) -> None:
        for _ in range(count):
            v[0] = (v[0] + v[1]) & MASK
            v[2] = (v[2] + v[3]) & MASK
            v[1], v[3] = rotate(v[1], 13) ^ v[0], rotate(v[3], 16) ^ v[2]
            v[0] = (rotate(v[0], 32) + v[3]) & MASK
            v[2] = (v[2] + v[1]) & MASK
            v[1], v[3] = rotate(v[1], 17) ^ v[2], rotate(v[3], 21) ^ v[0]
            v[2] = rotate(v[2], 32)

    last = len(data) // 8 * 8
    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, last, 8)]
    words.append(int.from_bytes(data[last:], "little") | (len(data) & 0xFF) << 56)
    for word in words:
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def key_hash(row_id: str, cluster: str = "") -> int:
    """The hash of a row's key: the cluster before the id, each in a domain of its own."""
    return siphash24(b"c" + cluster.encode() if cluster else b"i" + row_id.encode())


def slots_of(hashes: list[int]) -> list[int]:
    """The slot of every row: the rank of its hash, or beyond 4,096 keys the hash's top 12 bits."""
    keys = sorted(set(hashes))
    if len(keys) > 4_096:
        return [hashed >> 52 for hashed in hashes]
    rank = {hashed: at for at, hashed in enumerate(keys)}
    return [rank[hashed] for hashed in hashes]


def mix(words: Words) -> Words:
    """The finaliser of SplitMix64 over a Weyl step."""
    with np.errstate(over="ignore"):
        z = words + WEYL
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
        return z ^ (z >> np.uint64(31))


def counter_hash(seed: int, stream: int, a: Words, b: Words) -> Words:
    """64 bits for every pair of counters: one row an a, one column a b."""
    with np.errstate(over="ignore"):
        inner = mix(np.uint64(seed) ^ mix(np.uint64(stream) + a * WEYL))
        return mix(inner[:, None] + b[None, :] * np.uint64(0xD1B5_4A32_D192_ED03))


def poisson_bounds() -> npt.NDArray[np.uint64]:
    """Cumulative probabilities of Poisson(1) for 0 to 11, in units of 2^-32."""
    cumulative = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(12)])
    return np.rint(cumulative * 2.0**32).astype(np.uint64)


def bootstrap_weights(seed: int, replicates: int, slots: int) -> Numbers:
    """Poisson(1) weights, replicates x slots. A word serves two replicates: low half, then high half."""
    pairs = counter_hash(seed, BOOTSTRAP, np.arange((replicates + 1) // 2, dtype=np.uint64), arange(slots))
    halves = np.stack([pairs & np.uint64(0xFFFF_FFFF), pairs >> np.uint64(32)], axis=1)
    drawn = np.searchsorted(poisson_bounds(), halves.reshape(-1, slots), side="right")
    return drawn[:replicates].astype(np.float64)


def swap_bits(seed: int, draws: int, slots: int) -> Numbers:
    """Fair bits, draws x slots. A word serves 32 draws: draw d of a block is bit d."""
    words = counter_hash(seed, SWAP, arange((draws + 31) // 32), arange(slots))
    bits = words[:, None, :] >> arange(32)[None, :, None] & np.uint64(1)
    return bits.reshape(-1, slots)[:draws].astype(np.float64)


def all_swaps(slots: int) -> Numbers:
    """Every assignment of swaps to slots."""
    return (arange(2**slots)[:, None] >> arange(slots)[None, :] & np.uint64(1)).astype(np.float64)


def arange(end: int) -> Words:
    """0 to end - 1."""
    return np.arange(end, dtype=np.uint64)
