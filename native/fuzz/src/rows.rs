//! A small language for requests that fuzzers change well: any bytes are a request, and a change of a byte is a change
//! of one thing.
//!
//! The first byte holds options ([`Options`]), then come the metrics up to a break, separated by semicolons, then
//! records: a tag and what it carries.

use evald_wire::proto::{
    AnalysisSpec, Choice, CompareRequest, EvaluateRequest, EvaluationSpec, Instance, MetricSpec,
    Prediction, SliceSpec, StatisticsSpec, System, Tokens, Usage,
};
use evald_wire::reader::RequestKind;
use prost::Message;

use crate::texts::BREAK;

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Tag {
    Row,
    Prediction,
    Text,
    Reference,
    WrongReference,
    Token,
    ReferenceTokens,
    ReferenceToken,
    Label,
    PredictedLabel,
    ClassScore,
    PredictedValue,
    Value,
    TokenLogprob,
    Choice,
    ChoiceScore,
    NoAnswerScore,
    Score,
    HumanLabel,
    Weight,
    Id,
    Sample,
    Cluster,
    Class,
    Latency,
    InputTokens,
    OutputTokens,
    Cost,
}

impl Tag {
    /// All tags, by their bytes.
    pub const ALL: [Self; 28] = [
        Self::Row,
        Self::Prediction,
        Self::Text,
        Self::Reference,
        Self::WrongReference,
        Self::Token,
        Self::ReferenceTokens,
        Self::ReferenceToken,
        Self::Label,
        Self::PredictedLabel,
        Self::ClassScore,
        Self::PredictedValue,
        Self::Value,
        Self::TokenLogprob,
        Self::Choice,
        Self::ChoiceScore,
        Self::NoAnswerScore,
        Self::Score,
        Self::HumanLabel,
        Self::Weight,
        Self::Id,
        Self::Sample,
        Self::Cluster,
        Self::Class,
        Self::Latency,
        Self::InputTokens,
        Self::OutputTokens,
        Self::Cost,
    ];
}

/// Numbers of the bytes from [`RARE`] on.
const RARE_NUMBERS: [f64; 14] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
    -0.0,
    0.1,
    1.0 / 3.0,
    4_294_967_296.0,
    -4_294_967_296.0,
    9_007_199_254_740_993.0,
    1e-18,
];
const RARE: u8 = 0xf0;
/// The byte before the eight bytes of any number.
const RAW: u8 = 0xfe;

/// Eighths around zero, the common numbers of the other bytes.
fn common_number(byte: u8) -> f64 {
    (f64::from(byte) - 120.0) / 8.0
}

/// What the first byte says.
#[derive(Debug, Clone, Copy)]
pub struct Options(pub u8);

impl Options {
    /// Which request it is.
    pub fn kind(self) -> RequestKind {
        if self.0 & 1 == 1 {
            RequestKind::Compare
        } else {
            RequestKind::Evaluate
        }
    }

    fn statistics(self) -> StatisticsSpec {
        StatisticsSpec {
            replicates: Some(if self.0 & 2 == 2 { 100 } else { 0 }),
            min_slice_size: Some(2),
            ..StatisticsSpec::default()
        }
    }

    /// Slices beside intervals, where no rows are reported.
    fn slices(self) -> Vec<SliceSpec> {
        let forms = if self.0 & 0x0e == 2 {
            &[
                "label x length(prediction, edges=1|3)",
                "contains(reference, \"the\")",
            ][..]
        } else {
            &[]
        };
        let spec = |form: &&str| SliceSpec {
            by: (*form).to_owned(),
        };
        forms.iter().map(spec).collect()
    }

    fn row_report(self) -> i32 {
        i32::from(self.0 >> 2 & 3)
    }

    fn unknown_labels(self) -> i32 {
        i32::from(self.0 >> 4 & 3)
    }

    /// Whether rows have ids of their own.
    fn numbers_rows(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// How many systems there are.
    fn systems(self) -> usize {
        1 + usize::from(self.0 & 1) + usize::from(self.0 >> 7)
    }
}

/// A request of the language.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Which request it is.
    pub kind: Option<RequestKind>,
    /// Everything but the rows.
    pub spec: EvaluationSpec,
    /// The rows.
    pub rows: Vec<Instance>,
}

/// What is asked of errors: all there is, in short lists.
const ANALYSIS: AnalysisSpec = AnalysisSpec {
    samples: Some(2),
    top: Some(3),
    ngrams: Some(3),
};

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn text(&mut self) -> String {
        let end = self.0.iter().position(|byte| *byte == BREAK);
        let (text, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest.get(1..).unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }

    /// Small numbers, and numbers that no double holds.
    fn integer(&mut self) -> u64 {
        match self.byte().unwrap_or(0) {
            byte @ RARE.. => u64::MAX - u64::from(u8::MAX - byte),
            byte => u64::from(byte),
        }
    }

    fn number(&mut self) -> f64 {
        match self.byte() {
            Some(RAW..) => self.0.split_first_chunk::<8>().map_or(0.5, |(raw, rest)| {
                self.0 = rest;
                f64::from_le_bytes(*raw)
            }),
            Some(byte @ RARE..) => RARE_NUMBERS[usize::from(byte - RARE)],
            Some(byte) => common_number(byte),
            None => 0.0,
        }
    }
}

