//! Models written by hand. What Google's package says of trained ones is compared in `tests/metrics`.

use proptest::prelude::*;

use super::*;

/// A field with a length; all parts here are shorter than 2^14 bytes.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut field = vec![
        number << 3 | 2,
        (length & 0x7f) as u8 | 0x80,
        (length >> 7) as u8,
    ];
    field.extend_from_slice(content);
    field
}

fn piece(text: &str, score: f32, kind: u8) -> Vec<u8> {
    let mut message = field(1, text.as_bytes());
    message.push(0x15);
    message.extend_from_slice(&score.to_le_bytes());
    message.extend_from_slice(&[0x18, kind]);
    field(1, &message)
}

fn trainer(algorithm: u8, byte_fallback: bool) -> Vec<u8> {
    field(2, &[0x18, algorithm, 0x98, 0x02, u8::from(byte_fallback)])
}

const NORMAL: u8 = 1;
const UNKNOWN: u8 = 2;
const SYMBOL: u8 = 4;
const UNUSED: u8 = 5;

fn model(algorithm: u8, pieces: &[(&str, f32, u8)]) -> Vec<u8> {
    let mut file = piece("<unk>", 0.0, UNKNOWN);
    for (text, score, kind) in pieces {
        file.extend(piece(text, *score, *kind));
    }
    file.extend(trainer(algorithm, false));
    file
}

fn encode(file: &[u8], text: &str) -> String {
    let model = SentencePiece::read(file).expect("a model");
    let mut out = String::new();
    model.encode(text, &mut Memory::default(), &mut out);
    out
}

fn problem(file: &[u8]) -> String {
    SentencePiece::read(file).expect_err("no model")
}

#[test]
fn the_unigram_model_takes_the_best_sum() {
    let pieces = [
        ("▁", -3.0, NORMAL),
        ("a", -2.0, NORMAL),
        ("b", -2.0, NORMAL),
        ("▁a", -3.0, NORMAL),
        ("ab", -3.5, NORMAL),
    ];
    let file = model(1, &pieces);
    // -3 - 2 beats -3 - 3.5.
    assert_eq!(encode(&file, "ab"), "▁a b");
    assert_eq!(encode(&file, " a  ab "), "▁a ▁a b");
    assert_eq!(encode(&file, ""), "");
    assert_eq!(encode(&file, " \u{20}"), "");
}

#[test]
fn unknown_characters_in_a_row_are_one_piece() {
    let file = model(1, &[("▁", -1.0, NORMAL), ("a", -1.0, NORMAL)]);
    assert_eq!(encode(&file, "xéa日z"), "▁ xé a 日z");
}

#[test]
fn unknown_characters_are_their_bytes_where_the_model_has_bytes() {
    let mut file = piece("<unk>", 0.0, UNKNOWN);
    for byte in 0..=255 {
        file.extend(piece(&format!("<0x{byte:02X}>"), 0.0, 6));
    }
    file.extend(piece("▁", -1.0, NORMAL));
    let all = [file.clone(), trainer(1, true)].concat();
    assert_eq!(encode(&all, "é!"), "▁ <0xC3> <0xA9> <0x21>");
    assert!(problem(&[file, trainer(1, false)].concat()).contains("bytes"));
    let none = [piece("<unk>", 0.0, UNKNOWN), trainer(1, true)].concat();
    assert!(problem(&none).contains("bytes"));
}

#[test]
fn pairs_are_joined_by_score_and_unused_ones_taken_apart() {
    let letters = ["▁", "a", "b", "c"].map(|letter| (letter, -9.0, NORMAL));
    let mut pieces = letters.to_vec();
    pieces.extend([
        ("ab", -1.0, NORMAL),
        ("bc", 0.0, NORMAL),
        ("▁a", -2.0, UNUSED),
        ("▁abc", -3.0, NORMAL),
    ]);
    let file = model(2, &pieces);
    // bc is joined first, then ▁a, and both are one.
    assert_eq!(encode(&file, "abc"), "▁abc");
    assert_eq!(encode(&file, "aa"), "▁ a a");
    assert_eq!(encode(&file, "abab"), "▁ ab ab");
}

