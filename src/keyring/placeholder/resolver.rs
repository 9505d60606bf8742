/// What turns a reference to a secret into the secret, when it is not the program itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolver {
    /// `op://vault/item/field`.
    OnePassword,
    /// `vault:secret/data/shop#key`, and `vault://`.
    Vault,
    /// `ref+vault://…`.
    Vals,
    /// `@Microsoft.KeyVault(…)`, and a secret's address.
    AzureKeyVault,
    /// The ARN of a secret or a parameter.
    Aws,
    /// `projects/P/secrets/S/versions/V`, `sm://…`.
    Google,
    /// `{{resolve:secretsmanager:…}}`.
    CloudFormation,
    /// Any other scheme that only secret managers have.
    Other,
}

/// Schemes of the tools that put secrets in the place of their addresses.
const SCHEMES: [(&str, Resolver); 26] = [
    ("op://", Resolver::OnePassword),
    ("vault://", Resolver::Vault),
    ("keyvault://", Resolver::AzureKeyVault),
    ("keyvault:", Resolver::AzureKeyVault),
    ("azkv://", Resolver::AzureKeyVault),
    ("akv://", Resolver::AzureKeyVault),
    ("azurekeyvault://", Resolver::AzureKeyVault),
    ("sm://", Resolver::Google),
    ("sm@", Resolver::Google),
    ("gsm://", Resolver::Google),
    ("gcpsm://", Resolver::Google),
    ("gcp-secretmanager://", Resolver::Google),
    ("gcp:secretmanager:", Resolver::Google),
    ("berglas://", Resolver::Google),
    ("awssm://", Resolver::Aws),
    ("aws-sm://", Resolver::Aws),
    ("awsps://", Resolver::Aws),
    ("aws-ssm://", Resolver::Aws),
    ("ssm://", Resolver::Aws),
    ("secretsmanager://", Resolver::Aws),
    ("aws:secretsmanager:", Resolver::Aws),
    ("doppler://", Resolver::Other),
    ("bws://", Resolver::Other),
    ("infisical://", Resolver::Other),
    ("akeyless://", Resolver::Other),
    ("keeper://", Resolver::Other),
];

impl Resolver {
    /// Whose reference this is, if it surely is one.
    pub(super) fn of(text: &str) -> Option<Self> {
        let within = |open, close| {
            let inner = text
                .strip_prefix(open)
                .and_then(|rest| rest.strip_suffix(close));
            inner.is_some_and(|inner: &str| !inner.trim().is_empty())
        };
        if within("@Microsoft.KeyVault(", ")") || within("@Microsoft.AppConfiguration(", ")") {
            return Some(Self::AzureKeyVault);
        }
        if within("{{resolve:", "}}") {
            return Some(Self::CloudFormation);
        }
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return None;
        }
        if text.starts_with("ref+") {
            return Some(Self::Vals);
        }
        if let Some(rest) = text.strip_prefix("arn:aws") {
            let mut parts = rest.split(':').skip(1);
            return matches!(parts.next(), Some("secretsmanager" | "ssm")).then_some(Self::Aws);
        }
        if is_google_resource(text) {
            return Some(Self::Google);
        }
        if is_vault_path(text) {
            return Some(Self::Vault);
        }
        if let Some(host) = text.strip_prefix("https://") {
            let (host, path) = host.split_once('/')?;
            let kept = host.ends_with(".vault.azure.net") && path.starts_with("secrets/");
            return kept.then_some(Self::AzureKeyVault);
        }
        let (_, resolver) = SCHEMES
            .into_iter()
            .find(|(scheme, _)| text.len() > scheme.len() && text.starts_with(scheme))?;
        Some(resolver)
    }

    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::OnePassword => {
                "holds a reference that `op run` or `op inject` of 1Password would turn into the key"
            }
            Self::Vault => {
                "holds a reference to Vault, which an injector such as bank-vaults' would turn into the key"
            }
            Self::Vals => "holds a reference that `vals` would turn into the key",
            Self::AzureKeyVault => {
                "holds a reference to an Azure Key Vault, which the platform or the program would turn into the key"
            }
            Self::Aws => {
                "holds the name of a secret at AWS, which the platform or the program would turn into the key"
            }
            Self::Google => {
                "holds the name of a secret at Google Cloud, which the platform or the program would turn into the key"
            }
            Self::CloudFormation => {
                "holds a dynamic reference that CloudFormation would turn into the key"
            }
            Self::Other => {
                "holds a reference to a secret manager, whose own program would turn it into the key"
            }
        }
    }
}

/// `projects/P/secrets/S`, maybe with a location and a version.
fn is_google_resource(text: &str) -> bool {
    let parts: Vec<_> = text
        .trim_start_matches("//secretmanager.googleapis.com/")
        .split('/')
        .collect();
    let named = parts.iter().all(|part| !part.is_empty());
    named
        && matches!(
            parts[..],
            ["projects", _, "secrets", _]
                | ["projects", _, "secrets", _, "versions", _]
                | ["projects", _, "locations", _, "secrets", _]
                | ["projects", _, "locations", _, "secrets", _, "versions", _]
        )
}

/// `vault:PATH#FIELD`, which bank-vaults also writes with `>>` before it.
fn is_vault_path(text: &str) -> bool {
    let path = text.trim_start_matches(">>").strip_prefix("vault:");
    path.and_then(|path| path.split_once('#'))
        .is_some_and(|(path, field)| path.contains('/') && !field.is_empty())
}
