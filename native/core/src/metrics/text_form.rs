//! The one text form of a metric: `rouge_l(profile=google,stemmer=true)`, in requests, on the command
//! line and in signatures. A signature adds `|unicode:..|evald:..` and can be pasted back.

use super::params::ParamValue;
use crate::error::{Error, Result};
use crate::text::UNICODE_VERSION;

/// Version of evald, part of every signature.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a signature of this build ends with, for a definition that rests on these versions of Unicode.
pub fn signature_suffix(unicode: &str) -> String {
    format!("|unicode:{unicode}|evald:{VERSION}")
}

/// A metric as written: name and parameters, the profile among them.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The name before the parentheses.
    pub name: String,
    /// Parameters in the order written.
    pub params: Vec<(String, ParamValue)>,
    /// The versions of Unicode of a signature; empty if the suffix is left out.
    pub unicode: String,
}

/// Reads the text form. `field` is the path for errors.
pub fn parse(text: &str, field: &str) -> Result<Written> {
    let (definition, suffix) =
        text.split_at(outside_quotes(text, '|').next().unwrap_or(text.len()));
    let unicode = read_suffix(suffix, field)?;
    let definition = definition.trim();
    let Some((name, rest)) = definition.split_once('(') else {
        return Ok(Written {
            name: definition.to_owned(),
            params: Vec::new(),
            unicode,
        });
    };
    let Some(inside) = rest.strip_suffix(')') else {
        return Err(bad_form(field, "the closing parenthesis is missing"));
    };
    let mut params: Vec<(String, ParamValue)> = Vec::new();
    for part in split_arguments(inside) {
        let Some((key, value)) = part.split_once('=') else {
            return Err(bad_form(field, "write every parameter as name=value"));
        };
        let key = key.trim().to_owned();
        if params.iter().any(|(known, _)| *known == key) {
            return Err(bad_form(field, "a parameter is written twice"));
        }
        params.push((key, parse_value(value.trim(), field)?));
    }
    Ok(Written {
        name: name.trim().to_owned(),
        params,
        unicode,
    })
}

/// The versions of Unicode that a signature names.
fn read_suffix(suffix: &str, field: &str) -> Result<String> {
    if suffix.is_empty() {
        return Ok(String::new());
    }
    let ours = suffix.trim().strip_suffix(VERSION);
    let unicode = ours
        .and_then(|rest| rest.strip_suffix("|evald:"))
        .and_then(|rest| rest.strip_prefix("|unicode:"));
    unicode
        .map(str::to_owned)
        .ok_or_else(|| other_version(UNICODE_VERSION, field))
}

/// A signature made by another version names another definition: it is refused, as nobody can guess what is meant.
pub fn other_version(unicode: &str, field: &str) -> Error {
    Error::invalid(
        "SIGNATURE_VERSION",
        field,
        format!(
            "this signature was made by another version (here: {}); drop the part from the first '|' on to \
             use this version's definition",
            signature_suffix(unicode)
        ),
    )
}

fn bad_form(field: &str, problem: &str) -> Error {
    Error::invalid(
        "BAD_METRIC_FORM",
        field,
        format!("{problem}; the form is name(parameter=value,...)"),
    )
}

/// Where a character stands outside of quotes.
fn outside_quotes(text: &str, wanted: char) -> impl Iterator<Item = usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().filter_map(move |(at, c)| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == wanted && !quoted => return Some(at),
            _ => {}
        }
        None
    })
}

/// Splits at commas outside of quotes. A quote that is not closed is found when its value is read.
fn split_arguments(inside: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for comma in outside_quotes(inside, ',') {
        parts.push(&inside[start..comma]);
        start = comma + 1;
    }
    if !inside.trim().is_empty() {
        parts.push(&inside[start..]);
    }
    parts
}

fn parse_value(text: &str, field: &str) -> Result<ParamValue> {
    if let Some(quoted) = text.strip_prefix('"') {
        let inner = quoted
            .strip_suffix('"')
            .ok_or_else(|| bad_form(field, "a quote is not closed"))?;
        return unescape(inner, field).map(ParamValue::Text);
    }
    if text.is_empty() {
        return Err(bad_form(field, "a parameter has no value"));
    }
    Ok(read_value(text))
}

/// Reads a value without quotes.
pub fn read_value(word: &str) -> ParamValue {
    match word {
        "true" => ParamValue::Bool(true),
        "false" => ParamValue::Bool(false),
        word => match word.parse::<f64>() {
            // 13a and nan are words; 1e3 and 0.5 are numbers.
            Ok(number) if number.is_finite() => ParamValue::Number(number),
            _ => ParamValue::Text(word.to_owned()),
        },
    }
}

/// Undoes the escapes that `ParamValue::canonical` writes.
fn unescape(inner: &str, field: &str) -> Result<String> {
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some(c @ ('"' | '\\')) => out.push(c),
            _ => {
                return Err(bad_form(
                    field,
                    "inside quotes only \\\" and \\\\ are escapes",
                ));
            }
        }
    }
    Ok(out)
}

/// Writes the text form; parameters sorted by name.
pub fn write<'n, 'v>(
    name: &str,
    params: impl Iterator<Item = (&'n str, &'v ParamValue)>,
) -> String {
    let mut written: Vec<String> = params
        .filter(|(_, value)| !matches!(value, ParamValue::Text(word) if word.is_empty()))
        .map(|(key, value)| format!("{key}={}", value.canonical()))
        .collect();
    written.sort_unstable();
    if written.is_empty() {
        name.to_owned()
    } else {
        format!("{name}({})", written.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_name_and_parameters() {
        let written = parse("rouge_l( stemmer=true, profile=1.5.5,x=\"a,b\" )", "m").unwrap();
        assert_eq!(written.name, "rouge_l");
        assert_eq!(
            written.params,
            [
                ("stemmer".into(), ParamValue::Bool(true)),
                ("profile".into(), ParamValue::Text("1.5.5".into())),
                ("x".into(), ParamValue::Text("a,b".into())),
            ]
        );
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        for text in [
            "a(b",
            "a(b)",
            "a(b=)",
            "a(b=1,b=2)",
            "a(b=\"x)",
            "a|evald:0.0.0",
            "a|unicode:14.0.0",
            "a|unicode:14.0.0|evald:0.0.0",
        ] {
            assert!(parse(text, "m").is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(words in proptest::collection::btree_map("[a-z_]{1,8}", "\\PC{1,12}", 0..4)) {
            let params: Vec<(String, ParamValue)> =
                words.into_iter().map(|(k, v)| (k, ParamValue::Text(v))).collect();
            let text = write("m", params.iter().map(|(k, v)| (k.as_str(), v)));
            let back = parse(&format!("{text}{}", signature_suffix(UNICODE_VERSION)), "m").unwrap();
            let canonical = |params: &[(String, ParamValue)]| -> Vec<_> {
                params.iter().map(|(k, v)| (k.clone(), v.canonical())).collect()
            };
            prop_assert_eq!(canonical(&back.params), canonical(&params));
        }
    }
}
