//! The positive class of binary metrics: never guessed.

use crate::error::Result;
use crate::metrics::{ParamKind, ParamSpec, Params};

/// The parameter that names it.
pub const POSITIVE_LABEL: ParamSpec = ParamSpec {
    name: "positive_label",
    summary: "The positive class of binary averaging; without it the labels must be 0 and 1 or false and true.",
    kind: ParamKind::Text,
};

/// The positive class, named or known from labels that are truth values.
#[derive(Debug, Clone)]
pub struct Positive {
    named: Option<String>,
}

impl Positive {
    /// From the parameter [`POSITIVE_LABEL`].
    pub fn of(params: &Params) -> Self {
        let name = params.text(POSITIVE_LABEL.name);
        Self {
            named: (!name.is_empty()).then(|| name.to_owned()),
        }
    }

    /// A label given by name.
    #[cfg(test)]
    pub fn named(label: &str) -> Self {
        Self {
            named: Some(label.to_owned()),
        }
    }

    /// Whether the caller names it.
    pub fn is_named(&self) -> bool {
        self.named.is_some()
    }

    /// Whether a label is the positive class.
    pub fn is(&self, label: &str) -> bool {
        self.named
            .as_ref()
            .map_or_else(|| is_true(label), |named| label == named)
    }

    /// Whether two classes, one of them positive, are what the labels are; else the parameter to change, and why.
    pub fn check(&self, labels: &[&str]) -> std::result::Result<(), (&'static str, String)> {
        let Some(named) = self.named.as_deref() else {
            return if labels.iter().all(|label| is_true(label) || is_false(label)) {
                Ok(())
            } else {
                Err((
                    "average",
                    "the labels are not 0 and 1 or false and true: name an average (macro, micro, weighted) or a \
                     positive_label"
                        .into(),
                ))
            };
        };
        if labels.len() > 2 {
            let classes = labels.len();
            return Err((
                "average",
                format!("there are {classes} classes: binary averaging needs at most two"),
            ));
        }
        if labels.len() == 2 && !labels.contains(&named) {
            return Err((
                POSITIVE_LABEL.name,
                "none of the rows has this label".into(),
            ));
        }
        Ok(())
    }

    /// The place of the positive class among the named classes, if scores are about one class: the caller names
    /// it, or there are two classes.
    pub fn place(&self, params: &Params, classes: &[String]) -> Result<Option<usize>> {
        let found = || classes.iter().position(|class| self.is(class));
        match (self.is_named(), classes.len()) {
            (_, 0) => Ok(None),
            (true, _) => match found() {
                Some(place) => Ok(Some(place)),
                None => {
                    Err(params.error(POSITIVE_LABEL.name, "none of spec.classes is this label"))
                }
            },
            (false, 2)
                if classes
                    .iter()
                    .all(|class| is_true(class) || is_false(class)) =>
            {
                Ok(found())
            }
            (false, 2) => Err(params.error(
                POSITIVE_LABEL.name,
                "the two classes are not 0 and 1 or false and true: say which one is positive",
            )),
            (false, _) => Ok(None),
        }
    }
}

fn is_true(label: &str) -> bool {
    matches!(label, "1" | "true" | "True")
}

fn is_false(label: &str) -> bool {
    matches!(label, "0" | "false" | "False")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_values_need_no_name_and_other_labels_do() {
        let unnamed = Positive { named: None };
        for labels in [
            &["0", "1"][..],
            &["false", "true"],
            &["False", "True"],
            &["1"],
            &[],
        ] {
            assert!(unnamed.check(labels).is_ok(), "{labels:?}");
        }
        for labels in [&["a", "b"][..], &["0", "1", "2"], &["1", "2"]] {
            assert_eq!(
                unnamed.check(labels).unwrap_err().0,
                "average",
                "{labels:?}"
            );
        }
        assert!(unnamed.is("1") && unnamed.is("true") && !unnamed.is("0"));
    }

    #[test]
    fn a_named_label_is_one_of_at_most_two() {
        let named = Positive::named("a");
        assert!(named.check(&["a", "b"]).is_ok() && named.check(&["b"]).is_ok());
        assert_eq!(named.check(&["b", "c"]).unwrap_err().0, "positive_label");
        assert_eq!(named.check(&["a", "b", "c"]).unwrap_err().0, "average");
    }
}
