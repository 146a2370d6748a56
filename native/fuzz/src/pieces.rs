//! Small `SentencePiece` models, written field by field.

/// How texts are cut, by the numbers of the format: unigram, BPE, words, characters.
pub const ALGORITHMS: [u8; 4] = [1, 2, 3, 4];

const NORMAL: u8 = 1;
const UNKNOWN: u8 = 2;
const SYMBOL: u8 = 4;
const UNUSED: u8 = 5;
const BYTE: u8 = 6;

const PIECES: &[(&str, f32, u8)] = &[
    ("\u{2581}", -3.0, NORMAL),
    ("a", -2.0, NORMAL),
    ("b", -2.5, NORMAL),
    ("t", -2.0, NORMAL),
    ("h", -2.0, NORMAL),
    ("e", -2.0, NORMAL),
    ("\u{e9}", -4.0, NORMAL),
    ("\u{65e5}", -4.0, NORMAL),
    ("ab", -3.5, NORMAL),
    ("th", -1.0, NORMAL),
    ("he", -1.5, UNUSED),
    ("the", -0.5, NORMAL),
    ("\u{2581}the", -0.25, NORMAL),
    ("\u{2581}a", -3.0, NORMAL),
    ("<x>", 0.0, SYMBOL),
];

/// A field with a length; all parts here are shorter than 2^14 bytes.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = [
        number << 3 | 2,
        (length & 0x7f) as u8 | 0x80,
        (length >> 7) as u8,
    ];
    [&head, content].concat()
}

fn piece(text: &str, score: f32, kind: u8) -> Vec<u8> {
    let score = [&[0x15], &score.to_le_bytes()[..], &[0x18, kind]].concat();
    field(1, &[field(1, text.as_bytes()), score].concat())
}

/// A model of some letters, with or without bytes for what it does not know.
pub fn model(algorithm: u8, bytes: bool) -> Vec<u8> {
    let mut file = piece("<unk>", 0.0, UNKNOWN);
    for (text, score, kind) in PIECES {
        file.extend(piece(text, *score, *kind));
    }
    for byte in (0..=u8::MAX).filter(|_| bytes) {
        file.extend(piece(&format!("<0x{byte:02X}>"), 0.0, BYTE));
    }
    file.extend(field(2, &[0x18, algorithm, 0x98, 0x02, u8::from(bytes)]));
    file
}
