//! `gamesockets cert`: an authority of one's own, and certificates from it.

use crate::exit::{Code, Failure};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use clap::{Args, Subcommand};
use gamesockets_crypto::cert::{IssueError, Template, bundle, issue, issue_root};
use gamesockets_crypto::sign::{KeyTextError, SigningKey, key_id, public_to_openssh};
use gamesockets_crypto::text::encode_cert;
use gamesockets_wire::Identity;
use gamesockets_wire::msg::Message as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use thiserror::Error;

const DAY_SECONDS: u32 = 86_400;
/// Bytes of a key file that are looked at.
const KEY_FILE_BYTES_MAX: u64 = 16 * 1024;

const AFTER_HELP: &str = "\
Files: ca.key (secret) and ca.pub of an authority in OpenSSH form, ca.cert its own certificate;
NAME.key (secret), NAME.cert of a peer, NAME.bundle (secret) both in one.

Examples:
  gamesockets cert ca new --out ca
  gamesockets cert issue --ca ca --identity str:ada --out ada
  gamesockets cert issue --ca ca --identity steamid:76561197960287930 --app 480 --days 2 --out player";

/// Makes an authority, and issues certificates.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct CertArgs {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The authority
    Ca {
        #[command(subcommand)]
        part: CaPart,
    },
    /// Issues a certificate with a new key
    Issue(IssueArgs),
}

#[derive(Debug, Subcommand)]
enum CaPart {
    /// Makes an authority: a key, its public half, and a certificate for it
    New(NewArgs),
}

#[derive(Debug, Args)]
struct NewArgs {
    /// Folder for ca.key, ca.pub and ca.cert
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Validity in days
    #[arg(long, default_value_t = 3650, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
struct IssueArgs {
    /// Folder of the authority
    #[arg(long, value_name = "DIR")]
    ca: PathBuf,
    /// Whose certificate it is, for example str:ada
    #[arg(long)]
    identity: Identity,
    /// Application ids it is good for; 0 for programs that have none
    #[arg(long, value_name = "ID", default_value = "0")]
    app: Vec<u32>,
    /// Validity in days
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// Where to: NAME.key and NAME.cert are written
    #[arg(long, value_name = "NAME")]
    out: PathBuf,
    /// Write NAME.bundle too: certificate and key in one
    #[arg(long)]
    bundle: bool,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

/// Why no certificate came about.
#[derive(Debug, Error)]
enum CertCommandError {
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{0} exists already; name another place or use --force")]
    Exists(PathBuf),
    #[error("{path}: {source}")]
    Key { path: PathBuf, source: KeyTextError },
    #[error(transparent)]
    Issue(#[from] IssueError),
    #[error("the system gave no random numbers")]
    Entropy,
    #[error("the clock of this machine is outside the years that certificates know; set it right")]
    Clock,
}

impl From<CertCommandError> for Failure {
    fn from(error: CertCommandError) -> Self {
        let code = match error {
            CertCommandError::File { .. } | CertCommandError::Exists(_) | CertCommandError::Key { .. } => {
                Code::File
            }
            CertCommandError::Issue(_) => Code::Usage,
            CertCommandError::Entropy | CertCommandError::Clock => Code::Failed,
        };
        Self::new(code, error)
    }
}

pub(crate) fn run(args: &CertArgs) -> Result<(), Failure> {
    match &args.part {
        Part::Ca { part: CaPart::New(args) } => new_authority(args)?,
        Part::Issue(args) => issue_one(args)?,
    }
    Ok(())
}

fn new_authority(args: &NewArgs) -> Result<(), CertCommandError> {
    let key = new_key()?;
    let (created, expires) = validity(args.days)?;
    let template = Template { created, expires, ..Template::default() };
    let cert = issue_root(&key, &template)?;
    fs::create_dir_all(&args.out)
        .map_err(|source| CertCommandError::File { path: args.out.clone(), source })?;
    write(&args.out.join("ca.key"), &key.to_openssh("gamesockets authority"), true, args.force)?;
    let public = public_to_openssh(&key.public(), "gamesockets authority");
    write(&args.out.join("ca.pub"), &format!("{public}\n"), false, args.force)?;
    write(&args.out.join("ca.cert"), &encode_cert(&cert.encode_to_vec()), false, args.force)?;
    println!("authority {:016x} in {}", key_id(&key.public()), args.out.display());
    Ok(())
}

fn issue_one(args: &IssueArgs) -> Result<(), CertCommandError> {
    let authority = read_key(&args.ca.join("ca.key"))?;
    let key = new_key()?;
    let (created, expires) = validity(args.days)?;
    let template = Template {
        identity: Some(args.identity.clone()),
        app_ids: args.app.clone(),
        created,
        expires,
        ..Template::default()
    };
    let cert = issue(&authority, &key.public(), &template)?;
    let beside = |end: &str| {
        let mut path = args.out.clone().into_os_string();
        path.push(end);
        PathBuf::from(path)
    };
    write(&beside(".key"), &key.to_openssh(&args.identity.to_string()), true, args.force)?;
    write(&beside(".cert"), &encode_cert(&cert.encode_to_vec()), false, args.force)?;
    if args.bundle {
        write(&beside(".bundle"), &encode_cert(&bundle(&cert, &key)), true, args.force)?;
    }
    println!("certificate of {} by authority {:016x}", args.identity, key_id(&authority.public()));
    Ok(())
}

fn new_key() -> Result<SigningKey, CertCommandError> {
    let mut seed = [0; 32];
    SystemRandom::new().fill(&mut seed).map_err(|_| CertCommandError::Entropy)?;
    Ok(SigningKey::from_seed(seed))
}

fn read_key(path: &Path) -> Result<SigningKey, CertCommandError> {
    let file = |source| CertCommandError::File { path: path.to_owned(), source };
    if fs::metadata(path).map_err(file)?.len() > KEY_FILE_BYTES_MAX {
        return Err(file(io::Error::other("is too large for a key")));
    }
    let text = fs::read_to_string(path).map_err(file)?;
    SigningKey::from_openssh(&text).map_err(|source| CertCommandError::Key { path: path.to_owned(), source })
}

fn validity(days: u32) -> Result<(u32, u32), CertCommandError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| CertCommandError::Clock)?;
    let created = u32::try_from(now.as_secs()).map_err(|_| CertCommandError::Clock)?;
    let expires = created.saturating_add(days.saturating_mul(DAY_SECONDS));
    Ok((created, expires))
}

/// Writes a file; a secret one is readable for its owner only, from the first moment on.
fn write(path: &Path, text: &str, secret: bool, force: bool) -> Result<(), CertCommandError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => CertCommandError::Exists(path.to_owned()),
        _ => CertCommandError::File { path: path.to_owned(), source },
    };
    if force
        && let Err(e) = fs::remove_file(path)
        && e.kind() != io::ErrorKind::NotFound
    {
        return Err(failed(e));
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}
