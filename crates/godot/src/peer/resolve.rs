//! Host names, looked up by the engine: its thread waits for the network, not one whose code goes with the extension.

use super::target::Lookup;
use godot::builtin::GString;
use godot::classes::Ip;
use godot::classes::ip::ResolverStatus;
use godot::obj::Singleton;
use std::net::IpAddr;

/// A lookup that goes on, or went on.
struct Item {
    name: String,
    /// Negative if the engine has no place for it.
    id: i32,
}

/// Starts looking a name up.
pub(super) fn lookup(name: &str) -> Lookup {
    let id = Ip::singleton().resolve_hostname_queue_item(name);
    let item = Item { name: name.to_owned(), id };
    Box::new(move || item.look())
}

impl Item {
    fn look(&self) -> Option<Result<Vec<IpAddr>, String>> {
        if self.id < 0 {
            return Some(Err("too many host names are being looked up".to_owned()));
        }
        let resolver = Ip::singleton();
        match resolver.get_resolve_item_status(self.id) {
            ResolverStatus::WAITING => None,
            ResolverStatus::DONE => {
                let found = resolver.get_resolve_item_addresses(self.id);
                let read = |text: GString| text.to_string().parse().ok();
                let found = found.iter_shared().filter_map(|text| text.try_to::<GString>().ok());
                Some(Ok(found.filter_map(read).collect()))
            }
            _ => Some(Err(format!("`{}` cannot be resolved", self.name))),
        }
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        if self.id >= 0 {
            Ip::singleton().erase_resolve_item(self.id);
        }
    }
}
