//! Writes first inputs for every target, made from the golden tables: `seeds FOLDER_OF_TABLES FOLDER_OF_INPUTS`.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use evald_core::metrics::{Entry, ParamKind, REGISTRY};
use evald_fuzz::rows::{Tag, Writer, parse};
use evald_fuzz::states::examples;
use evald_fuzz::texts::BREAK;
use serde_json::Value;

/// Texts of more bytes would make inputs that fuzzers hardly change.
const LONGEST: usize = 600;

/// Pairs that a form of a metric is tried on.
const PAIRS: usize = 4;

type Inputs = BTreeSet<Vec<u8>>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let (Some(tables), Some(out)) = (args.next(), args.next()) else {
        return Err("name the folder of tables and the folder of inputs".into());
    };
    let golden = Golden::read(Path::new(&tables))?;
    let requests = golden.requests();
    let decoded = requests.iter().map(|input| {
        let parsed = parse(input);
        parsed.encode(&parsed.rows)
    });
    let all = [
        ("tokenizers", golden.texts()),
        ("rouge", golden.rows(120)),
        ("bleu", golden.rows(20)),
        ("ter", golden.rows(26)),
        ("state", states()),
        ("decoder", decoded.collect()),
        ("metrics", requests),
    ];
    for (target, inputs) in all {
        let folder = Path::new(&out).join(target);
        fs::create_dir_all(&folder)?;
        for (number, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:05}")), input)?;
        }
        println!("{target}: {} inputs", inputs.len());
    }
    Ok(())
}

/// What the golden tables hold.
#[derive(Default)]
struct Golden {
    /// Predictions with their references.
    pairs: BTreeSet<Vec<String>>,
    /// Forms of metrics with rows, as messages in JSON.
    cases: Vec<(String, Vec<Value>)>,
    /// Forms of metrics alone.
    forms: BTreeSet<String>,
}

impl Golden {
    fn read(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut golden = Self::default();
        for file in fs::read_dir(folder)? {
            let file = file?.path();
            if file
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                golden.add(&serde_json::from_slice(&fs::read(file)?)?);
            }
        }
        Ok(golden)
    }

    fn add(&mut self, file: &Value) {
        for pair in list(&file["pairs"]) {
            let texts = [&pair["prediction"]]
                .into_iter()
                .chain(list(&pair["references"]));
            let texts: Vec<String> = texts.filter_map(Value::as_str).map(str::to_owned).collect();
            if texts.iter().map(String::len).sum::<usize>() <= LONGEST {
                self.pairs.insert(texts);
            }
        }
        for table in list(&file["tables"]) {
            let form = form_of(table);
            for case in list(&table["cases"]).iter().take(PAIRS) {
                self.cases
                    .push((form.clone(), list(&case["rows"]).to_vec()));
            }
            self.forms.insert(form);
        }
    }

    /// Texts, one after the other for each of the checks that the first byte names.
    fn texts(&self) -> Inputs {
        let texts = self.pairs.iter().flatten().zip((0..8).cycle());
        texts
            .map(|(text, check)| [&[check][..], text.as_bytes()].concat())
            .collect()
    }

    /// Pairs, one after the other for each of the forms that the first byte names.
    fn rows(&self, forms: u8) -> Inputs {
        let pairs = self.pairs.iter().zip((0..forms).cycle());
        pairs
            .map(|(texts, form)| [&[form][..], texts.join("\u{0}BREAK").as_bytes()].concat())
            .map(|input| with_breaks(&input))
            .collect()
    }

    /// Every metric with every choice of a parameter on a row that has all fields, and the golden cases.
    fn requests(&self) -> Inputs {
        let mut inputs = Inputs::new();
        let mut forms = self.forms.clone();
        REGISTRY
            .iter()
            .for_each(|entry| add_forms(entry, &mut forms));
        let mut pairs = self.pairs.iter().filter(|texts| texts.len() > 1).cycle();
        for (number, form) in forms.iter().enumerate() {
            let mut writer = Writer::new(number as u8, form);
            for (row, texts) in pairs.by_ref().take(PAIRS).enumerate() {
                full_row(&mut writer, row, texts);
            }
            inputs.insert(writer.0);
        }
        for (number, (form, rows)) in self.cases.iter().enumerate() {
            let mut writer = Writer::new((number as u8) & !1, form);
            rows.iter()
                .take(12)
                .for_each(|row| given_row(&mut writer, row));
            inputs.insert(writer.0);
        }
        inputs
    }
}

