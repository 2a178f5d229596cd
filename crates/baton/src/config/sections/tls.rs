//! The certificate of a port.

use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// A certificate and its key. The files are read again when they change, and at SIGHUP; if the new files are invalid,
/// the previous certificate stays in use.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsSection {
    /// A PEM file with the certificate and its intermediate certificates.
    pub certificate: PathBuf,
    /// A PEM file with the certificate's private key, without a password.
    pub key: PathBuf,
}
