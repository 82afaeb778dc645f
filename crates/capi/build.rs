//! Gives the shared library the name that programs look for, and chooses the generation of the interface.

/// Which generation to build: `1.4`, or nothing for 1.5 and later.
const VARIABLE: &str = "GAMESOCKETS_ABI";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    println!("cargo:rustc-check-cfg=cfg(abi_1_4)");
    // Set by `./x sanitize`.
    println!("cargo:rustc-check-cfg=cfg(thread_sanitizer)");
    match std::env::var(VARIABLE).unwrap_or_default().as_str() {
        "" | "1.5" => {}
        "1.4" => println!("cargo:rustc-cfg=abi_1_4"),
        other => println!("cargo:error={VARIABLE} is `{other}`; it can be 1.4, 1.5 or empty"),
    }
    let linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    if linux {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libGameNetworkingSockets.so");
    }
}
