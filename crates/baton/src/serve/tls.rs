//! The certificate of the port: read from files, and read again when they change.

use crate::config::sections::TlsSection;
use anyhow::{Context, bail};
use baton_model::Timestamp;
use chrono::{DateTime, SecondsFormat, Utc};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, Error, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
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
    /// The key of their section.
    place: &'static str,
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
    pub fn load(place: &'static str, section: &TlsSection) -> anyhow::Result<Self> {
        let (certificate, key) = (section.certificate.clone(), section.key.clone());
        let read = Files::read(place, &certificate, &key)?;
        let current = read.load_certificate(place, &certificate, &key)?;
        Ok(Self { place, certificate, key, seen: AtomicU64::new(read.mark()), current: RwLock::new(Arc::new(current)) })
    }

    /// Reads the files again; whether a new certificate is in use now.
    ///
    /// # Errors
    /// As for [`Certificates::load`], once for each new content: the certificate before stays in force.
    pub fn refresh(&self) -> anyhow::Result<bool> {
        let read = Files::read(self.place, &self.certificate, &self.key)?;
        let mark = read.mark();
        // Remembered before it is judged, so that a wrong file is warned of once and not every five seconds.
        if self.seen.swap(mark, Ordering::Relaxed) == mark {
            return Ok(false);
        }
        // Both files at once: between the writing of the one and the other they don't belong together, and the pair
        // before stays.
        let next = Arc::new(read.load_certificate(self.place, &self.certificate, &self.key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(true)
    }

    /// Whether the certificate is valid at that time, by the dates in it.
    ///
    /// # Errors
    /// From when or until when it is.
    pub fn check_time(&self, now: Timestamp) -> anyhow::Result<()> {
        let current = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        let Some(certificate) = current.cert.first() else { return Ok(()) };
        let certificate =
            ParsedCertificate::try_from(certificate).with_context(|| format!("{}.certificate", self.place))?;
        let now = UnixTime::since_unix_epoch(Duration::from_micros(now.0.unsigned_abs()));
        let algorithms = crypto().signature_verification_algorithms.all;
        // Dates are looked at before anything else; that no authority is trusted here is no matter.
        let looked_at =
            verify_server_cert_signed_by_trust_anchor(&certificate, &RootCertStore::empty(), &[], now, algorithms);
        let (place, file) = (self.place, self.certificate.display());
        match looked_at {
            Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => bail!(
                "{place}.certificate: `{file}` expired at {}; replace it, and a running Baton uses the new one at once",
                day(not_after)
            ),
            Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) => bail!(
                "{place}.certificate: `{file}` is not valid before {}; check this machine's clock, or replace the certificate",
                day(not_before)
            ),
            _ => Ok(()),
        }
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
pub async fn refresh_forever(certificates: Arc<Certificates>) {
    let mut hangups = Hangups::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOKING) => {}
            () = hangups.next() => {}
        }
        let reading = Arc::clone(&certificates);
        // Files on a network volume may hang.
        match tokio::task::spawn_blocking(move || reading.refresh()).await {
            Ok(Ok(true)) => tracing::info!("a new certificate is in use"),
            Ok(Ok(false)) | Err(_) => {}
            Ok(Err(error)) => tracing::warn!(
                error = format!("{error:#}"),
                "the new certificate is invalid; the previous one stays in use"
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
    fn read(place: &str, certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let read = |what: &str, path: &Path| {
            std::fs::read(path).with_context(|| format!("{place}.{what}: `{}` can't be read", path.display()))
        };
        Ok(Self { certificate: read("certificate", certificate)?, key: read("key", key)? })
    }

    fn mark(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.certificate, &self.key).hash(&mut hasher);
        hasher.finish()
    }

    fn load_certificate(&self, place: &str, certificate: &Path, key: &Path) -> anyhow::Result<CertifiedKey> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let Some(chain) = chain else {
            bail!("{place}.certificate: `{}` contains no certificate; expected PEM", certificate.display());
        };
        let Ok(secret) = PrivateKeyDer::from_pem_slice(&self.key) else {
            bail!("{place}.key: `{}` contains no private key; expected PEM without a password", key.display());
        };
        CertifiedKey::from_der(chain, secret, &crypto()).map_err(|error| match error {
            Error::InconsistentKeys(_) => anyhow::anyhow!(
                "{place}.key: the key in `{}` does not belong to the certificate in `{}`",
                key.display(),
                certificate.display()
            ),
            _ => anyhow::anyhow!(
                "{place}: the certificate in `{}` or the key in `{}` is damaged, or of a kind that is not supported",
                certificate.display(),
                key.display()
            ),
        })
    }
}

fn day(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    time.unwrap_or(DateTime::<Utc>::MAX_UTC).to_rfc3339_opts(SecondsFormat::Secs, true)
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
