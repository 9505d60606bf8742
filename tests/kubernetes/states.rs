//! Pods that do not run beside pods that do.

use k8s_openapi::api::core::v1::{EnvVar, Pod};

use crate::fake::{Api, Fake};
use crate::objects::{
    AFTER, ended, from_secret, plain, pod, secret, terminating, unscheduled, waiting,
};
use crate::rbac::usual;
use crate::scene::Scene;
use crate::{CURRENT, OLD, TOKEN, USER};

const HOP: &str = "{ kubernetes_pods: { namespace: shop, selector: app=api } }";

fn of(name: &str, env: EnvVar) -> Pod {
    pod(("shop", name), "api", AFTER, vec![env])
}

/// A pod that runs with the current key, and this one beside it, where the Secret holds this.
fn beside(other: &Pod, held: &str) -> Fake {
    Api::default()
        .user(TOKEN, USER)
        .allow(usual("shop", "allstak"))
        .with(&secret("shop", "allstak", "api_key", held))
        .with(&of("api-0", plain(CURRENT)))
        .with(other)
        .start()
}

fn crashing(env: EnvVar) -> Pod {
    waiting(of("api-1", env), "Running", "CrashLoopBackOff", 7)
}

#[test]
fn a_pod_that_is_still_to_start_with_the_old_key_is_a_holder() {
    let fed = || from_secret("allstak", "api_key");
    for (other, state) in [
        (
            crashing(plain(OLD)),
            "it does not run now (CrashLoopBackOff)",
        ),
        (
            crashing(fed()),
            "it does not run now (CrashLoopBackOff); its next start gets what the Secret allstak holds",
        ),
        (
            unscheduled(of("api-1", plain(OLD))),
            "it has not started, its pod is Pending",
        ),
        (
            unscheduled(of("api-1", fed())),
            "it has not started, its pod is Pending",
        ),
        (
            waiting(of("api-1", plain(OLD)), "Pending", "ContainerCreating", 0),
            "it does not run now (ContainerCreating)",
        ),
        (
            waiting(of("api-1", plain(OLD)), "Pending", "ImagePullBackOff", 0),
            "it does not run now (ImagePullBackOff)",
        ),
        (
            terminating(of("api-1", plain(OLD))),
            "its pod is Terminating and still runs",
        ),
        (
            ended(of("api-1", plain(OLD)), "Running", 1),
            "it does not run now (Error)",
        ),
    ] {
        let fake = beside(&other, OLD);
        let scene = Scene::of(&fake);
        let ran = scene.audit("", &[HOP]).ends(1);
        ran.says(0, "stale", "value", "1 of 2 containers")
            .says(0, "stale", "value", state);
        let readings = ran.hop(0)["readings"].as_array().unwrap();
        assert_eq!(readings.len(), 2, "{readings:#?}");

        let asked = scene.revoke_check(HOP).ends(1);
        assert_eq!(asked.report["safe"], false);
        let held = &asked.report["holders"][0]["readings"];
        assert_eq!(held[0]["replica"], "api-1", "{held:#}");
    }
}

#[test]
fn what_has_finished_is_no_holder() {
    for other in [
        ended(of("api-1", plain(OLD)), "Succeeded", 0),
        ended(of("api-1", plain(OLD)), "Failed", 1),
        waiting(of("api-1", plain(OLD)), "Failed", "ContainerCreating", 0),
    ] {
        let fake = beside(&other, OLD);
        let scene = Scene::of(&fake);
        let ran = scene.audit("", &[HOP]).ends(0);
        assert_eq!(ran.hop(0)["readings"].as_array().unwrap().len(), 1);
        scene.revoke_check(HOP).ends(0);
    }
}

#[test]
fn a_pod_that_is_still_to_start_with_the_current_key_is_proven_and_said_not_to_run() {
    for other in [
        crashing(plain(CURRENT)),
        crashing(from_secret("allstak", "api_key")),
        unscheduled(of("api-1", from_secret("allstak", "api_key"))),
    ] {
        let fake = beside(&other, CURRENT);
        let ran = Scene::of(&fake).audit("", &[HOP]).ends(0);
        let readings = ran.hop(0)["readings"].as_array().unwrap();
        for reading in readings {
            assert_eq!(reading["evidence"], "value", "{reading:#}");
        }
        let told = readings[1]["message"].as_str().unwrap();
        assert!(told.contains("its next start gets what"), "{told}");
    }
}

#[test]
fn what_the_command_may_replace_or_bring_is_never_proven() {
    let with = |env: Vec<EnvVar>, command: &[&str]| {
        let mut pod = pod(("shop", "api-1"), "api", AFTER, env);
        let container = &mut pod.spec.as_mut().unwrap().containers[0];
        container.command = Some(command.iter().map(|word| (*word).to_owned()).collect());
        Api::default()
            .user(TOKEN, USER)
            .allow(usual("shop", "allstak"))
            .with(&pod)
            .start()
    };
    let doppler = ["doppler", "run", "--", "app"];
    for (fake, verdict, code) in [
        (
            with(Vec::new(), &["op", "run", "--", "app"]),
            "unverified",
            3,
        ),
        (with(Vec::new(), &doppler), "unverified", 3),
        (with(vec![plain(CURRENT)], &doppler), "current", 3),
        (with(vec![plain(OLD)], &doppler), "stale", 1),
    ] {
        let scene = Scene::of(&fake);
        scene.audit("", &[HOP]).ends(code).says(
            0,
            verdict,
            "none",
            "resolves secrets when it starts",
        );
        scene.revoke_check(HOP).ends(code);
    }
    let fake = with(Vec::new(), &["app"]);
    let scene = Scene::of(&fake);
    scene
        .audit("", &[HOP])
        .ends(1)
        .says(0, "missing", "value", "say `loads: itself`");
    let itself = "{ kubernetes_pods: { namespace: shop, selector: app=api, loads: itself } }";
    scene
        .audit("", &[itself])
        .ends(3)
        .says(0, "unverified", "none", "loads its key by itself");
    scene.revoke_check(itself).ends(3);
}
