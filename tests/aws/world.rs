//! An account with signatures and permissions checked, and two who log in to it with the same files:
//! straggler, and AWS's own command line.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::moto::{Moto, REGION, User, said, tool, verdicts};
use crate::support::{CURRENT, Scene};

/// What the role `guarded` wants to be told.
pub const EXTERNAL_ID: &str = "tenant-17";

pub struct World {
    pub moto: Moto,
    /// Who may take on roles and nothing else.
    pub base: User,
    /// Who may read the secret.
    pub reader: User,
    /// A credential of the role `auditor`, as the token service gave it.
    pub session: Value,
}

pub type Variables = Vec<(&'static str, String)>;

impl World {
    pub fn start() -> Self {
        let moto = Moto::start();
        moto.write(&[
            json!(["secretsmanager", "create_secret", {"Name": "a", "SecretString": CURRENT}]),
        ]);
        let read = "secretsmanager:GetSecretValue";
        let base = moto.user("base", &["sts:AssumeRole"]);
        let reader = moto.user("reader", &[read]);
        let guard = json!({"StringEquals": {"sts:ExternalId": EXTERNAL_ID}});
        let mut calls = Vec::new();
        for (name, action, condition) in [
            ("link", "sts:AssumeRole", None),
            ("auditor", read, None),
            ("guarded", read, Some(guard)),
        ] {
            let mut trust =
                json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"});
            if let Some(condition) = condition {
                trust["Condition"] = condition;
            }
            let policy =
                |statement| json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
            let may = policy(json!({"Effect": "Allow", "Action": action, "Resource": "*"}));
            calls.push(json!(["iam", "create_role", {"RoleName": name, "AssumeRolePolicyDocument": policy(trust)}]));
            calls.push(json!(["iam", "put_role_policy", {"RoleName": name, "PolicyName": "p", "PolicyDocument": may}]));
        }
        calls.push(
            json!(["sts", "assume_role", {"RoleArn": role("auditor"), "RoleSessionName": "given"}]),
        );
        let session = moto.write(&calls).pop().unwrap()["Credentials"].take();
        moto.check_everybody();
        Self {
            moto,
            base,
            reader,
            session,
        }
    }

    /// A folder that is the home of whoever logs in.
    pub fn home(&self, config: &str) -> Scene {
        let credentials = format!(
            "[base]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            self.base.id, self.base.secret
        );
        crate::moto::scene(&["aws_secrets_manager: { secret: a }".to_owned()])
            .file(".aws/config", config)
            .file(".aws/credentials", credentials)
    }

    /// What both are started with.
    pub fn variables(&self, profile: &str) -> Variables {
        vec![
            ("AWS_PROFILE", profile.to_owned()),
            // The first version of the command line does not know AWS_REGION.
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ENDPOINT_URL", self.moto.url()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// Fails unless both read the same secret.
    #[track_caller]
    pub fn agree(&self, home: &Scene, variables: &Variables) {
        self.straggler_reads(home, variables);
        assert_eq!(cli(home, variables).as_deref(), Ok(CURRENT));
    }

    #[track_caller]
    pub fn straggler_reads(&self, home: &Scene, variables: &Variables) {
        let report = self.audit(home, variables);
        assert_eq!(verdicts(&report), ["current"], "{}", said(&report, 0));
    }

    /// Fails unless both fail, each with these words; gives what straggler says.
    #[track_caller]
    pub fn refuse(&self, home: &Scene, variables: &Variables, cli_says: &str, says: &[&str]) {
        let report = self.audit(home, variables);
        let told = said(&report, 0);
        assert_eq!(verdicts(&report), ["unreachable"], "{told}");
        for words in says {
            assert!(told.contains(words), "no {words:?} in {told}");
        }
        let complaint = cli(home, variables).unwrap_err();
        assert!(
            complaint.contains(cli_says),
            "no {cli_says:?} in {complaint}"
        );
    }

    fn audit(&self, home: &Scene, variables: &Variables) -> Value {
        let mut straggler = home.straggler(["audit", "-f", "json"]);
        for (name, value) in variables {
            straggler = straggler.env(name, value);
        }
        let ran = straggler.env("HOME", home.folder()).run();
        let token = self.session["SessionToken"].as_str().unwrap();
        for secret in [&self.base.secret, &self.reader.secret, token] {
            assert!(!format!("{ran}").contains(secret), "a credential is told");
        }
        ran.json()
    }
}

/// The ARN of a role there.
pub fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

/// What AWS's command line reads, or what it complains about.
pub fn cli(home: &Scene, variables: &Variables) -> Result<String, String> {
    let output = Command::new(tool("aws"))
        .args(["secretsmanager", "get-secret-value", "--secret-id", "a"])
        .args(["--query", "SecretString", "--output", "text"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.folder())
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
