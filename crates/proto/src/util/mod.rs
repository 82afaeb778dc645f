//! Containers shared by the sending and the receiving half.

pub mod ranges;
pub mod rope;