/// Reads an input.
pub fn parse(data: &[u8]) -> Parsed {
    let mut reader = Reader(data);
    let options = Options(reader.byte().unwrap_or(0));
    let metrics = reader.text();
    let named = metrics.split(';').map(|form| MetricSpec {
        name: form.to_owned(),
        ..MetricSpec::default()
    });
    let systems = (0..options.systems()).map(|at| System {
        name: format!("s{at}"),
        source: None,
    });
    let mut parsed = Parsed {
        kind: Some(options.kind()),
        spec: EvaluationSpec {
            systems: systems.collect(),
            metrics: named.collect(),
            statistics: Some(options.statistics()),
            row_report: options.row_report(),
            analysis: options.numbers_rows().then_some(ANALYSIS),
            unknown_labels: options.unknown_labels(),
            slices: options.slices(),
            ..EvaluationSpec::default()
        },
        rows: vec![Instance::default()],
    };
    while let Some(byte) = reader.byte() {
        let tag = Tag::ALL[usize::from(byte) % Tag::ALL.len()];
        parsed.record(tag, &mut reader);
    }
    if options.numbers_rows() {
        for (at, row) in parsed.rows.iter_mut().enumerate() {
            row.id = format!("{at}{}", row.id);
        }
    }
    parsed
}

impl Parsed {
    fn record(&mut self, tag: Tag, reader: &mut Reader<'_>) {
        if tag == Tag::Row {
            self.rows.push(Instance::default());
            return;
        }
        if tag == Tag::Class {
            return self.spec.classes.push(reader.text());
        }
        let Some(row) = self.rows.last_mut() else {
            return;
        };
        match tag {
            Tag::Prediction => row.predictions.push(Prediction::default()),
            Tag::Reference => row.references.push(reader.text()),
            Tag::WrongReference => row.wrong_references.push(reader.text()),
            Tag::ReferenceTokens => row.reference_tokens.push(Tokens::default()),
            Tag::ReferenceToken => {
                let token = reader.text();
                if let Some(list) = row.reference_tokens.last_mut() {
                    list.tokens.push(token);
                }
            }
            Tag::Label => row.labels.push(reader.text()),
            Tag::Value => row.value = Some(reader.number()),
            Tag::Choice => row.choices.push(Choice {
                correct: reader.byte().is_some_and(|byte| byte & 1 == 1),
                text: reader.text(),
            }),
            Tag::HumanLabel => row.human_labels.push(reader.text()),
            Tag::Weight => row.weight = Some(reader.number()),
            Tag::Id => row.id = reader.text(),
            Tag::Sample => row.sample = u32::from(reader.byte().unwrap_or(0)),
            Tag::Cluster => row.cluster = reader.text(),
            _ => answer(tag, &mut row.predictions, reader),
        }
    }

    /// The bytes of the request with these rows of it.
    pub fn encode(&self, rows: &[Instance]) -> Vec<u8> {
        let (spec, instances) = (Some(self.spec.clone()), rows.to_vec());
        match self.kind {
            Some(RequestKind::Compare) => CompareRequest {
                spec,
                instances,
                baseline: String::new(),
                gate: None,
                forgetting: None,
            }
            .encode_to_vec(),
            _ => EvaluateRequest { spec, instances }.encode_to_vec(),
        }
    }
}

/// What a system said.
fn answer(tag: Tag, predictions: &mut Vec<Prediction>, reader: &mut Reader<'_>) {
    if predictions.is_empty() {
        predictions.push(Prediction::default());
    }
    let Some(answer) = predictions.last_mut() else {
        return;
    };
    match tag {
        Tag::Text => answer.text = Some(reader.text()),
        Tag::Token => answer.tokens.push(reader.text()),
        Tag::PredictedLabel => answer.labels.push(reader.text()),
        Tag::ClassScore => answer.class_scores.push(reader.number()),
        Tag::PredictedValue => answer.value = Some(reader.number()),
        Tag::TokenLogprob => answer.token_logprobs.push(reader.number()),
        Tag::ChoiceScore => answer.choice_scores.push(reader.number()),
        Tag::NoAnswerScore => answer.no_answer_score = Some(reader.number()),
        Tag::Score => {
            let name = reader.text();
            answer.scores.insert(name, reader.number());
        }
        _ => took(tag, answer.usage.get_or_insert_default(), reader),
    }
}

/// What an answer took.
fn took(tag: Tag, usage: &mut Usage, reader: &mut Reader<'_>) {
    match tag {
        Tag::Latency => usage.latency_seconds = Some(reader.number()),
        Tag::InputTokens => usage.input_tokens = Some(reader.integer()),
        Tag::OutputTokens => usage.output_tokens = Some(reader.integer()),
        Tag::Cost => usage.cost = Some(reader.number()),
        _ => {}
    }
}

/// Writes an input; the other way round of [`parse`].
#[derive(Debug)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    /// Begins with options and metrics.
    pub fn new(options: u8, metrics: &str) -> Self {
        let mut writer = Self(vec![options]);
        writer.text(metrics);
        writer
    }

    /// A tag alone.
    pub fn tag(&mut self, tag: Tag) -> &mut Self {
        self.0.push(tag as u8);
        self
    }

    /// A text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(BREAK);
        self
    }

    /// A number.
    pub fn number(&mut self, number: f64) -> &mut Self {
        let common = (0..RARE).find(|byte| common_number(*byte) == number);
        if let Some(byte) = common {
            self.0.push(byte);
        } else {
            self.0.push(RAW);
            self.0.extend(number.to_le_bytes());
        }
        self
    }
}