/// Puts breaks where the texts were joined.
fn with_breaks(joined: &[u8]) -> Vec<u8> {
    let mark = b"\0BREAK";
    let mut out = Vec::with_capacity(joined.len());
    let mut rest = joined;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(mark) {
            out.push(BREAK);
            rest = tail;
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn form_of(table: &Value) -> String {
    if let Some(written) = table["written"].as_str() {
        return written.to_owned();
    }
    let params = table["params"].as_object().into_iter().flatten();
    let params: Vec<String> = params
        .map(|(name, value)| {
            format!(
                "{name}={}",
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            )
        })
        .collect();
    format!(
        "{}({})",
        table["metric"].as_str().unwrap_or_default(),
        params.join(",")
    )
}

fn add_forms(entry: &Entry, forms: &mut BTreeSet<String>) {
    forms.insert(entry.name.to_owned());
    let mut add = |param: &str, value: &str| {
        forms.insert(format!("{}({param}={value})", entry.name));
        for profile in entry.profiles {
            forms.insert(format!("{}(profile={profile},{param}={value})", entry.name));
        }
    };
    for param in entry.params {
        match param.kind {
            ParamKind::Bool(default) => add(param.name, &(!default).to_string()),
            ParamKind::Int { low, high, .. } => {
                [low, high]
                    .iter()
                    .for_each(|value| add(param.name, &value.to_string()));
            }
            ParamKind::Float { low, high, .. } | ParamKind::OptionalFloat { low, high } => {
                [low, high]
                    .iter()
                    .for_each(|value| add(param.name, &value.to_string()));
            }
            ParamKind::Choice(words) => words.iter().for_each(|word| add(param.name, word)),
            ParamKind::Text => add(param.name, "quality"),
            ParamKind::Resource => add(param.name, "stop"),
            ParamKind::Model => add(param.name, "mini"),
        }
    }
}

/// A row with every field; the texts are a prediction and references.
fn full_row(writer: &mut Writer, row: usize, texts: &[String]) {
    if row == 0 {
        ["a", "b", "c"].iter().for_each(|class| {
            writer.tag(Tag::Class).text(class);
        });
    } else {
        writer.tag(Tag::Row);
    }
    let label = ["a", "b", "c"][row % 3];
    let tags = ["B-PER", "I-PER", "O"];
    for text in &texts[1..] {
        writer.tag(Tag::Reference).text(text);
        writer.tag(Tag::WrongReference).text("quite another one");
    }
    writer.tag(Tag::ReferenceTokens);
    tags.iter().for_each(|tag| {
        writer.tag(Tag::ReferenceToken).text(tag);
    });
    writer.tag(Tag::Label).text(label);
    writer.tag(Tag::Value).number(row as f64);
    for (choice, correct) in [("one", 1), ("two", 0), ("three", 1)] {
        writer.tag(Tag::Choice).0.push(correct);
        writer.text(choice);
    }
    writer.tag(Tag::HumanLabel).text(label);
    writer.tag(Tag::HumanLabel).text("b");
    for system in 0..2 {
        let guess = ["a", "b", "c"][(row * 2 + system) % 3];
        writer.tag(Tag::Prediction).tag(Tag::Text).text(&texts[0]);
        writer.tag(Tag::PredictedLabel).text(guess);
        for at in 0..3 {
            writer.tag(Tag::Token).text(tags[(at + row) % 3]);
            writer
                .tag(Tag::ClassScore)
                .number(if at == row % 3 { 0.75 } else { 0.125 });
            writer.tag(Tag::TokenLogprob).number(-(at as f64) / 8.0);
            writer.tag(Tag::ChoiceScore).number(-(at as f64));
        }
        writer
            .tag(Tag::PredictedValue)
            .number((row * row + system) as f64 / 8.0);
        writer.tag(Tag::NoAnswerScore).number(0.5);
        writer.tag(Tag::Score).text("quality").number(row as f64);
        writer.tag(Tag::Latency).number(0.5);
        writer.tag(Tag::InputTokens).0.push(40);
        writer.tag(Tag::OutputTokens).0.push(row as u8);
        writer.tag(Tag::Cost).number(0.125);
    }
}

/// A row of a golden table.
fn given_row(writer: &mut Writer, row: &Value) {
    writer.tag(Tag::Row);
    texts_of(writer, Tag::Reference, &row["references"]);
    texts_of(writer, Tag::WrongReference, &row["wrong_references"]);
    texts_of(writer, Tag::Label, &row["labels"]);
    texts_of(writer, Tag::HumanLabel, &row["human_labels"]);
    for tokens in list(&row["reference_tokens"]) {
        writer.tag(Tag::ReferenceTokens);
        texts_of(writer, Tag::ReferenceToken, tokens);
    }
    numbers_of(writer, Tag::Value, &row["value"]);
    if let Some(id) = row["id"].as_str() {
        writer.tag(Tag::Id).text(id);
    }
    for answer in list(&row["predictions"]) {
        writer.tag(Tag::Prediction);
        if let Some(text) = answer["text"].as_str() {
            writer.tag(Tag::Text).text(text);
        }
        texts_of(writer, Tag::PredictedLabel, &answer["labels"]);
        texts_of(writer, Tag::Token, &answer["tokens"]);
        numbers_of(writer, Tag::ClassScore, &answer["class_scores"]);
        numbers_of(writer, Tag::PredictedValue, &answer["value"]);
        numbers_of(writer, Tag::TokenLogprob, &answer["token_logprobs"]);
        numbers_of(writer, Tag::NoAnswerScore, &answer["no_answer_score"]);
        for (name, score) in answer["scores"].as_object().into_iter().flatten() {
            writer
                .tag(Tag::Score)
                .text(name)
                .number(score.as_f64().unwrap_or(0.0));
        }
    }
}

fn texts_of(writer: &mut Writer, tag: Tag, texts: &Value) {
    for text in list(texts).iter().filter_map(Value::as_str) {
        writer.tag(tag).text(text);
    }
}

/// One number or a list of them.
fn numbers_of(writer: &mut Writer, tag: Tag, numbers: &Value) {
    let one = numbers.as_f64().into_iter();
    for number in one.chain(list(numbers).iter().filter_map(Value::as_f64)) {
        writer.tag(tag).number(number);
    }
}

/// Real states: whole, and what follows the beginning that they share.
fn states() -> Inputs {
    let mut inputs = Inputs::new();
    for (which, example) in (0..).zip(examples()) {
        let body = &example.state[example.shared..example.state.len() - 4];
        inputs.insert([&[which, 0], &example.state[..]].concat());
        inputs.insert([&[which, 1], body].concat());
        inputs.insert(vec![which, 2]);
        let places = (example.shared as u16..).step_by(5).take(40);
        for at in places {
            let [low, high] = at.to_le_bytes();
            inputs.insert(vec![which, 2, low, high, 0x7f]);
        }
    }
    inputs
}
