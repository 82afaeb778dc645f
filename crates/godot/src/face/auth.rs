//! Proving who we are, and who vouches for others.

use super::{Face, Fault, Outcome, lock};
use gamesockets::cert::{TrustStore, public_from_openssh};

/// The project setting that names authorities.
pub(crate) const ROOTS_SETTING: &str = "gamesockets/trusted_roots";

/// Authorities from public keys as OpenSSH writes them; empty lines and comments are skipped.
pub(super) fn roots(keys: &[String]) -> Result<TrustStore, String> {
    let mut store = TrustStore::new();
    for (at, line) in keys.iter().flat_map(|text| text.lines()).map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        add(&mut store, line).map_err(|why| format!("trusted root {} in {ROOTS_SETTING}: {why}", at + 1))?;
    }
    Ok(store)
}

fn add(store: &mut TrustStore, line: &str) -> Result<(), String> {
    let key = public_from_openssh(line).map_err(|why| why.to_string())?;
    store.add_root(key).map(drop).map_err(|why| why.to_string())
}

impl Face {
    pub(crate) fn init_authentication(&self) -> Outcome<i64> {
        Ok(i64::from(self.context()?.init_authentication() as i32))
    }

    pub(crate) fn authentication_status(&self) -> Outcome<i64> {
        Ok(i64::from(self.context()?.authentication_status().availability as i32))
    }

    pub(crate) fn certificate_request(&self) -> Result<Vec<u8>, String> {
        Ok(self.context()?.certificate_request())
    }

    /// The error is for the caller to read, as the interface has a place for it.
    pub(crate) fn set_certificate(&self, certificate: &[u8]) -> Result<(), String> {
        self.context()?.set_certificate(certificate).map_err(|why| why.to_string())
    }

    /// From now on this authority too vouches for peers, and peers elsewhere have to prove who they are.
    pub(crate) fn add_trusted_root(&self, key: &str) -> Outcome<bool> {
        let context = self.context()?;
        let mut trust = lock(&self.trust);
        let mut more = trust.clone();
        add(&mut more, key.trim()).map_err(|why| Fault::new(&why))?;
        context.set_trust(more.clone());
        *trust = more;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea x";

    #[test]
    fn trusting_somebody_makes_proof_necessary() {
        let face = Face::new(&[]);
        let without_proof = |face: &Face| face.setting(23, 1, 0).unwrap().value.unwrap().as_i32();
        assert_eq!(without_proof(&face), Some(2));
        assert_eq!(face.add_trusted_root(KEY), Ok(true));
        assert_eq!(without_proof(&face), Some(0));
        let face = Face::new(&["# ours".to_owned(), KEY.to_owned()]);
        assert_eq!(without_proof(&face), Some(0));
        assert_eq!(face.setting(52, 1, 0).unwrap().value.unwrap().as_i32(), Some(2));
    }

    #[test]
    fn a_root_that_is_none_stops_everything() {
        let face = Face::new(&["nonsense".to_owned()]);
        assert!(face.create_poll_group().unwrap_err().why.contains("trusted root 1"));
        assert!(Face::new(&[]).add_trusted_root("nonsense").is_err());
    }

    #[test]
    fn there_is_no_authority_to_ask() {
        let face = Face::new(&[]);
        assert_eq!(face.authentication_status(), Ok(-102));
        assert_eq!(face.init_authentication(), Ok(-102));
        assert!(!face.certificate_request().unwrap().is_empty());
        assert!(!face.set_certificate(&[1, 2, 3]).unwrap_err().is_empty());
    }
}