#[test]
fn symbols_are_cut_out_and_not_joined() {
    let pieces = [
        ("▁", -1.0, NORMAL),
        ("<x>", 0.0, SYMBOL),
        ("a", -1.0, NORMAL),
        ("▁<x>a", 9.0, NORMAL),
    ];
    for algorithm in [1, 2] {
        assert_eq!(encode(&model(algorithm, &pieces[..3]), "<x>a"), "▁ <x> a");
    }
    assert_eq!(encode(&model(2, &pieces), "<x>a"), "▁ <x> a");
}

#[test]
fn words_and_characters() {
    let pieces = [("▁ab", -1.0, NORMAL), ("a", -1.0, NORMAL)];
    assert_eq!(encode(&model(3, &pieces), "ab x y ab"), "▁ab ▁x▁y ▁ab");
    assert_eq!(encode(&model(4, &pieces), "axya"), "▁ a xy a");
}

#[test]
fn what_is_no_model_is_refused() {
    assert!(problem(b"").contains("no pieces"));
    assert!(problem(b"the cat sat on the mat").contains("no SentencePiece model"));
    let good = model(1, &[("a", -1.0, NORMAL)]);
    for end in 0..good.len() {
        // A file cut between two fields may be one.
        let _ = SentencePiece::read(&good[..end]);
    }
    assert!(problem(&good[..good.len() - 1]).contains("no SentencePiece model"));
    assert!(problem(&model(7, &[])).contains("unknown kind, 7"));
    assert!(problem(&piece("a", -1.0, NORMAL)).contains("no piece for what is unknown"));
    assert!(problem(&model(1, &[("<u>", 0.0, UNKNOWN)])).contains("several pieces"));
    assert!(
        problem(&model(1, &[("a", -1.0, NORMAL), ("a", -2.0, UNUSED)])).contains("\"a\" twice")
    );
    assert!(problem(&model(1, &[("a", f32::NAN, NORMAL)])).contains("no number"));
    assert!(problem(&model(1, &[("a", f32::NEG_INFINITY, NORMAL)])).contains("no number"));
    assert!(problem(&model(1, &[("", -1.0, NORMAL)])).contains("empty"));
    assert!(problem(&model(1, &[("a", -1.0, 9)])).contains("no SentencePiece model"));
    for table in [&b"x"[..], &[0; 4], &[4, 0, 0, 0, 1, 2, 3, 4], &[0xff; 64]] {
        let rules = field(3, &field(2, table));
        assert!(problem(&[good.clone(), rules].concat()).contains("table"));
    }
}

proptest! {
    /// Tables whose units point anywhere, also at each other in circles.
    #[test]
    fn a_broken_table_ends_and_does_no_harm(
        units in prop::collection::vec(any::<u32>(), 1..300),
        near in any::<bool>(),
        text in "\\PC{0,40}",
    ) {
        let mut table = (units.len() as u32 * 4).to_le_bytes().to_vec();
        for unit in units {
            let unit = if near { unit & 0x0003_ffff } else { unit };
            table.extend_from_slice(&unit.to_le_bytes());
        }
        table.extend_from_slice("é\0x y\0".as_bytes());
        let rules = field(3, &field(2, &table));
        let file = [model(1, &[("a", -1.0, NORMAL)]), rules].concat();
        encode(&file, &text);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        mut file in Just(model(2, &[("a", -1.0, NORMAL), ("▁a", -1.0, UNUSED), ("▁", -2.0, SYMBOL)])),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        text in "[ a▁]{0,20}",
    ) {
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Ok(model) = SentencePiece::read(&file) {
            let mut out = String::new();
            model.encode(&text, &mut Memory::default(), &mut out);
            prop_assert!(out.len() <= 8 * (text.len() + 4), "{:?}", out);
        }
    }
}
