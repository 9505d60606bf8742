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
    for (tls, variables, code) in [
        (
            ", tls: { ca: ca.pem, certificate: client.pem, key: client.key }",
            &[][..],
            0,
        ),
        (
            "",
            &[
                ("VAULT_CACERT", "ca.pem"),
                ("VAULT_CLIENT_CERT", "client.pem"),
                ("VAULT_CLIENT_KEY", "client.key"),
            ][..],
            0,
        ),
        (
            "",
            &[
                ("BAO_CACERT", "ca.pem"),
                ("BAO_CLIENT_CERT", "client.pem"),
                ("BAO_CLIENT_KEY", "client.key"),
            ],
            0,
        ),
        (", tls: { ca: ca.pem }", &[], 3),
        (", tls: { ca: ca.pem, certificate: stranger.pem }", &[], 3),
    ] {
        let scene = world.scene(tls);
        let mut straggler = audit(&scene, world.bao.root());
        for (variable, file) in variables {
            straggler = straggler.env(variable, scene.path(file));
        }
        let ran = straggler.run();
        assert_eq!(ran.status.code(), Some(code), "{tls} {variables:?}: {ran}");
        if code == 3 {
            let hop = told(&ran).pop().unwrap();
            hop.is_unreachable("could not be read", "");
        }
    }
}
