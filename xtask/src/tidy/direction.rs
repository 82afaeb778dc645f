//! Dependencies between crates point one way, and some packages stay behind a fence.

use super::Finding;
use crate::repository::Package;

/// A crate and what it may depend on, without dev-dependencies.
type Arrow = (&'static str, &'static [&'static str]);

/// The map of ARCHITECTURE.md, bottom first. A crate may depend only on those listed for it, and
/// those stand above it in this table: so nothing can point up.
const MAP: &[Arrow] = &[
    ("gamesockets-testdata", &[]),
    ("gamesockets-reference", &[]),
    ("gamesockets-wire", &[]),
    ("gamesockets-crypto", &["gamesockets-wire"]),
    ("gamesockets-proto", &["gamesockets-wire", "gamesockets-crypto"]),
    ("gamesockets-ice", &["gamesockets-wire", "gamesockets-crypto"]),
    ("gamesockets-relay-proto", &["gamesockets-wire", "gamesockets-crypto"]),
    (
        "gamesockets-endpoint",
        &[
            "gamesockets-wire",
            "gamesockets-crypto",
            "gamesockets-proto",
            "gamesockets-ice",
            "gamesockets-relay-proto",
        ],
    ),
    (
        "gamesockets-sim",
        &[
            "gamesockets-wire",
            "gamesockets-crypto",
            "gamesockets-proto",
            "gamesockets-ice",
            "gamesockets-relay-proto",
            "gamesockets-endpoint",
        ],
    ),
    ("gamesockets", &["gamesockets-wire", "gamesockets-crypto", "gamesockets-proto", "gamesockets-endpoint"]),
    ("gamesockets-relay", &["gamesockets-wire", "gamesockets-crypto", "gamesockets-relay-proto"]),
    (
        "gamesockets-coordinator",
        &["gamesockets-wire", "gamesockets-crypto", "gamesockets-relay-proto", "gamesockets"],
    ),
    ("gamesockets-capi", &["gamesockets"]),
    ("gamesockets-godot", &["gamesockets"]),
    (
        "gamesockets-cli",
        &[
            "gamesockets-reference",
            "gamesockets-wire",
            "gamesockets-crypto",
            "gamesockets-sim",
            "gamesockets",
        ],
    ),
    ("gamesockets-book", &["gamesockets"]),
    ("xtask", &[]),
];

/// Crates that any other may use for its tests; with the lowest two a test plays the authority that signs.
const FOR_TESTS: &[&str] = &[
    "gamesockets-wire",
    "gamesockets-crypto",
    "gamesockets-sim",
    "gamesockets-testdata",
    "gamesockets-reference",
    "gamesockets",
];

/// Packages from outside that only these crates may use: input, output and the system's randomness
/// stay out of everything below them.
const FENCES: &[Arrow] = &[
    ("axum", &["gamesockets-coordinator"]),
    ("getrandom", &["gamesockets", "gamesockets-cli", "gamesockets-relay", "gamesockets-coordinator"]),
    ("godot", &["gamesockets-godot"]),
    ("libc", &["gamesockets", "gamesockets-capi", "gamesockets-relay"]),
    ("mio", &["gamesockets", "gamesockets-relay", "gamesockets-cli"]),
    ("quinn-udp", &["gamesockets", "gamesockets-relay", "gamesockets-cli"]),
    ("rand", &[]),
    ("socket2", &["gamesockets", "gamesockets-relay"]),
    ("tokio", &["gamesockets-coordinator"]),
];

/// Checks the packages that cargo reports.
pub(super) fn check(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let inside = |name: &str| packages.iter().any(|package| package.name == name);
    for package in packages {
        let Some((_, allowed)) = MAP.iter().find(|(name, _)| *name == package.name) else {
            let message = format!(
                "`{}` has no place in the map: add it to xtask/src/tidy/direction.rs and ARCHITECTURE.md",
                package.name
            );
            findings.push(Finding::new(&package.manifest, 0, message));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let for_tests = dependency.dev && (FOR_TESTS.contains(&name) || !inside(name));
            if inside(name) && !allowed.contains(&name) && !for_tests {
                let message = format!(
                    "`{}` may not depend on `{name}`: dependencies point down (ARCHITECTURE.md)",
                    package.name
                );
                findings.push(Finding::new(&package.manifest, 0, message));
            }
            let fence = FENCES.iter().find(|(fenced, _)| *fenced == name);
            if let Some((_, users)) =
                fence.filter(|(_, users)| !for_tests && !users.contains(&package.name.as_str()))
            {
                let message = match users {
                    [] => {
                        format!("nothing here uses `{name}`: randomness comes from a seed that is passed in")
                    }
                    users => format!("`{name}` is for {} alone", users.join(", ")),
                };
                findings.push(Finding::new(&package.manifest, 0, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Dependency;

    fn package(name: &str, dependencies: &[(&str, bool)]) -> Package {
        let dependency = |(name, dev): &(&str, bool)| Dependency { name: (*name).to_owned(), dev: *dev };
        Package {
            name: name.to_owned(),
            manifest: "crates/a/Cargo.toml".to_owned(),
            dependencies: dependencies.iter().map(dependency).collect(),
            targets: Vec::new(),
        }
    }

    #[test]
    fn the_map_itself_points_down() {
        for (at, (name, allowed)) in MAP.iter().enumerate() {
            let below: Vec<&str> = MAP[..at].iter().map(|(name, _)| *name).collect();
            assert!(allowed.iter().all(|lower| below.contains(lower)), "{name}");
        }
    }

    #[test]
    fn an_arrow_upwards_is_caught() {
        let packages =
            [package("gamesockets-wire", &[("gamesockets-proto", false)]), package("gamesockets-proto", &[])];
        let found = check(&packages);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("`gamesockets-wire` may not depend on `gamesockets-proto`"));
    }

    #[test]
    fn tests_may_use_the_simulator_but_nothing_above_it() {
        let dev = |name| [package("gamesockets-proto", &[(name, true)]), package(name, &[])];
        assert!(check(&dev("gamesockets-sim")).is_empty());
        assert_eq!(check(&dev("gamesockets-cli")).len(), 1);
    }

    #[test]
    fn an_unknown_crate_and_a_fenced_package_are_caught() {
        assert!(check(&[package("gamesockets-new", &[])])[0].message.contains("no place in the map"));
        assert_eq!(check(&[package("gamesockets-endpoint", &[("tokio", false), ("bytes", false)])]).len(), 1);
        assert!(check(&[package("gamesockets-endpoint", &[("tokio", true)])]).is_empty());
        assert_eq!(check(&[package("gamesockets", &[("rand", false), ("mio", false)])]).len(), 1);
    }
}
