//! Which cluster is meant, and with what credentials: the kubeconfig, as kubectl finds and reads it.

use std::env;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use hyper_util::client::proxy::matcher::Matcher;
use kube::Config;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig, KubeconfigError, LoadDataError};
use reqwest::Url;

use super::settings::Kubernetes;
use crate::platform::files::is_readable;
use crate::platform::reason::reason;
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// A cluster and its credentials, before anything was asked of either.
pub(super) struct Loaded {
    pub config: Config,
    /// Where the API server is.
    pub url: Url,
    /// Whether no kubeconfig says so, but what a pod is given.
    pub in_pod: bool,
}

/// Reads the kubeconfig, or what a pod is given in place of one.
pub(super) fn load(said: &Kubernetes) -> Result<Loaded, ReadError> {
    let read = match said.in_cluster {
        true => None,
        false => kubeconfig(said)?,
    };
    match read {
        Some(kubeconfig) => prepared(chosen(kubeconfig, said.context.as_deref())?, false),
        None if said.in_cluster || is_in_pod(said) => prepared(in_cluster()?, true),
        None => Err(no_kubeconfig()),
    }
}

/// Whether a pod's own account is meant where there is no kubeconfig.
fn is_in_pod(said: &Kubernetes) -> bool {
    variable("KUBERNETES_SERVICE_HOST").is_some() && said.context.is_none()
}

/// `None` where nobody names a kubeconfig and there is none at the usual place.
fn kubeconfig(said: &Kubernetes) -> Result<Option<Kubeconfig>, ReadError> {
    let read = |path: &Path| {
        is_readable(path).map_err(|error| unreadable(&error, path, "the kubeconfig"))?;
        Kubeconfig::read_from(path).map_err(|error| unusable(&path.to_string_lossy(), &error))
    };
    if let Some(path) = &said.kubeconfig {
        return read(path).map(Some);
    }
    let named = env::var_os("KUBECONFIG").unwrap_or_default();
    let named: Vec<PathBuf> = env::split_paths(&named)
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    let usual = || env::home_dir().map(|home| home.join(".kube/config"));
    let paths = match named.is_empty() {
        true => usual().into_iter().collect(),
        false => named,
    };
    // As kubectl does, what is named and not there is passed over.
    let mut merged: Option<Kubeconfig> = None;
    for path in paths.iter().filter(|path| path.exists()) {
        let next = read(path)?;
        merged = Some(match merged {
            None => next,
            Some(before) => before
                .merge(next)
                .map_err(|error| unusable(&path.to_string_lossy(), &error))?,
        });
    }
    Ok(merged)
}

/// The cluster and user of a context.
fn chosen(kubeconfig: Kubeconfig, context: Option<&str>) -> Result<Config, ReadError> {
    let name = context.or(kubeconfig.current_context.as_deref());
    let name = name.unwrap_or_default().to_owned();
    let named = kubeconfig.contexts.iter().find(|named| named.name == name);
    let cluster = named
        .and_then(|named| named.context.as_ref())
        .map(|context| context.cluster.clone());
    let own_proxy = kubeconfig.clusters.iter().any(|named| {
        let proxy = named.cluster.as_ref().and_then(|it| it.proxy_url.as_ref());
        Some(&named.name) == cluster.as_ref() && proxy.is_some_and(|proxy| !proxy.is_empty())
    });
    can_be_read(&kubeconfig)?;
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
    // It waits for nothing.
    let loaded = Config::from_custom_kubeconfig(kubeconfig, &options).now_or_never();
    let mut config = match loaded {
        Some(Ok(config)) => config,
        Some(Err(error)) => return Err(unusable("", &error)),
        None => return Err(no_kubeconfig()),
    };
    // kube compares NO_PROXY with the proxy, not with the server.
    if !own_proxy && Matcher::from_env().intercept(&config.cluster_url).is_none() {
        config.proxy_url = None;
    }
    Ok(config)
}

/// kube reads the files that a kubeconfig names by itself, and would wait for the writer of a pipe.
fn can_be_read(kubeconfig: &Kubeconfig) -> Result<(), ReadError> {
    let clusters = kubeconfig.clusters.iter();
    let clusters = clusters.filter_map(|named| named.cluster.as_ref());
    let authorities = clusters.map(|it| (&it.certificate_authority, "the certificate authority"));
    let users = kubeconfig.auth_infos.iter();
    let users = users.filter_map(|named| named.auth_info.as_ref());
    let own = users.flat_map(|user| {
        [
            (&user.client_certificate, "the client certificate"),
            (&user.client_key, "the key of the client certificate"),
        ]
    });
    for (path, what) in authorities.chain(own) {
        if let Some(path) = path {
            let path = Path::new(path);
            is_readable(path).map_err(|error| unreadable(&error, path, what))?;
        }
    }
    Ok(())
}

