//! Clusters that are the values of a slice key.

use crate::batch::Batch;

/// The rows with the values of a slice key as clusters, if there is a key; a row without a value keeps its own.
pub fn by_key<'a>(key: &str, batch: &Batch<'a>) -> Option<Batch<'a>> {
    if key.is_empty() {
        return None;
    }
    let mut clustered = batch.clone();
    for (row, instance) in batch.instances.iter().zip(&mut clustered.instances) {
        let value = batch.slice(row, key).unwrap_or_default();
        if !value.is_empty() {
            instance.cluster = value;
        }
    }
    Some(clustered)
}
