//! The text form of a slicing: `language`, `language x domain`, `label`, `length(reference)`,
//! `length(input, characters, edges=20|40)`, `contains(reference, "not")`.

use super::{CHARACTERS, Part, Slicing, Source, Unit, WORDS, bare, words_of};
use crate::error::{Error, Result};

/// Crosses two slicings.
const CROSS: &str = " x ";

/// Classes of length, at most.
const MOST_EDGES: usize = 32;

const FORMS: &str = "write a slice key, `label`, `length(reference)`, `length(input, characters, edges=20|40)`, \
                     `contains(reference, \"not\")` or several of these joined by \" x \"; a key that looks like a form \
                     goes in quotes";

/// Reads a text form.
pub fn parse(text: &str, field: &str) -> Result<Slicing> {
    let bad = |problem: &str| Error::invalid("BAD_SLICE", field, format!("{problem}; {FORMS}"));
    if text.chars().any(char::is_control) || text.chars().count() > super::MOST_CHARACTERS {
        return Err(bad("is too long or holds control characters"));
    }
    let parts = split(text, CROSS).ok_or_else(|| bad("a quote or parenthesis is not closed"))?;
    let parts = parts.into_iter().map(|text| part(text.trim()));
    let parts = parts
        .collect::<std::result::Result<Vec<Part>, String>>()
        .map_err(|problem| bad(&problem))?;
    if (1..parts.len()).any(|at| parts[..at].contains(&parts[at])) {
        return Err(bad("crosses the same thing twice"));
    }
    let name: Vec<String> = parts.iter().map(written).collect();
    Ok(Slicing {
        name: name.join(CROSS),
        parts,
    })
}

/// The pieces between separators that stand outside of quotes and parentheses; `None` if one of those is not closed.
fn split<'t>(text: &'t str, separator: &str) -> Option<Vec<&'t str>> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    let (mut quoted, mut depth) = (false, 0_u32);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.checked_sub(1)?,
            _ if !quoted && depth == 0 && at >= start && text[at..].starts_with(separator) => {
                pieces.push(&text[start..at]);
                start = at + separator.len();
            }
            _ => {}
        }
    }
    pieces.push(text.get(start..)?);
    (!quoted && depth == 0).then_some(pieces)
}

fn part(text: &str) -> std::result::Result<Part, String> {
    if let Some(key) = unquoted(text) {
        return if key.is_empty() {
            Err("a key is empty".into())
        } else {
            Ok(Part::Key(key.to_owned()))
        };
    }
    let Some((name, rest)) = text.split_once('(') else {
        return match text {
            "" => Err("names nothing to slice by".into()),
            "label" => Ok(Part::Label),
            key if key.contains(['"', ')']) => Err(format!("`{key}` is no key")),
            key => Ok(Part::Key(key.to_owned())),
        };
    };
    let inner = rest.strip_suffix(')');
    let arguments = inner.and_then(|inner| split(inner, ","));
    let Some(arguments) = arguments else {
        return Err(format!("`{text}` is not a form"));
    };
    let arguments: Vec<&str> = arguments.into_iter().map(str::trim).collect();
    match (name.trim(), &arguments[..]) {
        ("length", [of, rest @ ..]) => length(source(of)?, rest),
        ("contains", [of, words]) => contains(source(of)?, words),
        ("contains", _) => Err("`contains` takes a text of the row and the words to find".into()),
        (name, _) => Err(format!("there is no form `{name}(...)`")),
    }
}

fn unquoted(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('"')).then_some(inner)
}

fn source(word: &str) -> std::result::Result<Source, String> {
    match word {
        "input" => Ok(Source::Input),
        "reference" => Ok(Source::Reference),
        "prediction" => Ok(Source::Prediction),
        other => Err(format!(
            "`{other}` is no text of a row: it has input, reference and prediction"
        )),
    }
}

