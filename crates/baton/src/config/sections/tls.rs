//! The certificate of a port.

use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// A certificate and its key. The files are read again when they change, and at SIGHUP; new ones that are of no use
/// leave those before in force.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsSection {
    /// A PEM file with the certificate, and those that lead from it to the authority.
    pub certificate: PathBuf,
    /// A PEM file with the certificate's private key, without a password.
    pub key: PathBuf,
}
