//! Verification of the history, with its result as text and as exit code.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use countersign_application::{Finding, Head, HeadsReader, HeadsWriter, VerifyFailure, Witness};
use countersign_domain::{TenantId, TokenId};
use tempfile::NamedTempFile;

use super::{explained, remark, service, write_stdout};
use crate::settings::Settings;

/// Recomputes every chain and compares it with the stored rows, and with the heads of an earlier
/// run.
///
/// # Errors
/// Fails with the store, or with a file that cannot be read or written: that says nothing about the
/// history.
pub(super) async fn verify(
    settings: Settings,
    since: Option<&Path>,
    heads: Option<PathBuf>,
) -> Result<ExitCode> {
    let mut look = Look {
        earlier: since.map(opened).transpose()?,
        heads: HeadsWriter::new(SecretFile::new(heads)?)?,
    };
    let audit = service(settings).await?.audit;
    let verified = audit
        .verify(&mut look)
        .await
        .map_err(|failure| match failure {
            VerifyFailure::Store(failure) => explained(failure),
            witness @ VerifyFailure::Witness(_) => witness.into(),
        })?;
    if verified.findings > 0 {
        // The heads of an earlier run are worth more than the current ones.
        return Ok(ExitCode::FAILURE);
    }
    let (kept, digest) = look.heads.finish()?;
    kept.persist()?;
    write_stdout(&format!(
        "intact: {} tokens with {} events\nheads: {digest}",
        verified.tokens, verified.events
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn opened(path: &Path) -> Result<HeadsReader<BufReader<File>>> {
    let file = File::open(path).and_then(|file| HeadsReader::new(BufReader::new(file)));
    file.with_context(|| format!("cannot read the heads in {}", path.display()))
}

/// An earlier run and this one.
struct Look {
    earlier: Option<HeadsReader<BufReader<File>>>,
    heads: HeadsWriter<SecretFile>,
}

impl Witness for Look {
    fn earlier(&mut self) -> io::Result<Option<Head>> {
        self.earlier.as_mut().map_or(Ok(None), HeadsReader::read)
    }

    fn intact(&mut self, head: &Head) -> io::Result<()> {
        self.heads.push(head)
    }

    fn found(&mut self, finding: &Finding) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{finding}")
    }

    fn named_earlier(&mut self, tenant: TenantId, token: TokenId) {
        remark(&format!(
            "kept: the name is one that could not be given now; token {token} of tenant {tenant}"
        ));
    }

    fn progress(&mut self, tokens: u64) {
        remark(&format!("{tokens} tokens so far"));
    }
}

/// The destination of the current heads: none, or a new file that replaces the one of that name
/// when it is complete.
enum SecretFile {
    Nowhere,
    In(PathBuf, BufWriter<NamedTempFile>),
}

impl SecretFile {
    fn new(path: Option<PathBuf>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Nowhere);
        };
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
            .with_context(|| format!("cannot write beside {}", path.display()))?;
        Ok(Self::In(path, BufWriter::new(file)))
    }

    fn persist(self) -> Result<()> {
        let Self::In(path, file) = self else {
            return Ok(());
        };
        let named = || format!("cannot write {}", path.display());
        let file = file.into_inner().map_err(io::IntoInnerError::into_error);
        let file = file.with_context(named)?;
        file.as_file().sync_all().with_context(named)?;
        file.persist(&path).map(drop).with_context(named)
    }
}

impl Write for SecretFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Nowhere => Ok(bytes.len()),
            Self::In(_, file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Nowhere => Ok(()),
            Self::In(_, file) => file.flush(),
        }
    }
}
