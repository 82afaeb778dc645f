//! The instances by their objects, for functions that are called for each message.
//!
//! Borrowing an object from godot-rust takes two locks, two look-ups and a call of the system, which costs more than
//! sending a message does.

use crate::face::Face;
use godot::obj::InstanceId;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};

/// As many as there are objects that were asked for something.
static INSTANCES: RwLock<BTreeMap<InstanceId, Weak<Face>>> = RwLock::new(BTreeMap::new());

/// The object was asked for something.
pub(super) fn add(object: InstanceId, face: &Arc<Face>) {
    INSTANCES.write().unwrap_or_else(PoisonError::into_inner).insert(object, Arc::downgrade(face));
}

/// The object goes.
pub(super) fn remove(object: InstanceId) {
    INSTANCES.write().unwrap_or_else(PoisonError::into_inner).remove(&object);
}

/// The instance of an object that was asked for something before.
pub(super) fn find(object: InstanceId) -> Option<Arc<Face>> {
    INSTANCES.read().unwrap_or_else(PoisonError::into_inner).get(&object)?.upgrade()
}
