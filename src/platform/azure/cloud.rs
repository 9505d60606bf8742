/// One of the clouds that Azure consists of. They share no accounts and no tokens.
pub(super) struct Cloud {
    /// How the hosts of its vaults end.
    pub vaults: &'static str,
    /// Where identities of it log in.
    pub authority: &'static str,
}

/// How many there are.
pub(super) const CLOUDS: usize = 3;

const ALL: [Cloud; CLOUDS] = [
    Cloud {
        vaults: "vault.azure.net",
        authority: "https://login.microsoftonline.com",
    },
    Cloud {
        vaults: "vault.azure.cn",
        authority: "https://login.chinacloudapi.cn",
    },
    Cloud {
        vaults: "vault.usgovcloudapi.net",
        authority: "https://login.microsoftonline.us",
    },
];

impl Cloud {
    /// The cloud of a vault's host, and its place among all: the public one where the host says nothing
    /// else.
    pub fn of(host: &str) -> (usize, &'static Self) {
        let host = host.split(':').next().unwrap_or_default();
        let ends = |cloud: &Self| {
            host.strip_suffix(cloud.vaults)
                .is_some_and(|name| name.ends_with('.'))
        };
        let found = ALL.iter().position(ends).unwrap_or(0);
        (found, &ALL[found])
    }

    /// Whom a token is for: all vaults of the cloud.
    pub fn resource(&self) -> String {
        format!("https://{}", self.vaults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_says_which_cloud_it_is() {
        for (host, place, resource) in [
            ("checkout.vault.azure.net", 0, "https://vault.azure.net"),
            ("checkout.vault.azure.cn", 1, "https://vault.azure.cn"),
            (
                "checkout.vault.usgovcloudapi.net:443",
                2,
                "https://vault.usgovcloudapi.net",
            ),
            ("127.0.0.1:8443", 0, "https://vault.azure.net"),
            ("evilvault.azure.cn", 0, "https://vault.azure.net"),
        ] {
            let (found, cloud) = Cloud::of(host);
            assert_eq!((found, &*cloud.resource()), (place, resource), "{host}");
        }
    }
}
