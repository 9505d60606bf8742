//! What moto has not: the portal of IAM Identity Center, and a token service that takes web identities.

use std::sync::{Arc, Mutex};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use crate::support::server::{Answer, Asked, Server};

/// The token of whoever logged in, and the one that a refresh gives.
pub const LOGGED_IN: &str = "token-of-today";
pub const REFRESHED: &str = "token-of-tomorrow";

/// What a refresh is asked with; each is good for once.
pub const REFRESH: &str = "refresh-1";

pub struct Portal {
    server: Server,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Portal {
    /// One that gives this credential to whoever may have it.
    pub fn giving(session: &Value) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (session, log) = (session.clone(), Arc::clone(&asked));
        let refresh = Mutex::new(REFRESH.to_owned());
        let server = Server::new(move |request| {
            let path = request.path.split('?').next().unwrap();
            log.lock()
                .unwrap()
                .push(format!("{} {path}", request.method));
            match path {
                "/federation/credentials" => credentials(request, &session),
                "/token" => refreshed(request, &mut refresh.lock().unwrap()),
                "/" => web_identity(request, &session),
                _ => error(404, "ResourceNotFoundException", "there is nothing"),
            }
        });
        Self { server, asked }
    }

    pub fn url(&self) -> String {
        self.server.url("")
    }

    /// What was asked for since the last look.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn credentials(request: &Asked, session: &Value) -> Answer {
    let bearer = request.header("x-amz-sso_bearer_token");
    if ![LOGGED_IN, REFRESHED].contains(&bearer) {
        return error(
            401,
            "UnauthorizedException",
            "Session token not found or invalid",
        );
    }
    if !request.path.contains("role_name=Auditor")
        || !request.path.contains("account_id=123456789012")
    {
        return error(403, "ForbiddenException", "No access");
    }
    // In milliseconds, far from now.
    let given = json!({"roleCredentials": {
        "accessKeyId": session["AccessKeyId"], "secretAccessKey": session["SecretAccessKey"],
        "sessionToken": session["SessionToken"], "expiration": 4_102_444_800_000_u64,
    }});
    Answer::status(200, given.to_string()).header("Content-Type", "application/json")
}

fn refreshed(request: &Asked, good: &mut String) -> Answer {
    let asked: Value = serde_json::from_slice(&request.body).unwrap();
    if asked["grantType"] != "refresh_token"
        || asked["refreshToken"] != good.as_str()
        || asked["clientSecret"] != "client-secret"
    {
        return error(
            400,
            "InvalidGrantException",
            "Invalid refresh token provided",
        );
    }
    *good = format!("{good}+");
    let given = json!({"accessToken": REFRESHED, "expiresIn": 28800, "refreshToken": good, "tokenType": "Bearer"});
    Answer::status(200, given.to_string()).header("Content-Type", "application/json")
}

/// The token of a web identity is told apart by its text alone.
fn web_identity(request: &Asked, session: &Value) -> Answer {
    let form = String::from_utf8(request.body.clone()).unwrap();
    let code = match () {
        () if !form.contains("Action=AssumeRoleWithWebIdentity") => "InvalidAction",
        () if form.contains("WebIdentityToken=ended") => "ExpiredTokenException",
        () if !form.contains("WebIdentityToken=eyJ.good.jwt") => "InvalidIdentityToken",
        () if !form.contains("role%2Fauditor") => "AccessDenied",
        () => {
            let part = |name: &str| session[name].as_str().unwrap().to_owned();
            let given = format!(
                "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                 <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{}</AccessKeyId>\
                 <SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken>\
                 <Expiration>2099-12-31T00:00:00Z</Expiration></Credentials>\
                 </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
                part("AccessKeyId"),
                part("SecretAccessKey"),
                part("SessionToken")
            );
            return Answer::status(200, given).header("Content-Type", "text/xml");
        }
    };
    let told = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>No</Message></Error></ErrorResponse>"
    );
    let status = if code == "AccessDenied" { 403 } else { 400 };
    Answer::status(status, told).header("Content-Type", "text/xml")
}

fn error(status: u16, code: &str, said: &str) -> Answer {
    Answer::status(status, json!({"message": said}).to_string())
        .header("Content-Type", "application/json")
        .header("x-amzn-ErrorType", code)
}

/// Where AWS's tools keep the token of a session, by its name or its address.
pub fn cache(name: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, name.as_bytes());
    format!(".aws/sso/cache/{}.json", HEXLOWER.encode(digest.as_ref()))
}

/// The file of a login that ends then.
pub fn login(token: &str, end: &str) -> Value {
    json!({"startUrl": "https://company.awsapps.com/start", "region": "eu-west-1", "accessToken": token, "expiresAt": end})
}