fn in_cluster() -> Result<Config, ReadError> {
    Config::incluster().map_err(|error| {
        ReadError::new(
            ErrorKind::NotFound,
            format!("this is no pod with a service account: {}", reason(&error)),
            "run straggler in a pod whose service account is mounted, or name a `context` of a kubeconfig",
        )
    })
}

/// What straggler does differently from kube: it verifies always, keeps its own time limits, and sends
/// credentials over TLS only, as kubectl does.
fn prepared(mut config: Config, in_pod: bool) -> Result<Loaded, ReadError> {
    let url = Url::parse(&config.cluster_url.to_string())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| {
            ReadError::new(
                ErrorKind::BadData,
                "the address of the cluster in the kubeconfig is no URL that can be asked",
                "correct `server` in the kubeconfig",
            )
        })?;
    if config.accept_invalid_certs {
        return Err(ReadError::new(
            ErrorKind::Tls,
            format!(
                "the kubeconfig says not to verify who answers at {}",
                escape(url.as_str())
            ),
            "put the cluster's `certificate-authority-data` in the place of `insecure-skip-tls-verify`",
        ));
    }
    if url.scheme() == "http" {
        config.auth_info = AuthInfo::default();
    }
    config.default_retry = false;
    config.connect_timeout = None;
    config.read_timeout = None;
    config.write_timeout = None;
    Ok(Loaded {
        config,
        url,
        in_pod,
    })
}

/// A token that no request can carry.
pub(super) fn unsendable() -> ReadError {
    ReadError::new(
        ErrorKind::Denied,
        "no credential for the cluster: the token holds what no header can carry, a line break perhaps",
        "correct the user's token in the kubeconfig",
    )
}

fn no_kubeconfig() -> ReadError {
    ReadError::new(
        ErrorKind::NotFound,
        "there is no kubeconfig, so nobody says which cluster is meant",
        "set KUBECONFIG, or give the store a `kubeconfig`",
    )
}

/// Why a kubeconfig cannot be used. What stands in it is never repeated: it holds credentials.
fn unusable(path: &str, error: &KubeconfigError) -> ReadError {
    let file = match path {
        "" => "the kubeconfig".to_owned(),
        path => format!("the kubeconfig {}", escape(path)),
    };
    let (kind, message, next) = match error {
        KubeconfigError::CurrentContextNotSet => (
            ErrorKind::NotFound,
            format!("{file} names no current context"),
            "name a `context` in the store: `kubectl config get-contexts` lists them",
        ),
        KubeconfigError::LoadContext(name) => (
            ErrorKind::NotFound,
            format!("{file} has no context {}", escape(name)),
            "correct `context`: `kubectl config get-contexts` lists them",
        ),
        KubeconfigError::LoadClusterOfContext(name) => (
            ErrorKind::NotFound,
            format!("{file} has no cluster {}", escape(name)),
            "add the cluster that the context names: `kubectl config set-cluster`",
        ),
        KubeconfigError::MissingClusterUrl => (
            ErrorKind::NotFound,
            format!("{file} does not say where the cluster is"),
            "give the cluster a `server`: `kubectl config set-cluster`",
        ),
        KubeconfigError::ReadConfig(why, path) => {
            return unreadable(why, path, "the kubeconfig");
        }
        KubeconfigError::LoadCertificateAuthority(LoadDataError::ReadFile(why, path)) => {
            return unreadable(why, path, "the certificate authority");
        }
        KubeconfigError::LoadClientCertificate(LoadDataError::ReadFile(why, path)) => {
            return unreadable(why, path, "the client certificate");
        }
        KubeconfigError::LoadClientKey(LoadDataError::ReadFile(why, path)) => {
            return unreadable(why, path, "the key of the client certificate");
        }
        KubeconfigError::ParseProxyUrl(_) | KubeconfigError::ParseNoProxy(_) => (
            ErrorKind::BadData,
            "the way to the cluster's proxy cannot be understood".to_owned(),
            "correct `proxy-url` in the kubeconfig, HTTPS_PROXY or NO_PROXY",
        ),
        _ => (
            ErrorKind::BadData,
            format!("{file} cannot be understood"),
            "look at it with `kubectl config view`, which hides credentials",
        ),
    };
    ReadError::new(kind, message, next)
}

/// A file that a kubeconfig names, or the kubeconfig itself.
pub(super) fn unreadable(why: &io::Error, path: &Path, what: &str) -> ReadError {
    let kind = match why.kind() {
        io::ErrorKind::PermissionDenied => ErrorKind::Denied,
        _ => ErrorKind::NotFound,
    };
    let why: &(dyn Error + 'static) = why;
    ReadError::new(
        kind,
        format!(
            "{what} at {} cannot be read: {}",
            escape(&path.to_string_lossy()),
            reason(&why)
        ),
        "correct the path, or who may read it",
    )
}
