//! Which server is asked.

use http::Uri;
use http::uri::{Authority, Scheme};

/// A server: how it is spoken to, its host, its port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

impl Origin {
    /// That of an address; `None` if it names no server.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        Some(Self { scheme: uri.scheme()?.clone(), authority: uri.authority()?.clone() })
    }

    pub(super) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// What HTTP/1 has in `host`: a port only if it is not the usual one.
    pub(super) fn host(&self) -> String {
        let usual = if self.is_https() { 443 } else { 80 };
        match self.authority.port_u16().filter(|port| *port != usual) {
            Some(port) => format!("{}:{port}", self.authority.host()),
            None => self.authority.host().to_owned(),
        }
    }
}
