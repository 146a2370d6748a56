//! What the fuzz targets share: how bytes become texts and rows, and what must hold of every result.

pub mod call;
pub mod forms;
pub mod paths;
pub mod pieces;
pub mod rows;
pub mod states;
pub mod texts;
