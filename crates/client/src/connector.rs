//! Connections: TCP or a proxy's tunnel, with TLS for `https` URLs.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::{
        legacy::connect::{HttpConnector, proxy::Tunnel},
        proxy::matcher::Matcher,
    },
    rt::TokioIo,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio::net::TcpStream;
use tower_service::Service;

use crate::{Error, error::Cause};

pub(crate) type Connector = HttpsConnector<Dialer>;

/// Connects to the service, or to the proxy of the environment for a tunnel to it.
#[derive(Debug, Clone)]
pub(crate) enum Dialer {
    Direct(HttpConnector),
    Proxy(Tunnel<HttpConnector>),
}

/// A connector for the base URL. Only `https` goes through a proxy, which then sees no secret.
pub(crate) fn connector(base: &Uri, ca_pem: Option<&[u8]>) -> Result<Connector, Error> {
    let secure = base.scheme_str() == Some("https");
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let proxy = Matcher::from_env().intercept(base).filter(|_| secure);
    let dialer = match proxy {
        None => Dialer::Direct(tcp),
        Some(proxy) => {
            let tunnel = Tunnel::new(proxy.uri().clone(), tcp);
            Dialer::Proxy(match proxy.basic_auth() {
                None => tunnel,
                Some(credential) => tunnel.with_auth(credential.clone()),
            })
        }
    };
    let tls = tls(secure, ca_pem)?;
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
    Ok(builder
        .https_or_http()
        .enable_http1()
        .wrap_connector(dialer))
}

fn tls(secure: bool, ca_pem: Option<&[u8]>) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    if secure {
        let machine = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(machine.certs);
    }
    for certificate in CertificateDer::pem_slice_iter(ca_pem.unwrap_or_default()) {
        let added = certificate.map_err(|cause| cause.to_string());
        added
            .and_then(|root| roots.add(root).map_err(|cause| cause.to_string()))
            .map_err(|cause| Error::Invalid(format!("the CA file cannot be used: {cause}")))?;
    }
    if roots.is_empty() && (secure || ca_pem.is_some()) {
        let missing =
            "no certificate authority is known: neither the machine nor a CA file has one";
        return Err(Error::Invalid(missing.to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config
        .with_safe_default_protocol_versions()
        .map_err(|cause| Error::Invalid(cause.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

impl Service<Uri> for Dialer {
    type Response = TokioIo<TcpStream>;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Cause>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        match self {
            Self::Direct(tcp) => tcp.poll_ready(context).map_err(Into::into),
            Self::Proxy(tunnel) => tunnel.poll_ready(context).map_err(Into::into),
        }
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        match self {
            Self::Direct(tcp) => {
                let connecting = tcp.call(target);
                Box::pin(async { connecting.await.map_err(Into::into) })
            }
            Self::Proxy(tunnel) => {
                let connecting = tunnel.call(target);
                Box::pin(async { connecting.await.map_err(Into::into) })
            }
        }
    }
}
