//! Where the other side's files are: environment variables name them.

use crate::gns::{self, GNS_LIB};
use std::env;
use std::ffi::OsString;
use std::net::{Ipv6Addr, UdpSocket};
use std::path::PathBuf;

/// Its example chat program. It finds its library in the folder of [`GNS_LIB`].
pub(crate) const GNS_CHAT: &str = "GAMESOCKETS_GNS_CHAT";
/// The same library built with another root of trust: the Ed25519 key whose seed is the bytes 0 to 31.
pub(crate) const GNS_AUTH_LIB: &str = "GAMESOCKETS_GNS_AUTH_LIB";

/// What a case cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// [`GNS_LIB`].
    Lib,
    /// [`GNS_CHAT`] and our own command.
    Chat,
    /// [`GNS_AUTH_LIB`].
    AuthLib,
    /// A loopback interface with IPv6.
    Ipv6,
}

impl Need {
    /// Why the case cannot run here, if so.
    pub(crate) fn missing(self) -> Option<String> {
        match self {
            Self::Lib => unset(GNS_LIB),
            Self::AuthLib => unset(GNS_AUTH_LIB),
            Self::Ipv6 => {
                UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).err().map(|e| format!("no IPv6 loopback: {e}"))
            }
            Self::Chat => unset(GNS_LIB).or_else(|| unset(GNS_CHAT)).or_else(|| {
                our_command().is_none().then(|| {
                    "the gamesockets command is not built: cargo build -p gamesockets-cli".to_owned()
                })
            }),
        }
    }
}

fn unset(name: &str) -> Option<String> {
    gns::file(name).err()
}

fn file(name: &str) -> Option<OsString> {
    gns::file(name).ok()
}

pub(crate) fn gns_lib() -> Option<OsString> {
    file(GNS_LIB)
}

pub(crate) fn gns_auth_lib() -> Option<OsString> {
    file(GNS_AUTH_LIB)
}

pub(crate) fn gns_chat() -> Option<OsString> {
    file(GNS_CHAT)
}

/// The `gamesockets` command in the target folder that this test was built into.
pub(crate) fn our_command() -> Option<PathBuf> {
    let test = env::current_exe().ok()?;
    // target/PROFILE/deps/interop-HASH
    let profile = test.parent()?.parent()?;
    let name = format!("gamesockets{}", env::consts::EXE_SUFFIX);
    let beside = profile.join(&name);
    let other = ["debug", "release"].map(|p| profile.parent().map(|target| target.join(p).join(&name)));
    std::iter::once(Some(beside)).chain(other).flatten().find(|path| path.is_file())
}
