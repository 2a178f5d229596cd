//! Which addresses can be registered.
//!
//! This check is for whoever registers: it says at once what would fail later. What protects this machine and its
//! neighbours is the check of each connection, in [`baton_fetch`].

use baton_fetch::address::is_permitted;
use baton_model::entity::WebhookFormat;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use url::{Host, Url};

/// How long a name may take to be resolved.
const RESOLVING: Duration = Duration::from_secs(5);

/// Whether a webhook can be there: `https`, or `http` if its host is in one of the networks that are allowed; no
/// credentials; no address that is neither public nor allowed.
///
/// # Errors
/// What is wrong with it, as the rest of a sentence about the field.
pub async fn check(url: &str, allowed: &[IpNet]) -> Result<(), String> {
    let url = Url::parse(url).map_err(|_| "must be https://HOST/PATH".to_owned())?;
    // Addresses are shown in lists and logs.
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or password; requests are signed, so check the signature".to_owned());
    }
    let host = url.host().filter(|_| matches!(url.scheme(), "https" | "http"));
    let host = host.ok_or_else(|| format!("must be https://HOST/PATH, got `{}:…`", url.scheme()))?;
    if let Some(address) = literal(&host).filter(|address| !is_permitted(*address, allowed)) {
        return Err(format!(
            "`{host}` is {address}, which is not on the public internet; an operator can allow its network in \
             `webhooks.allow`"
        ));
    }
    if url.scheme() == "http" && !is_within(&host, url.port_or_known_default().unwrap_or(80), allowed).await {
        return Err("must begin with https://; http:// is only allowed for hosts in the networks of `webhooks.allow`"
            .to_owned());
    }
    Ok(())
}

/// The address without its query, which may hold a password: for logs and the audit log. Of an incoming webhook of Slack the
/// host alone is left, because its path is the password.
pub fn masked(url: &str, format: WebhookFormat) -> String {
    if format == WebhookFormat::Slack {
        let host = Url::parse(url).ok().map(|url| url.origin().ascii_serialization());
        return format!("{}/…", host.unwrap_or_default());
    }
    match url.split_once('?') {
        Some((url, _)) => format!("{url}?…"),
        None => url.to_owned(),
    }
}

/// The address that a host stands for without being resolved.
fn literal(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address)),
        Host::Domain(name) => {
            // `localhost.` is the same name, written in full.
            let name = name.trim_end_matches('.');
            (name == "localhost" || name.ends_with(".localhost")).then_some(IpAddr::V4(Ipv4Addr::LOCALHOST))
        }
    }
}

/// Whether a host is in these networks, with all of its addresses.
async fn is_within(host: &Host<&str>, port: u16, allowed: &[IpNet]) -> bool {
    let within = |address: IpAddr| allowed.iter().any(|network| network.contains(&address.to_canonical()));
    if allowed.is_empty() {
        return false;
    }
    match (literal(host), host) {
        (Some(address), _) => within(address),
        (None, Host::Domain(name)) => {
            let resolved = tokio::time::timeout(RESOLVING, tokio::net::lookup_host((*name, port))).await;
            let Ok(Ok(mut found)) = resolved.map(|found| found.map(Iterator::peekable)) else { return false };
            // All of them, because a name with one public address could be called there without TLS.
            found.peek().is_some() && found.all(|address| within(address.ip()))
        }
        (None, _) => false,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_are_checked() {
        let allowed = ["10.0.0.0/8".parse().unwrap(), "127.0.0.0/8".parse().unwrap()];
        for good in [
            "https://example.com/hooks?token=x",
            "https://example.com:8443",
            "https://10.1.2.3/hook",
            "http://10.1.2.3:8080/hook",
            "http://127.0.0.1:1",
            "http://localhost/",
            "https://1.1.1.1",
        ] {
            assert_eq!(check(good, &allowed).await, Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", "must be https://HOST/PATH"),
            ("example.com/hook", "must be https://HOST/PATH"),
            ("ftp://example.com", "got `ftp:…`"),
            ("file:///etc/passwd", "got `file:…`"),
            ("https://user@example.com", "user name or password"),
            ("https://:pass@example.com", "user name or password"),
            ("http://example.invalid", "http:// is only allowed for hosts in the networks"),
            ("http://1.1.1.1", "http:// is only allowed for hosts in the networks"),
            ("https://192.168.0.1", "is 192.168.0.1, which is not on the public internet"),
            ("https://0xc0a80001/", "is 192.168.0.1, which is not on the public internet"),
            ("https://[::1]/", "is ::1, which is not on the public internet"),
            ("https://169.254.169.254/latest/meta-data", "not on the public internet"),
        ] {
            let told = check(bad, &allowed).await.unwrap_err();
            assert!(told.contains(why), "{bad}: {told}");
        }
        for (bad, _) in [("http://localhost", ""), ("https://a.localhost", ""), ("https://127.0.0.1", "")] {
            assert!(check(bad, &[]).await.is_err(), "{bad}");
        }
    }

    #[test]
    fn queries_are_masked() {
        let cloud_events = WebhookFormat::CloudEvents;
        assert_eq!(masked("https://a/b?token=secret", cloud_events), "https://a/b?…");
        assert_eq!(masked("https://a/b", cloud_events), "https://a/b");
        let slack = "https://hooks.example.com:8443/services/T0/B0/s3cret?x=s3cret";
        assert_eq!(masked(slack, WebhookFormat::Slack), "https://hooks.example.com:8443/…");
    }
}
