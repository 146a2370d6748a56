//! Limits for `bench/metrics`: nanoseconds for copying all lines of a file, for finding their tokens, and for finding
//! them and hashing every 1- to 4-gram once, without a table. One line a limit: its name, then seven times.

use std::fs;
use std::hint::black_box;
use std::time::Instant;

use evald_core::text::mteval13a;
use evald_core::text::tokens::Tokens;

const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a file of texts")?;
    let text = fs::read_to_string(path)?;
    let lines: Vec<&str> = text.split('\n').collect();
    let mut copy = Vec::with_capacity(text.len());
    let mut tokens = Tokens::default();
    print("copy", || {
        copy.clear();
        for line in &lines {
            copy.extend_from_slice(line.as_bytes());
        }
        black_box(&copy);
    });
    print("tokens", || {
        for line in &lines {
            mteval13a::tokenize(line, false, &mut tokens);
            black_box(tokens.len());
        }
    });
    print("hashes", || {
        for line in &lines {
            mteval13a::tokenize(line, false, &mut tokens);
            black_box(hash_grams(tokens.keys()));
        }
    });
    Ok(())
}

/// Prints the name and the nanoseconds of each round.
fn print(name: &str, mut work: impl FnMut()) {
    work();
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_nanos().to_string()
    });
    println!("{name} {}", times.collect::<Vec<_>>().join(" "));
}

/// Hashes of all n-grams, mixed into one number so that none is left out.
fn hash_grams(keys: &[u64]) -> u64 {
    let mut all = 0;
    for at in 0..keys.len() {
        let mut gram = 0_u64;
        for key in keys.iter().skip(at).take(4) {
            gram = (gram.rotate_left(5) ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            all ^= gram;
        }
    }
    all
}