fn length(of: Source, options: &[&str]) -> std::result::Result<Part, String> {
    let (mut unit, mut edges) = (Unit::Words, None);
    for option in options {
        match *option {
            "words" => unit = Unit::Words,
            "characters" => unit = Unit::Characters,
            other => match other.strip_prefix("edges=") {
                Some(list) => edges = Some(read_edges(list)?),
                None => return Err(format!("`length` has no option `{other}`")),
            },
        }
    }
    let edges = edges.unwrap_or_else(|| default_edges(unit));
    Ok(Part::Length { of, unit, edges })
}

fn default_edges(unit: Unit) -> Vec<u32> {
    match unit {
        Unit::Words => WORDS.into(),
        Unit::Characters => CHARACTERS.into(),
    }
}

fn read_edges(list: &str) -> std::result::Result<Vec<u32>, String> {
    let edges: Option<Vec<u32>> = list
        .split('|')
        .map(|edge| edge.trim().parse().ok())
        .collect();
    let fits = |edges: &Vec<u32>| {
        edges.len() <= MOST_EDGES
            && edges.is_sorted_by(|low, high| low < high)
            && edges.last() < Some(&u32::MAX)
    };
    edges.filter(fits).ok_or_else(|| {
        format!("edges are up to {MOST_EDGES} whole numbers in ascending order, joined by |")
    })
}

fn contains(of: Source, text: &str) -> std::result::Result<Part, String> {
    let words: Vec<String> = words_of(unquoted(text).unwrap_or(text)).map(bare).collect();
    if words.is_empty() || words.iter().any(String::is_empty) {
        return Err("`contains` needs words of letters or digits to find".into());
    }
    Ok(Part::Contains { of, words })
}

/// The canonical form of a part.
fn written(part: &Part) -> String {
    let name = |of: &Source| match of {
        Source::Input => "input",
        Source::Reference => "reference",
        Source::Prediction => "prediction",
    };
    match part {
        Part::Label => "label".into(),
        Part::Key(key) => {
            let plain = key.trim() == key && key != "label" && !key.contains(['(', ')', '"']);
            if plain && !key.contains(CROSS) {
                key.clone()
            } else {
                format!("\"{key}\"")
            }
        }
        Part::Contains { of, words } => format!("contains({}, \"{}\")", name(of), words.join(" ")),
        Part::Length { of, unit, edges } => {
            let unit_name = match unit {
                Unit::Words => "",
                Unit::Characters => ", characters",
            };
            let shown = if *edges == default_edges(*unit) {
                String::new()
            } else {
                let edges: Vec<String> = edges.iter().map(u32::to_string).collect();
                format!(", edges={}", edges.join("|"))
            };
            format!("length({}{unit_name}{shown})", name(of))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_and_written() {
        for (text, canonical) in [
            ("language", "language"),
            (" language  x  domain ", "language x domain"),
            ("label", "label"),
            ("\"label\"", "\"label\""),
            ("\"a x b\" x c", "\"a x b\" x c"),
            ("length(reference)", "length(reference)"),
            ("length( input , words )", "length(input)"),
            (
                "length(prediction,characters,edges=5|9)",
                "length(prediction, characters, edges=5|9)",
            ),
            (
                "contains(reference,\"Not, ever\")",
                "contains(reference, \"not ever\")",
            ),
            (
                "contains(input, not) x task",
                "contains(input, \"not\") x task",
            ),
        ] {
            let slicing = parse(text, "f").unwrap();
            assert_eq!(slicing.name, canonical);
            assert_eq!(parse(&slicing.name, "f").unwrap(), slicing);
        }
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for text in [
            "",
            " x ",
            "a x ",
            "a x a",
            "\"",
            "\"\"",
            "median(reference)",
            "length()",
            "length(label)",
            "length(reference, edges=)",
            "length(reference, edges=5|5)",
            "length(reference, edges=4294967295)",
            "length(reference, quantiles)",
            "contains(reference)",
            "contains(reference, \"...\")",
            "contains(reference, \"a\"",
            "a)",
            "a\u{1f}b",
        ] {
            let error = parse(text, "spec.slices[0].by").expect_err(text);
            assert_eq!(
                (error.reason, &*error.violations[0].field),
                ("BAD_SLICE", "spec.slices[0].by")
            );
        }
    }
}
