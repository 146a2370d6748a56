//! How long reading takes beside prost's decoder. Run it with
//! `cargo test --release -p evald-wire --test timing -- --ignored --nocapture`.

mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::{LIMITS, encode_request};
use evald_wire::proto::{EvaluateRequest, Instance, Prediction};
use evald_wire::reader::{RequestKind, read_rows, split};
use prost::Message;

const ROWS: usize = 50_000;
const ROUNDS: usize = 15;

fn text(seed: usize, words: usize, foreign: bool) -> String {
    let words = (0..words).map(|word| format!("w{}", (seed * 31 + word * 7919) % 20_000));
    let text = words.collect::<Vec<_>>().join(" ");
    if foreign { text + " naïve" } else { text }
}

fn text_rows() -> Vec<Instance> {
    let row = |index: usize| Instance {
        id: format!("row-{index}"),
        references: vec![text(index, 26, index.is_multiple_of(16))],
        predictions: (1..3)
            .map(|system| Prediction {
                text: Some(text(index + system, 26, index % 16 == system)),
                ..Prediction::default()
            })
            .collect(),
        ..Instance::default()
    };
    (0..ROWS).map(row).collect()
}

fn label_rows() -> Vec<Instance> {
    let row = |index: usize| Instance {
        id: format!("row-{index}"),
        labels: vec!["positive".into()],
        predictions: vec![Prediction {
            class_scores: vec![0.1, 0.7, 0.2],
            ..Prediction::default()
        }],
        ..Instance::default()
    };
    (0..ROWS).map(row).collect()
}

/// With the time to free the result, which a caller pays too.
fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    drop(black_box(work()));
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_nanos() as f64 / ROWS as f64
}

fn report(name: &str, rows: &[Instance]) {
    let request = encode_request(rows);
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        times[0].push(timed(|| read_rows(&request, &LIMITS, &|| false)));
        times[1].push(timed(|| split(RequestKind::Evaluate, &request)));
        times[2].push(timed(|| EvaluateRequest::decode(&request[..])));
    }
    let [rows, header, prost] = times.map(median);
    let bytes = request.len() / ROWS;
    println!(
        "{name}: {bytes} bytes a row; ns a row: read_rows {rows:.0}, split {header:.0}, prost {prost:.0}, \
         prost / (read_rows + split) = {:.1}",
        prost / (rows + header)
    );
}

#[test]
#[ignore = "a measurement, not a check"]
fn nanoseconds_a_row() {
    report("texts", &text_rows());
    report("labels", &label_rows());
}
