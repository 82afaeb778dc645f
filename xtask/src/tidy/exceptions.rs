//! The one list of exceptions from the house rules. Each has a reason; one that is no longer needed
//! is itself a finding.

/// Which limit an exception lifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// Lines of a file.
    File,
    /// Lines of a function.
    Function,
    /// Lines of a crate.
    Crate,
}

/// One thing that may be longer than the rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Which rule.
    pub(super) limit: Limit,
    /// The file, or the crate's folder.
    pub(super) path: &'static str,
    /// The function's name; empty for the other limits.
    pub(super) name: &'static str,
    /// How long it may be instead.
    pub(super) lines_max: usize,
    /// Why cutting it up would make it worse.
    pub(super) reason: &'static str,
}

/// Files, functions and crates that may be longer.
pub(super) const SIZES: &[Size] = &[
    Size {
        limit: Limit::Crate,
        path: "crates/cli",
        name: "",
        lines_max: 9000,
        reason: "the command; its largest part, the measurements, is one folder that nothing else of it uses",
    },
    Size {
        limit: Limit::Crate,
        path: "crates/proto",
        name: "",
        lines_max: 9000,
        reason: "one connection; its largest part, the estimation of bandwidth, is behind a trait in a folder of its own",
    },
];

/// A file that may hold `unsafe`, and what for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unsafe {
    /// The leaf file.
    pub(super) path: &'static str,
    /// What it does that cannot be said otherwise.
    pub(super) reason: &'static str,
}

/// Files that may hold `unsafe`.
pub(super) const UNSAFE: &[Unsafe] = &[
    Unsafe {
        path: "crates/reference/src/library.rs",
        reason: "tests and measurements call the C interface of the reference library, which is loaded at run time",
    },
    Unsafe {
        path: "crates/capi/src/ffi/ptr.rs",
        reason: "reads and writes where the pointers of a C program lead to",
    },
    Unsafe {
        path: "crates/capi/src/ffi/message.rs",
        reason: "messages are owned by C and by us in turn, which no type of Rust can say",
    },
    Unsafe { path: "crates/capi/src/ffi/callbacks.rs", reason: "calls functions of a C program" },
    Unsafe {
        path: "crates/capi/src/ffi/objects.rs",
        reason: "lays out C++ objects, and calls methods of those that a program made",
    },
    Unsafe { path: "crates/capi/src/ffi/export.rs", reason: "the one macro that exports functions to C" },
    Unsafe { path: "crates/capi/tests/capi/c.rs", reason: "tests call the C interface as C does" },
    Unsafe { path: "crates/capi/examples/cost.rs", reason: "measures the C interface beside the Rust API" },
    Unsafe {
        path: "crates/godot/src/api/raw.rs",
        reason: "constants in groups, and defaults of own argument types, have no safe form",
    },
    Unsafe {
        path: "crates/godot/src/api/record.rs",
        reason: "a dictionary for each message: the safe form takes twice as long",
    },
    Unsafe {
        path: "crates/godot/src/peer/virtuals.rs",
        reason: "functions that the engine calls for each packet: the safe form borrows the object each time",
    },
    Unsafe {
        path: "crates/godot/src/entry.rs",
        reason: "the entry point of an extension is declared unsafe, and ours calls godot-rust's",
    },
    Unsafe {
        path: "crates/godot/src/varcall.rs",
        reason: "stands between the engine and godot-rust's way of passing arguments, through C function pointers",
    },
    Unsafe {
        path: "bench/peers/src/libraries/gns/ffi.rs",
        reason: "measures the reference library through its C interface, which is loaded at run time",
    },
    Unsafe {
        path: "bench/common/src/batch.rs",
        reason: "system calls for many datagrams at once have no safe form without an allocation each",
    },
];

/// Crates that name their own `rust-version`: the bindings of Godot need a newer compiler, which nothing else has to
/// wait for.
pub(super) const OWN_COMPILERS: &[&str] = &["crates/godot"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_has_a_reason() {
        let reasons = SIZES.iter().map(|size| size.reason).chain(UNSAFE.iter().map(|file| file.reason));
        assert!(reasons.into_iter().all(|reason| reason.len() >= 20));
    }

    #[test]
    fn only_functions_have_names() {
        assert!(SIZES.iter().all(|size| (size.limit == Limit::Function) != size.name.is_empty()));
    }
}
