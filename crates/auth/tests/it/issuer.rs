//! Tokens by the keys of an issuer that is really asked.

use crate::setup::{Fixture, Hands};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_auth::token::{Issuer, IssuerSettings, SigningKeySource, TokenFault, TokenSettings};
use baton_auth::{ApiKeys, AuthError, Credentials, Origin, TokenVerifier};
use baton_model::{Caller, Timestamp};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// An issuer: what it replies can be changed.
struct Published {
    address: SocketAddr,
    /// Status and body; none: it takes the connection and says nothing.
    reply: Arc<Mutex<Option<(u16, String)>>>,
    asked: Arc<AtomicUsize>,
}

impl Published {
    async fn start(keys: &[&Signing]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let reply = Arc::new(Mutex::new(None));
        let asked = Arc::new(AtomicUsize::new(0));
        let published = Self { address, reply: Arc::clone(&reply), asked: Arc::clone(&asked) };
        published.publish(keys);
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let discovery = request.get(..length).is_some_and(|head| head.starts_with(b"GET /.well-known/openid"));
                asked.fetch_add(1, Ordering::SeqCst);
                let told = if discovery {
                    let issuer = format!("http://{address}");
                    Some((200, json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") }).to_string()))
                } else {
                    reply.lock().unwrap().clone()
                };
                match told {
                    None => silent.push(stream),
                    Some((status, body)) => {
                        let head = format!(
                            "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                            body.len()
                        );
                        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                    }
                }
            }
        });
        published
    }

    fn publish(&self, keys: &[&Signing]) {
        let keys: Vec<Value> = keys.iter().map(|key| serde_json::to_value(&key.public).unwrap()).collect();
        self.reply(200, &json!({ "keys": keys }).to_string());
    }

    fn reply(&self, status: u16, body: &str) {
        *self.reply.lock().unwrap() = Some((status, body.to_owned()));
    }

    fn fall_silent(&self) {
        *self.reply.lock().unwrap() = None;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A key of the issuer.
struct Signing {
    id: &'static str,
    algorithm: Algorithm,
    secret: EncodingKey,
    public: Jwk,
}

impl Signing {
    fn new(id: &'static str, algorithm: Algorithm) -> Self {
        let kind = match algorithm {
            Algorithm::ES256 => &PKCS_ECDSA_P256_SHA256,
            Algorithm::EdDSA => &PKCS_ED25519,
            _ => &PKCS_RSA_SHA256,
        };
        let pair = KeyPair::generate_for(kind).unwrap();
        let pem = pair.serialize_pem();
        let secret = match algorithm {
            Algorithm::ES256 => EncodingKey::from_ec_pem(pem.as_bytes()),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(pem.as_bytes()),
            _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
        }
        .unwrap();
        let mut public = match algorithm {
            Algorithm::EdDSA => {
                let x = URL_SAFE_NO_PAD.encode(pair.public_key_raw());
                let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": x });
                serde_json::from_value::<Jwk>(jwk).unwrap()
            }
            _ => Jwk::from_encoding_key(&secret, algorithm).unwrap(),
        };
        public.common.key_id = Some(id.to_owned());
        Self { id, algorithm, secret, public }
    }

    fn token(&self) -> String {
        let header = Header { kid: Some(self.id.to_owned()), ..Header::new(self.algorithm) };
        encode(&header, &json!({ "sub": "ada", "role": "viewer", "exp": 2_000_000_000 }), &self.secret).unwrap()
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn settings() -> IssuerSettings {
    // Long enough that no test meets the end of it by itself; a silent issuer is given up on quickly.
    IssuerSettings { pause: DAY, timeout: Duration::from_millis(300), ..IssuerSettings::default() }
}

async fn keys(source: SigningKeySource, settings: IssuerSettings) -> (Arc<Hands>, ApiKeys) {
    let mut fixture = Fixture::new().await;
    let issuer = Arc::new(Issuer::new(source, settings, fixture.clock()));
    let tokens = TokenVerifier::new(TokenSettings::default(), Some(issuer), fixture.clock());
    (Arc::clone(&fixture.clock), fixture.keys().await.with_tokens(Some(tokens)))
}

async fn by_address(published: &Published, settings: IssuerSettings) -> (Arc<Hands>, ApiKeys) {
    keys(SigningKeySource::Keys(format!("http://{}/keys", published.address)), settings).await
}

async fn show(keys: &ApiKeys, token: &str) -> Result<Caller, AuthError> {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
    keys.authenticate(Credentials::read(&headers).unwrap(), Origin::default()).await
}

#[tokio::test]
async fn every_kind_of_key_is_taken_and_only_for_its_algorithm() {
    let signing = [
        Signing::new("rsa", Algorithm::RS256),
        Signing::new("ec", Algorithm::ES256),
        Signing::new("ed", Algorithm::EdDSA),
    ];
    let published = Published::start(&signing.iter().collect::<Vec<_>>()).await;
    let (_clock, keys) = by_address(&published, settings()).await;
    for key in &signing {
        assert_eq!(show(&keys, &key.token()).await.unwrap().user.as_deref(), Some("ada"), "{}", key.id);
    }
    assert_eq!(published.asked(), 1);
    // The public key as the secret of HS256: the old confusion of algorithms.
    let public = serde_json::to_string(&signing[0].public).unwrap();
    let header = Header { kid: Some("rsa".into()), ..Header::new(Algorithm::HS256) };
    let forged =
        encode(&header, &json!({ "exp": 2_000_000_000 }), &EncodingKey::from_secret(public.as_bytes())).unwrap();
    assert!(matches!(show(&keys, &forged).await, Err(AuthError::Token(TokenFault::Algorithm { .. }))));
    // Another's key under a known name.
    let imposter = Signing::new("ed", Algorithm::EdDSA);
    assert!(matches!(show(&keys, &imposter.token()).await, Err(AuthError::Token(TokenFault::Signature))));
}

#[tokio::test]
async fn the_issuer_says_where_its_keys_are() {
    let key = Signing::new("1", Algorithm::ES256);
    let published = Published::start(&[&key]).await;
    let issuer = format!("http://{}", published.address);
    let (_clock, found) = keys(SigningKeySource::Discovery(issuer.clone()), settings()).await;
    assert!(show(&found, &key.token()).await.is_ok());
    // A slash more is another issuer: the tokens' `iss` is compared letter by letter.
    let (_clock, other) = keys(SigningKeySource::Discovery(format!("{issuer}/")), settings()).await;
    let error = show(&other, &key.token()).await.unwrap_err();
    assert!(error.to_string().contains("its `issuer` differs from auth.jwt.issuer"), "{error}");
}

#[tokio::test]
async fn the_first_request_after_a_rotation_succeeds() {
    let (old, new) = (Signing::new("old", Algorithm::EdDSA), Signing::new("new", Algorithm::EdDSA));
    let published = Published::start(&[&old]).await;
    let (_clock, keys) = by_address(&published, IssuerSettings { pause: Duration::ZERO, ..settings() }).await;
    assert!(show(&keys, &old.token()).await.is_ok());
    published.publish(&[&old, &new]);
    assert!(show(&keys, &new.token()).await.is_ok());
    assert_eq!(published.asked(), 2);
    published.publish(&[&new]);
    keys.tokens().unwrap().issuer().unwrap().fetch().await.unwrap();
    assert!(matches!(show(&keys, &old.token()).await, Err(AuthError::Token(TokenFault::UnknownSigner))));
}

#[tokio::test]
async fn whoever_sends_unknown_keys_does_not_make_the_issuer_busy() {
    let (known, unknown) = (Signing::new("known", Algorithm::EdDSA), Signing::new("unknown", Algorithm::EdDSA));
    let published = Published::start(&[&known]).await;
    let (_clock, keys) = by_address(&published, settings()).await;
    let (known, unknown) = (known.token(), unknown.token());
    let shown = futures::future::join_all((0..20).map(|_| show(&keys, &unknown))).await;
    for caller in shown {
        assert!(matches!(caller, Err(AuthError::Token(TokenFault::UnknownSigner))));
    }
    assert!(show(&keys, &known).await.is_ok());
    // Twenty unknown keys at once, and one question: the issuer must not be flooded through Baton.
    assert_eq!(published.asked(), 1);
}

#[tokio::test]
async fn keys_outlive_their_issuer_for_a_while() {
    let key = Signing::new("1", Algorithm::ES256);
    let published = Published::start(&[&key]).await;
    let (clock, keys) = by_address(&published, IssuerSettings { pause: Duration::ZERO, ..settings() }).await;
    assert!(show(&keys, &key.token()).await.is_ok());
    published.reply(500, "");
    let issuer = Arc::clone(keys.tokens().unwrap().issuer().unwrap());
    assert!(issuer.fetch().await.unwrap_err().contains("replied with the status 500"));
    clock.0.store(Timestamp(1_000).plus(DAY).0, Ordering::SeqCst);
    assert!(show(&keys, &key.token()).await.is_ok());
    // One microsecond beyond the bound.
    clock.0.fetch_add(1, Ordering::SeqCst);
    let error = show(&keys, &key.token()).await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("last fetched 86400 s ago, and auth.jwt.max_stale allows 86400 s"), "{told}");
    assert!(told.contains("status 500"), "{told}");
    let public = error.public();
    assert_eq!(public.code.status(), 503);
    // The log has it. To a caller it would tell what stands in this network.
    assert!(!public.message.contains("status 500"), "{public}");
    // It comes back without anybody's help.
    published.publish(&[&key]);
    assert!(show(&keys, &key.token()).await.is_ok());
}

#[tokio::test]
async fn an_issuer_that_is_of_no_use_is_told_as_what_it_is() {
    let key = Signing::new("1", Algorithm::ES256);
    let published = Published::start(&[&key]).await;
    let (_clock, keys) = by_address(&published, IssuerSettings { pause: Duration::ZERO, ..settings() }).await;
    let huge = format!("{{\"keys\": [{}]}}", " ".repeat(2 << 20));
    for (status, body, expected) in [
        (500, "", "replied with the status 500"),
        (200, "<html>", "it is not a JSON Web Key Set"),
        (200, "{\"keys\": []}", "it contains no public key"),
        (200, "{\"keys\": [{\"kty\": \"oct\", \"k\": \"AAAA\"}, {\"kty\": \"new\"}, 5]}", "it contains no public key"),
        (200, &huge, "sent more than 1048576 bytes"),
    ] {
        published.reply(status, body);
        let error = show(&keys, &key.token()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.public().code.status(), 503);
    }
    published.fall_silent();
    let error = show(&keys, &key.token()).await.unwrap_err();
    assert!(error.to_string().contains("did not reply within 300ms"), "{error}");
}
