use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose rules an env file is read by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// npm dotenv 17 and 18 (without their `fast` option), and the many tools that carry it.
    #[default]
    Dotenv,
    /// `docker run --env-file`. The environment files of Amazon ECS and `kubectl create
    /// --from-env-file` give the same values; kubectl takes fewer files: no name twice, and no name
    /// that a container could not have.
    Docker,
    /// `env_file:` and `.env` of Docker Compose 2.
    Compose,
    /// `node --env-file` and `util.parseEnv` of Node 20.
    Node,
    /// python-dotenv 1.2.4.
    PythonDotenv,
    /// `EnvironmentFile=` of systemd.
    Systemd,
    /// `set -a; . file` in a POSIX shell.
    Shell,
    /// The dotenv gem 3.2 of Ruby.
    RubyDotenv,
    /// phpdotenv 5.8 of PHP, which Laravel loads.
    Phpdotenv,
    /// The Dotenv component of Symfony 7.4 and 6.4.
    Symfony,
}

impl Dialect {
    /// Every dialect, in the order of the manual.
    pub const ALL: [Self; 10] = [
        Self::Dotenv,
        Self::Docker,
        Self::Compose,
        Self::Node,
        Self::PythonDotenv,
        Self::Systemd,
        Self::Shell,
        Self::RubyDotenv,
        Self::Phpdotenv,
        Self::Symfony,
    ];

    /// The name in targets.yaml.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Dotenv => "dotenv",
            Self::Docker => "docker",
            Self::Compose => "compose",
            Self::Node => "node",
            Self::PythonDotenv => "python-dotenv",
            Self::Systemd => "systemd",
            Self::Shell => "shell",
            Self::RubyDotenv => "ruby-dotenv",
            Self::Phpdotenv => "phpdotenv",
            Self::Symfony => "symfony",
        }
    }

    /// Whether values may refer to other variables.
    pub(super) fn expands(self) -> bool {
        matches!(
            self,
            Self::Compose
                | Self::PythonDotenv
                | Self::Shell
                | Self::RubyDotenv
                | Self::Phpdotenv
                | Self::Symfony
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_name_in_yaml() {
        for dialect in Dialect::ALL {
            let written = serde_json::to_value(dialect).unwrap();
            assert_eq!(written, dialect.id());
            assert_eq!(serde_json::from_value::<Dialect>(written).unwrap(), dialect);
        }
    }

    #[test]
    fn dotenv_is_the_default() {
        assert_eq!(Dialect::default(), Dialect::Dotenv);
    }
}
