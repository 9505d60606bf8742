//! The authority of a cluster: it signs for the API server, and for users.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

pub struct Authority {
    /// Its own certificate, in PEM.
    pub certificate: String,
    issuer: Issuer<'static, KeyPair>,
    server: Arc<ServerConfig>,
    wanting: Arc<ServerConfig>,
    users: Mutex<Vec<(CertificateDer<'static>, String)>>,
}

impl Default for Authority {
    fn default() -> Self {
        Self::until(4000)
    }
}

impl Authority {
    /// One whose API server has a certificate that expires when this year begins.
    pub fn until(year: i32) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let mut params =
            CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(own.der().clone()).unwrap();
        let clients = || {
            let roots = Arc::new(roots.clone());
            WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&ring))
        };
        let [server, wanting] = [clients().allow_unauthenticated(), clients()].map(|clients| {
            let settings = ServerConfig::builder_with_provider(Arc::clone(&ring))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_client_cert_verifier(clients.build().unwrap())
                .with_single_cert(
                    vec![certificate.der().clone()],
                    PrivateKeyDer::Pkcs8(key.serialize_der().into()),
                );
            Arc::new(settings.unwrap())
        });
        Self {
            certificate: own.pem(),
            issuer,
            server,
            wanting,
            users: Mutex::default(),
        }
    }

    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    /// The same for nobody without a certificate.
    pub fn wanting(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.wanting)
    }

    /// A certificate for a user, and its key, in PEM.
    pub fn sign(&self, user: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, user);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let known = (certificate.der().clone(), user.to_owned());
        self.users.lock().unwrap().push(known);
        (certificate.pem(), key.serialize_pem())
    }

    /// Whose certificate was shown.
    pub fn user_of(&self, shown: Option<&[CertificateDer<'_>]>) -> Option<String> {
        let shown = shown?.first()?;
        let users = self.users.lock().unwrap();
        let user = users.iter().find(|(certificate, _)| certificate == shown)?;
        Some(user.1.clone())
    }
}
