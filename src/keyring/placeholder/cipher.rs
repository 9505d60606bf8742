use std::str::from_utf8;

/// What encrypted a text that nothing decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cipher {
    /// `ENC[AES256_GCM,…]`.
    Sops,
    /// `ENC[PKCS7,…]` and its like.
    Eyaml,
    /// `encrypted:…`.
    Dotenvx,
    /// `$ANSIBLE_VAULT;…`.
    Ansible,
    /// `{cipher}…`.
    Spring,
    /// `ENC(…)`.
    Jasypt,
    /// A file of age, armoured or not.
    Age,
    /// A message of OpenPGP, armoured.
    Pgp,
    /// `vault:v1:…`.
    Transit,
    /// A ciphertext of AWS KMS in base64.
    Kms,
    /// A file of git-crypt.
    GitCrypt,
}

impl Cipher {
    /// Whose ciphertext this is, if it surely is one.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let starts = |start: &str| bytes.starts_with(start.as_bytes());
        if starts("\0GITCRYPT\0") {
            return Some(Self::GitCrypt);
        }
        if starts("age-encryption.org/v1\n") || starts("-----BEGIN AGE ENCRYPTED FILE-----") {
            return Some(Self::Age);
        }
        let text = from_utf8(bytes).ok()?;
        let within = |open, close| {
            let inner = text
                .strip_prefix(open)
                .and_then(|rest| rest.strip_suffix(close));
            inner.filter(|inner: &&str| !inner.is_empty())
        };
        if let Some(inner) = within("ENC[", "]") {
            let (algorithm, data) = inner.split_once(',')?;
            let named = algorithm
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            return match named && !algorithm.is_empty() {
                true if data.starts_with("data:") => Some(Self::Sops),
                true if is_base64(data) => Some(Self::Eyaml),
                _ => None,
            };
        }
        if starts("$ANSIBLE_VAULT;") {
            return Some(Self::Ansible);
        }
        if starts("-----BEGIN PGP MESSAGE-----") {
            return Some(Self::Pgp);
        }
        if within("ENC(", ")").is_some_and(is_base64) {
            return Some(Self::Jasypt);
        }
        let after = |start| text.strip_prefix(start).unwrap_or_default();
        if !after("{cipher}").is_empty() {
            return Some(Self::Spring);
        }
        if after("encrypted:").len() >= 32 && is_base64(after("encrypted:")) {
            return Some(Self::Dotenvx);
        }
        if let Some((version, data)) = after("vault:v").split_once(':') {
            let numbered = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
            return (numbered && is_base64(data)).then_some(Self::Transit);
        }
        // The header of every symmetric ciphertext: 01 02 02 00 78.
        let kms = text.len() >= 120 && starts("AQICAH") && is_base64(text);
        kms.then_some(Self::Kms)
    }

    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Sops => "holds what SOPS encrypted, and nothing decrypted it",
            Self::Eyaml => "holds what hiera-eyaml encrypted, and nothing decrypted it",
            Self::Dotenvx => "holds what dotenvx encrypted, and nothing decrypted it",
            Self::Ansible => "holds what Ansible Vault encrypted, and nothing decrypted it",
            Self::Spring => {
                "holds what a Spring Cloud Config server encrypted, and nothing decrypted it"
            }
            Self::Jasypt => "holds what Jasypt encrypted, and nothing decrypted it",
            Self::Age => "holds what age encrypted, and nothing decrypted it",
            Self::Pgp => "holds what OpenPGP encrypted, and nothing decrypted it",
            Self::Transit => {
                "holds what Vault's transit engine encrypted, and nothing decrypted it"
            }
            Self::Kms => "holds what AWS KMS encrypted, and nothing decrypted it",
            Self::GitCrypt => "holds what git-crypt encrypted, and nothing unlocked it",
        }
    }
}

fn is_base64(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(&byte))
}
