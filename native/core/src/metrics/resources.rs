//! What the operator gives and metrics name: files, such as word lists and tokenizer models, and models of the server.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::text::sentencepiece::SentencePiece;

/// Characters of the digest that signatures carry: 48 bits.
const SHOWN: usize = 12;

/// A tokenizer model once it was asked for, or why the resource is none.
type Tokenizer = OnceLock<Result<Arc<SentencePiece>, String>>;

/// One file, or the files of one folder.
#[derive(Debug, Clone)]
pub struct Resource {
    name: String,
    digest: String,
    files: Vec<(String, Vec<u8>)>,
    tokenizer: Tokenizer,
}

impl Resource {
    /// From files with their names; the digest covers both, in the order of the names.
    pub fn new(name: impl Into<String>, mut files: Vec<(String, Vec<u8>)>) -> Self {
        files.sort();
        let mut hasher = Sha256::new();
        for (name, content) in &files {
            for part in [name.as_bytes(), content] {
                hasher.update((part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
        let mut digest = String::with_capacity(64);
        for byte in hasher.finalize() {
            let _ = write!(digest, "{byte:02x}");
        }
        Self {
            name: name.into(),
            digest,
            files,
            tokenizer: Tokenizer::new(),
        }
    }

    /// The name that metrics use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The files: name and content, by name.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|(name, content)| (name.as_str(), content.as_slice()))
    }

    /// Digest (sha256, hex) of names and contents.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The file as a `SentencePiece` model, read once for all calls. The error says what is wrong, in words.
    pub fn sentencepiece(&self) -> Result<Arc<SentencePiece>, String> {
        let read = || match self.files.as_slice() {
            [(_, content)] => SentencePiece::read(content).map(Arc::new),
            _ => Err("it is no SentencePiece model, but a folder of several files".to_owned()),
        };
        self.tokenizer.get_or_init(read).clone()
    }

    /// The name with the beginning of the digest, as signatures carry it.
    pub fn signed_name(&self) -> String {
        format!("{}@{}", self.name, &self.digest[..SHOWN])
    }
}

/// The resources of a process, by name.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    by_name: BTreeMap<String, Arc<Resource>>,
    models: BTreeMap<String, String>,
}

impl Resources {
    /// Adds a resource; one of the same name is replaced.
    pub fn add(&mut self, resource: Resource) {
        self.by_name
            .insert(resource.name.clone(), Arc::new(resource));
    }

    /// The same files beside these models: alias, and digest (hex) of what shapes the model's answers.
    #[must_use]
    pub fn with_models(&self, models: BTreeMap<String, String>) -> Self {
        Self {
            by_name: self.by_name.clone(),
            models,
        }
    }

    /// The alias of a model as signatures carry it. One that is not known here stays as it is: only who runs models can
    /// say that there is none. The error says what is wrong, in words.
    pub fn find_model(&self, written: &str) -> Result<String, String> {
        let (alias, digest) = written.split_once('@').unwrap_or((written, ""));
        let Some(known) = self.models.get(alias) else {
            return Ok(written.to_owned());
        };
        let signed = format!("{alias}@{}", &known[..known.len().min(SHOWN)]);
        if digest.is_empty() || signed == written {
            return Ok(signed);
        }
        Err(format!(
            "the model is another one here, or gives other embeddings: it is {signed}"
        ))
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.by_name.values().map(AsRef::as_ref)
    }

    /// The resource of a name, or of a name with digest. The error says what is wrong, in words.
    pub fn find(&self, written: &str) -> Result<&Resource, String> {
        let (name, digest) = written.split_once('@').unwrap_or((written, ""));
        let Some(found) = self.by_name.get(name) else {
            let known: Vec<&str> = self.by_name.keys().map(String::as_str).collect();
            return Err(if known.is_empty() {
                "no resources are set up; the operator names them in the settings".into()
            } else {
                format!(
                    "there is no resource of this name; there are {}",
                    known.join(", ")
                )
            });
        };
        if digest.is_empty() || found.signed_name() == written {
            return Ok(found);
        }
        Err(format!(
            "the resource has another content here: it is {}",
            found.signed_name()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_signed_where_they_are_known() {
        let resources = Resources::default();
        assert_eq!(resources.find_model("mini"), Ok("mini".into()));
        assert_eq!(resources.find_model("mini@aa"), Ok("mini@aa".into()));
        let digest = "0123456789abcdef".to_owned();
        let resources = resources.with_models([("mini".to_owned(), digest)].into());
        assert_eq!(resources.find_model("mini"), Ok("mini@0123456789ab".into()));
        assert_eq!(
            resources.find_model("mini@0123456789ab"),
            Ok("mini@0123456789ab".into())
        );
        let other = resources.find_model("mini@aa").unwrap_err();
        assert!(other.contains("it is mini@0123456789ab"), "{other}");
    }

    #[test]
    fn a_digest_in_the_name_must_fit() {
        let file = |text: &str| vec![("words.txt".to_owned(), text.as_bytes().to_vec())];
        let mut resources = Resources::default();
        assert!(resources.find("stop").unwrap_err().contains("no resources"));
        resources.add(Resource::new("stop", file("a\nthe")));
        let signed = resources.find("stop").expect("it is there").signed_name();
        assert_eq!(
            resources.find(&signed).expect("the same").signed_name(),
            signed
        );
        resources.add(Resource::new("stop", file("a\nan")));
        assert!(
            resources
                .find(&signed)
                .unwrap_err()
                .contains("another content")
        );
        assert!(
            resources
                .find("stup")
                .unwrap_err()
                .contains("there are stop")
        );
    }
}
