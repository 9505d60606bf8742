//! Every way to log in to AWS, beside what AWS's own command line makes of the very same files: both read the
//! same secret, or both fail for the same reason. moto checks signatures and permissions.

use serde_json::json;

use crate::portal::{LOGGED_IN, Portal, REFRESH, cache, login};
use crate::support::{CURRENT, Scene};
use crate::world::{EXTERNAL_ID, Variables, World, cli, role};

const SSO: &str = "\
[profile auditor]
sso_session = company
sso_account_id = 123456789012
sso_role_name = Auditor
[sso-session company]
sso_region = eu-west-1
sso_start_url = https://company.awsapps.com/start
";

const LATER: &str = "2099-12-31T00:00:00Z";
const PAST: &str = "2026-01-01T00:00:00Z";

/// The variables of somebody who logs in at this portal.
fn at(world: &World, portal: &Portal) -> Variables {
    let mut variables = world.variables("auditor");
    variables.push(("AWS_ENDPOINT_URL_SSO", portal.url()));
    variables.push(("AWS_ENDPOINT_URL_SSO_OIDC", portal.url()));
    variables
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn an_sso_session_gives_its_role() {
    let world = World::start();
    let portal = Portal::giving(&world.session);
    let variables = at(&world, &portal);
    let home = world.home(SSO);
    world.refuse(
        &home,
        &variables,
        "Token for company does not exist",
        &[
            "the profile `auditor` in ",
            ".aws/config",
            "nobody logged in",
            "run `aws sso login --sso-session company`",
        ],
    );
    assert!(portal.asked().is_empty());
    let home = home.file(&cache("company"), login(LOGGED_IN, LATER).to_string());
    world.agree(&home, &variables);
    assert_eq!(portal.asked(), ["GET /federation/credentials"; 2]);

    let home = home.file(&cache("company"), login("of-somebody", LATER).to_string());
    world.refuse(
        &home,
        &variables,
        "has expired or is otherwise invalid",
        &[
            "aws sso login --sso-session company",
            "UnauthorizedException",
        ],
    );
    let home = home.file(&cache("company"), login(LOGGED_IN, PAST).to_string());
    world.refuse(
        &home,
        &variables,
        "Token has expired and refresh failed",
        &["has expired", "aws sso login --sso-session company"],
    );
    let other = SSO.replace("sso_role_name = Auditor", "sso_role_name = Owner");
    let home = home
        .file(".aws/config", other)
        .file(&cache("company"), login(LOGGED_IN, LATER).to_string());
    world.refuse(
        &home,
        &variables,
        "ForbiddenException",
        &["the role Owner of account 123456789012", "assigned to you"],
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn an_sso_session_that_is_set_up_badly_says_what_is_missing() {
    let world = World::start();
    let portal = Portal::giving(&world.session);
    let variables = at(&world, &portal);
    let home = world.home(&SSO.replace("[sso-session company]", "[sso-session firm]"));
    world.refuse(
        &home,
        &variables,
        "sso-session does not exist: \"company\"",
        &["`sso_session` that is not there: `company`", ".aws/config"],
    );
    let home = home.file(
        ".aws/config",
        SSO.replace("sso_account_id = 123456789012\n", ""),
    );
    world.refuse(
        &home,
        &variables,
        "missing required configuration: sso_account_id",
        &[
            "lacks `sso_account_id`",
            "aws configure sso --profile auditor",
        ],
    );
    let two = SSO.replace("sso_session", "sso_region = us-east-1\nsso_session");
    let home = home.file(".aws/config", two);
    world.refuse(
        &home,
        &variables,
        "inconsistent between profile (us-east-1) and sso-session (eu-west-1)",
        &["say different things as `sso_region`"],
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_login_that_has_ended_is_refreshed_as_the_command_line_does_it() {
    let world = World::start();
    let portal = Portal::giving(&world.session);
    let variables = at(&world, &portal);
    let mut ended = login("token-of-yesterday", PAST);
    ended["clientId"] = "client".into();
    ended["clientSecret"] = "client-secret".into();
    ended["registrationExpiresAt"] = LATER.into();
    ended["refreshToken"] = REFRESH.into();
    let home = world.home(SSO).file(&cache("company"), ended.to_string());
    world.straggler_reads(&home, &variables);
    assert_eq!(
        portal.asked(),
        ["POST /token", "GET /federation/credentials"]
    );
    // What it left is what the other needs: the first refresh token is used up.
    assert_eq!(cli(&home, &variables).as_deref(), Ok(CURRENT));
    assert_eq!(portal.asked(), ["GET /federation/credentials"]);
    let left = std::fs::read_to_string(home.path(&cache("company"))).unwrap();
    let left: serde_json::Value = serde_json::from_str(&left).unwrap();
    assert_eq!(left["clientId"], "client");
    assert_eq!(left["refreshToken"], format!("{REFRESH}+"));
    let names = std::fs::read_dir(home.path(".aws/sso/cache")).unwrap();
    assert_eq!(names.count(), 1, "nothing is left beside it");

    ended["refreshToken"] = "used-up".into();
    let home = home.file(&cache("company"), ended.to_string());
    world.refuse(
        &home,
        &variables,
        "Token has expired and refresh failed",
        &[
            "InvalidGrantException",
            "aws sso login --sso-session company",
        ],
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn the_older_form_of_an_sso_profile_is_taken() {
    let world = World::start();
    let portal = Portal::giving(&world.session);
    let variables = at(&world, &portal);
    let config = SSO
        .replace("sso_session = company\n", "")
        .replace("[sso-session company]\n", "");
    let home = world.home(&config);
    world.refuse(
        &home,
        &variables,
        "Token for https://company.awsapps.com/start does not exist",
        &["aws sso login --profile auditor"],
    );
    let name = cache("https://company.awsapps.com/start");
    let home = home.file(&name, login(LOGGED_IN, LATER).to_string());
    world.agree(&home, &variables);
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn the_token_file_of_a_profile_is_exchanged_for_its_role() {
    let world = World::start();
    let portal = Portal::giving(&world.session);
    let mut variables = world.variables("ci");
    variables.push(("AWS_ENDPOINT_URL_STS", portal.url()));
    let home = world.home("");
    let config = |role_name: &str| {
        format!(
            "[profile ci]\nrole_arn = {}\nrole_session_name = nightly\nweb_identity_token_file = {}\n",
            role(role_name),
            home.path("token").display()
        )
    };
    std::fs::write(home.path(".aws/config"), config("auditor")).unwrap();
    let token = |text: &str| std::fs::write(home.path("token"), text).unwrap();
    world.refuse(
        &home,
        &variables,
        "No such file or directory",
        &["the profile `ci` in ", "/token", "is not there"],
    );
    token("eyJ.good.jwt");
    world.agree(&home, &variables);
    token("ended");
    world.refuse(
        &home,
        &variables,
        "ExpiredToken",
        &["ExpiredToken", "write a fresh token", "/token"],
    );
    token("of.another.issuer");
    world.refuse(
        &home,
        &variables,
        "InvalidIdentityToken",
        &["InvalidIdentityToken", "audience (`aud`)"],
    );
    token("eyJ.good.jwt");
    std::fs::write(home.path(".aws/config"), config("owner")).unwrap();
    world.refuse(
        &home,
        &variables,
        "AccessDenied",
        &[
            "AccessDenied",
            "trust policy of arn:aws:iam::123456789012:role/owner",
        ],
    );
    // As a pod has it: variables, and no files at all.
    let bare = crate::moto::scene(&["aws_secrets_manager: { secret: a }".to_owned()]);
    variables.retain(|(name, _)| *name != "AWS_PROFILE");
    variables.push(("AWS_ROLE_ARN", role("auditor")));
    let file = home.path("token").to_str().unwrap().to_owned();
    variables.push(("AWS_WEB_IDENTITY_TOKEN_FILE", file));
    world.agree(&bare, &variables);
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn roles_lead_on_to_roles() {
    let world = World::start();
    let config = format!(
        "\
[profile auditor]
role_arn = {}
source_profile = link
external_id = {EXTERNAL_ID}
role_session_name = nightly
duration_seconds = 900
[profile link]
role_arn = {}
source_profile = base
[profile base]
region = eu-west-1
",
        role("guarded"),
        role("link"),
    );
    let variables = world.variables("auditor");
    let home = world.home(&config);
    world.agree(&home, &variables);
    assert_eq!(world.moto.counts()["/"], 4, "two roles for each");

    let wrong = config.replace(EXTERNAL_ID, "tenant-18");
    let home = home.file(".aws/config", wrong);
    world.refuse(
        &home,
        &variables,
        "AccessDenied",
        &[
            "the role arn:aws:iam::123456789012:role/guarded of the profile `auditor` in ",
            "sts:AssumeRole",
            "external id",
        ],
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_chain_of_roles_that_leads_nowhere_is_told() {
    let world = World::start();
    let home = world.home("");
    let with = |lines: &str| {
        let config = format!(
            "[profile auditor]\nrole_arn = {}\n{lines}\n",
            role("auditor")
        );
        std::fs::write(home.path(".aws/config"), config).unwrap();
    };
    let variables = world.variables("auditor");
    let refuse = |lines: &str, cli_says: &str, says: &[&str]| {
        with(lines);
        world.refuse(&home, &variables, cli_says, says);
    };
    refuse(
        "source_profile = bsae",
        "\"bsae\" referenced in the profile \"auditor\" does not exist",
        &[
            "no profile `bsae`",
            "did you mean `base`?",
            "source_profile",
        ],
    );
    refuse(
        "",
        "missing: source_profile or credential_source",
        &["add `source_profile`"],
    );
    refuse(
        "source_profile = base\ncredential_source = Environment",
        "contains both",
        &["`source_profile` and a `credential_source`"],
    );
    refuse(
        "credential_source = Enviroment",
        "is not valid",
        &[
            "unknown `credential_source`: Enviroment",
            "Ec2InstanceMetadata",
        ],
    );
    refuse(
        "credential_source = EcsContainer",
        "No credentials found in credential_source",
        &["`credential_source = EcsContainer` of the profile `auditor`"],
    );
    refuse(
        &format!(
            "source_profile = other\n[profile other]\nrole_arn = {}\nsource_profile = auditor",
            role("link")
        ),
        "Infinite loop",
        &["leads in a circle: auditor → other → auditor"],
    );
    refuse(
        "source_profile = empty\n[profile empty]\nregion = eu-west-1",
        "must have credentials",
        &["the profile `empty` in ", "has none"],
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_role_may_come_from_the_environment_or_from_its_own_keys() {
    let world = World::start();
    let config = format!(
        "[profile auditor]\nrole_arn = {}\ncredential_source = Environment\n",
        role("auditor")
    );
    let home = world.home(&config);
    let mut variables = world.variables("auditor");
    world.refuse(
        &home,
        &variables,
        "No credentials found in credential_source",
        &["set AWS_ACCESS_KEY_ID"],
    );
    // Keys in the environment go before a profile that AWS_PROFILE names, but not before the store's.
    variables.push(("AWS_ACCESS_KEY_ID", world.base.id.clone()));
    variables.push(("AWS_SECRET_ACCESS_KEY", world.base.secret.clone()));
    world.refuse(
        &home,
        &variables,
        "AccessDenied",
        &["allow `secretsmanager:GetSecretValue`"],
    );
    let home = in_store(home, "{ profile: auditor }");
    variables.retain(|(name, _)| *name != "AWS_PROFILE");
    world.straggler_reads(&home, &variables);

    let own = format!(
        "[profile auditor]\nrole_arn = {}\nsource_profile = auditor\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        role("auditor"),
        world.base.id,
        world.base.secret,
    );
    let home = world.home(&own);
    world.agree(&home, &world.variables("auditor"));
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_code_of_a_device_is_asked_of_nobody() {
    let world = World::start();
    let config = format!(
        "[profile auditor]\nrole_arn = {}\nsource_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/ana\n",
        role("auditor")
    );
    let home = world.home(&config);
    world.refuse(
        &home,
        &world.variables("auditor"),
        "MFA",
        &[
            "the profile `auditor` in ",
            "MFA device arn:aws:iam::123456789012:mfa/ana",
            "aws configure export-credentials --profile auditor --format env",
        ],
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_program_prints_a_credential() {
    let world = World::start();
    let home = world.home("");
    let script = |body: &str| std::fs::write(home.path("give key.sh"), body).unwrap();
    let config = format!(
        "[profile auditor]\ncredential_process = /bin/sh '{}' \"of two words\" # it gets this too\n",
        home.path("give key.sh").display()
    );
    std::fs::write(home.path(".aws/config"), config).unwrap();
    let variables = world.variables("auditor");
    let printed = json!({
        "Version": 1,
        "AccessKeyId": world.reader.id,
        "SecretAccessKey": world.reader.secret,
    });
    script(&format!(
        "test \"$1,$2\" = 'of two words,#' || exit 1\necho '{printed}'\n"
    ));
    world.agree(&home, &variables);

    script("echo the vault is closed >&2; exit 7");
    world.refuse(
        &home,
        &variables,
        "the vault is closed",
        &[
            "the `credential_process` of the profile `auditor` in ",
            "`/bin/sh` exited with status 7: the vault is closed",
        ],
    );
    script(&format!(
        "echo '{}'",
        printed
            .to_string()
            .replace("\"Version\":1", "\"Version\":2")
    ));
    world.refuse(
        &home,
        &variables,
        "Unsupported version '2'",
        &[
            "`Version` other than 1",
            "aws sts get-caller-identity --profile auditor",
        ],
    );
    script("echo '{\"Version\": 1, \"AccessKeyId\": \"x\"}'");
    world.refuse(
        &home,
        &variables,
        "Missing required key in response: 'SecretAccessKey'",
        &["no `SecretAccessKey`"],
    );
    script(&format!("echo '{}'", world.reader.secret));
    world.refuse(&home, &variables, "", &["printed no credential as JSON"]);

    // The command line would wait for ever.
    script("sleep 1000");
    let mut straggler = home.straggler(["audit", "--timeout", "1s", "-f", "json"]);
    for (name, value) in &variables {
        straggler = straggler.env(name, value);
    }
    straggler
        .env("HOME", home.folder())
        .run()
        .ends(3)
        .prints("gave no credential within");
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_profile_that_is_not_there_is_named() {
    let world = World::start();
    let home = world.home("[profile auditor]\nregion = eu-west-1\n");
    let mut variables = world.variables("auditro");
    let not_there = "The config profile (auditro) could not be found";
    let told: &[&str] = &[
        "no profile `auditro`",
        ".aws/config",
        "did you mean `auditor`?",
    ];
    world.refuse(&home, &variables, not_there, told);
    // Also where keys are set, and where the region would come from it.
    variables.push(("AWS_ACCESS_KEY_ID", world.reader.id.clone()));
    variables.push(("AWS_SECRET_ACCESS_KEY", world.reader.secret.clone()));
    world.refuse(&home, &variables, not_there, told);
    variables.retain(|(name, _)| *name != "AWS_DEFAULT_REGION");
    world.refuse(&home, &variables, not_there, told);
    // A profile that is there and says nothing of a login.
    world.refuse(
        &home,
        &world.variables("auditor"),
        "Unable to locate credentials",
        &["the profile `auditor` in ", "names none"],
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn every_login_call_goes_where_the_settings_say() {
    let world = World::start();
    let services = format!(
        "\
[profile auditor]
role_arn = {}
source_profile = base
services = private
[services private]
sts =
  endpoint_url = {url}
secrets_manager =
  endpoint_url = {url}
",
        role("auditor"),
        url = world.moto.url(),
    );
    let home = world.home(&services);
    let mut variables = world.variables("auditor");
    variables.retain(|(name, _)| *name != "AWS_ENDPOINT_URL");
    world.agree(&home, &variables);
    assert_eq!(world.moto.counts()["/"], 2);

    // What the store says goes first, for the role as well.
    let bare = services.split("services =").next().unwrap();
    let home = in_store(
        world.home(bare),
        &format!("{{ endpoint: '{}' }}", world.moto.url()),
    );
    world.straggler_reads(&home, &variables);
    assert_eq!(world.moto.counts()["/"], 1);

    let portal = Portal::giving(&world.session);
    let home = in_store(
        world.home(SSO),
        &format!("{{ endpoint: '{}' }}", portal.url()),
    )
    .file(&cache("company"), login(LOGGED_IN, LATER).to_string());
    let mut straggler = home.straggler(["audit"]).env("HOME", home.folder());
    for (name, value) in &variables {
        straggler = straggler.env(name, value);
    }
    straggler.run().ends(3);
    assert_eq!(
        portal.asked().first().unwrap(),
        "GET /federation/credentials"
    );
}

/// The same with a store of these settings.
fn in_store(home: Scene, settings: &str) -> Scene {
    let targets = std::fs::read_to_string(home.path("targets.yaml")).unwrap();
    let targets = targets
        .replace(
            "deployments:",
            &format!("stores: {{ prod: {{ aws: {settings} }} }}\ndeployments:"),
        )
        .replace("{ secret: a }", "{ store: prod, secret: a }");
    home.file("targets.yaml", targets)
}
