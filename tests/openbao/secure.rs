//! TLS: whom straggler trusts, and how it shows who it is.

use crate::certificates::Authority;
use crate::scene::{audit, deployment, key, scene, store_at, told};
use crate::server::Bao;
use crate::support::{CURRENT, Scene};

struct World {
    bao: Bao,
    authority: Authority,
    #[expect(dead_code, reason = "its files go when this is dropped")]
    folder: tempfile::TempDir,
}

/// A server with a certificate of an authority that nobody else knows, and with these settings beside.
fn world(authority: Authority, more: &str) -> World {
    let folder = tempfile::tempdir().unwrap();
    let server = authority.server();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let settings = format!(
        "tls_cert_file = \"{}\"\n tls_key_file = \"{}\"\n tls_client_ca_file = \"{}\"\n {more}",
        file("server.pem", &server.certificate),
        file("server.key", &server.key),
        file("ca.pem", &authority.certificate)
    );
    let bao = Bao::listening(Some(&settings));
    bao.within("").put("web", &key(CURRENT));
    World {
        bao,
        authority,
        folder,
    }
}

impl World {
    fn scene(&self, settings: &str) -> Scene {
        let settings = format!("token: {{ env: TOKEN }}{settings}");
        let store = store_at(&self.bao.secure_url(), &settings);
        let client = self.authority.client("straggler");
        let stranger = Authority::new("of somebody else").client("straggler");
        scene(&store, &[deployment("web", "")])
            .file("ca.pem", &self.authority.certificate)
            .file("client.pem", &client.certificate)
            .file("client.key", &client.key)
            .file("stranger.pem", stranger.certificate + &stranger.key)
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn only_the_authority_that_is_named_is_trusted() {
    let world = world(Authority::new("of the tests"), "");
    for (tls, variables, code) in [
        (", tls: { ca: ca.pem }", &[][..], 0),
        ("", &["VAULT_CACERT"][..], 0),
        ("", &["BAO_CACERT"], 0),
        ("", &[], 3),
        // As if it were trusted after all.
        ("", &["VAULT_SKIP_VERIFY"], 3),
    ] {
        let scene = world.scene(tls);
        let mut straggler = audit(&scene, world.bao.root());
        for variable in variables {
            straggler = straggler.env(variable, scene.path("ca.pem"));
        }
        let ran = straggler.run();
        assert_eq!(ran.status.code(), Some(code), "{tls} {variables:?}: {ran}");
        if code == 3 {
            let hop = told(&ran).pop().unwrap();
            hop.is_unreachable("no secure connection", "");
        }
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn a_client_certificate_is_shown_where_one_is_wanted() {
    let world = world(
        Authority::new("of the tests"),
        "tls_require_and_verify_client_cert = true",
    );
    // Its own word for it is often lost when it hangs up.
    let wanted = "wants a client certificate";
    let refused = "does not take the client certificate";
    let unfit = "do not belong together";
    for (tls, variables, why) in [
        (
            ", tls: { ca: ca.pem, certificate: client.pem, key: client.key }",
            &[][..],
            None,
        ),
        (
            "",
            &[
                ("VAULT_CACERT", "ca.pem"),
                ("VAULT_CLIENT_CERT", "client.pem"),
                ("VAULT_CLIENT_KEY", "client.key"),
            ][..],
            None,
        ),
        (
            "",
            &[
                ("BAO_CACERT", "ca.pem"),
                ("BAO_CLIENT_CERT", "client.pem"),
                ("BAO_CLIENT_KEY", "client.key"),
            ],
            None,
        ),
        (", tls: { ca: ca.pem }", &[], Some(wanted)),
        (
            ", tls: { ca: ca.pem, certificate: stranger.pem }",
            &[],
            Some(refused),
        ),
        (
            ", tls: { ca: ca.pem, certificate: client.pem, key: stranger.pem }",
            &[],
            Some(unfit),
        ),
    ] {
        let scene = world.scene(tls);
        let mut straggler = audit(&scene, world.bao.root());
        for (variable, file) in variables {
            straggler = straggler.env(variable, scene.path(file));
        }
        let ran = straggler.run();
        let code = if why.is_some() { 3 } else { 0 };
        assert_eq!(ran.status.code(), Some(code), "{tls} {variables:?}: {ran}");
        if let Some(why) = why {
            let hop = told(&ran).pop().unwrap();
            hop.is_unreachable(why, "");
        }
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn a_scheme_that_does_not_fit_the_port_is_told() {
    let world = world(Authority::new("of the tests"), "");
    for (address, why, next) in [
        (
            world.bao.secure_url().replace("https://", "http://"),
            "speaks TLS on that port",
            "write https:// in the address",
        ),
        (
            world.bao.url().replace("http://", "https://"),
            "does not speak TLS on that port",
            "write http:// in the address",
        ),
    ] {
        let store = store_at(&address, "token: { env: TOKEN }");
        let scene = scene(&store, &[deployment("web", "")]);
        let ran = audit(&scene, world.bao.root()).run();
        assert_eq!(ran.status.code(), Some(3), "{ran}");
        told(&ran).pop().unwrap().is_unreachable(why, next);
    }
}
