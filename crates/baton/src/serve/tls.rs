//! The certificate of the port: read from files, and read again when they change.

use crate::config::sections::TlsSection;
use anyhow::{Context, bail};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
const LOOKING: Duration = Duration::from_secs(5);

/// The certificate in force.
#[derive(Debug)]
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    /// What the files were when they were last read, good or bad.
    seen: AtomicU64,
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file can't be read or holds the wrong thing, and what was expected.
    pub fn load(section: &TlsSection) -> anyhow::Result<Self> {
        let (certificate, key) = (section.certificate.clone(), section.key.clone());
        let read = Files::read(&certificate, &key)?;
        let current = read.certified(&certificate, &key)?;
        Ok(Self { certificate, key, seen: AtomicU64::new(read.mark()), current: RwLock::new(Arc::new(current)) })
    }

    /// Reads the files again; whether another certificate is in force now.
    ///
    /// # Errors
    /// As for [`Certificates::load`], once for each new content: the certificate before stays in force.
    pub fn refresh(&self) -> anyhow::Result<bool> {
        let read = Files::read(&self.certificate, &self.key)?;
        let mark = read.mark();
        if self.seen.swap(mark, Ordering::Relaxed) == mark {
            return Ok(false);
        }
        let next = Arc::new(read.certified(&self.certificate, &self.key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(true)
    }

    /// What makes connections of streams: HTTP/2 and HTTP/1.1, as the client prefers.
    pub fn acceptor(self: Arc<Self>) -> TlsAcceptor {
        let versions = ServerConfig::builder_with_protocol_versions(rustls::ALL_VERSIONS);
        let mut config = versions.with_no_client_auth().with_cert_resolver(self);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Reads the files again whenever they change, and at SIGHUP.
pub async fn keep_fresh(certificates: Arc<Certificates>) {
    let mut hangups = Hangups::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOKING) => {}
            () = hangups.next() => {}
        }
        let reading = Arc::clone(&certificates);
        match tokio::task::spawn_blocking(move || reading.refresh()).await {
            Ok(Ok(true)) => tracing::info!("another certificate is in force"),
            Ok(Ok(false)) | Err(_) => {}
            Ok(Err(error)) => tracing::warn!(
                error = format!("{error:#}"),
                "the new certificate is of no use; the one before stays in force"
            ),
        }
    }
}

/// The two files as they are.
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    fn read(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let read = |what: &str, path: &Path| {
            std::fs::read(path).with_context(|| format!("server.tls.{what}: `{}` can't be read", path.display()))
        };
        Ok(Self { certificate: read("certificate", certificate)?, key: read("key", key)? })
    }

    fn mark(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.certificate, &self.key).hash(&mut hasher);
        hasher.finish()
    }

    fn certified(&self, certificate: &Path, key: &Path) -> anyhow::Result<CertifiedKey> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let Some(chain) = chain else {
            bail!("server.tls.certificate: `{}` holds no certificate: expected PEM", certificate.display());
        };
        let Ok(secret) = PrivateKeyDer::from_pem_slice(&self.key) else {
            bail!("server.tls.key: `{}` holds no private key: expected PEM without a password", key.display());
        };
        CertifiedKey::from_der(chain, secret, &crypto()).map_err(|error| match error {
            Error::InconsistentKeys(_) => anyhow::anyhow!(
                "server.tls.key: the key in `{}` does not belong to the certificate in `{}`",
                key.display(),
                certificate.display()
            ),
            error => anyhow::anyhow!("server.tls: the certificate or its key is of no use: {error}"),
        })
    }
}

fn crypto() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

/// The SIGHUPs that come, where there is such a thing.
struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    fn new() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok(),
        }
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal {
            signal.recv().await;
            return;
        }
        std::future::pending().await
    }
}
