//! Where a key can be read: one file per kind of hop, and the registry that lists them.

mod aws_ecs;
mod aws_lambda;
mod aws_secrets_manager;
mod aws_ssm;
mod azure_key_vault;
mod bundle;
mod case;
mod command;
#[cfg(test)]
mod conformance;
mod consul;
mod docker;
mod doppler;
mod dotenv;
mod env;
mod etcd;
mod file;
mod gcp_secret_manager;
mod github_actions;
mod hop;
mod http;
mod info;
mod kubernetes;
mod kubernetes_configmap;
mod kubernetes_pods;
mod kubernetes_secret;
mod process;
mod systemd;
mod vault;
mod vercel;
#[macro_use]
mod registry;
#[cfg(test)]
pub(crate) mod testing;

pub use bundle::looks_for_a_format;
pub use case::{Case, There};
pub use hop::{AnySource, At, Source};
pub use info::Info;

registry! {
    env::Env,
    file::File,
    dotenv::Dotenv,
    process::Process,
    systemd::Systemd,
    docker::Docker,
    kubernetes_secret::KubernetesSecret,
    kubernetes_configmap::KubernetesConfigmap,
    kubernetes_pods::KubernetesPods,
    bundle::Bundle,
    github_actions::GithubActions,
    vercel::Vercel,
    command::Command,
    http::Http,
    azure_key_vault::AzureKeyVault,
    gcp_secret_manager::GcpSecretManager,
    consul::Consul,
    doppler::Doppler,
    etcd::Etcd,
    vault::Vault,
    aws_secrets_manager::AwsSecretsManager,
    aws_ssm::AwsSsm,
    aws_lambda::AwsLambda,
    aws_ecs::AwsEcs,
}
