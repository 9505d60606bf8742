//! One audit with a bit of everything, for the tests of every format.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::audit::Audit;
use crate::gate::testing::{
    Scene, current, failed_with, foreign, hop, malformed, missing, next, no_reference,
    not_required, not_selected, revoked, stale, timed, unknown, waiver,
};
use crate::inventory::Deployment;
use crate::judge::{Outcome, TimeProof};
use crate::keyring::Damage;
use crate::verdict::{Evidence, Expectation, Verdict};

fn reference() -> Outcome {
    current().on(Evidence::Reference)
}

fn axis(region: &'static str) -> impl Fn(&mut Deployment) {
    move |deployment| deployment.axes = Box::new([("region".into(), region.into())])
}

fn pods(old: usize, all: usize) -> Vec<Outcome> {
    let started = "2026-11-02T07:00:00Z";
    let mut pods: Vec<_> = (0..old)
        .map(|index| stale(0).of(&format!("cart-7f9c{index}")).started(started))
        .collect();
    pods.extend((old..all).map(|index| current().of(&format!("cart-8a0b{index}"))));
    pods
}

/// Ten deployments of the project shop beside a project mail.
pub(crate) fn mixed() -> Scene {
    let vault = || hop("vault", [reference()]).location("vault:secret/shop#api_key");
    let secret = |region: &str, outcome| {
        hop("kubernetes_secret", [outcome])
            .location(format!("kubernetes:{region}/shop/secret/allstak"))
    };
    let restart =
        |name: &str| format!("restart: kubectl -n shop rollout restart deployment/{name}");
    let dotenv = |name: &str, outcome| {
        hop("dotenv", [outcome])
            .location(format!("dotenv:/srv/{name}/.env"))
            .remedy(format!(
                "write the current key as ALLSTAK_API_KEY to /srv/{name}/.env"
            ))
    };
    let newline = malformed(&[Damage::TrailingNewline]);
    Scene::new()
        .project("shop")
        .project("mail")
        .deploy(
            "cart",
            [
                vault(),
                secret("prod-eu", current()),
                hop("kubernetes_pods", pods(2, 20))
                    .location("kubernetes:prod-eu/shop/pods?app=cart")
                    .remedy(restart("cart")),
            ],
        )
        .declared(axis("prod-eu"))
        .deploy(
            "cart",
            [
                vault(),
                secret(
                    "prod-us",
                    failed_with(
                        "secrets \"allstak\" is forbidden",
                        "grant `get` on secrets/allstak in namespace shop",
                    ),
                ),
                hop("kubernetes_pods", pods(0, 4))
                    .location("kubernetes:prod-us/shop/pods?app=cart")
                    .remedy(restart("cart")),
            ],
        )
        .declared(axis("prod-us"))
        .deploy(
            "checkout",
            [
                dotenv("checkout", revoked()),
                hop(
                    "process",
                    [revoked().of("4242").started("2026-10-05T00:00:00Z")],
                )
                .inherited(),
            ],
        )
        .deploy(
            "search",
            [
                dotenv("search", stale(0)),
                hop("process", [stale(0)]).inherited(),
            ],
        )
        .deploy(
            "suggest",
            [
                dotenv("suggest", stale(0)),
                hop("process", [stale(0)]).inherited(),
            ],
        )
        .deploy("landing", [dotenv("landing", newline)])
        .deploy(
            "mailer",
            [dotenv("mailer", current()), hop("process", [foreign(1)])],
        )
        .declared(|deployment| deployment.owner = Some("messaging".into()))
        .deploy(
            "batch",
            [hop("env", [missing()]).waived(&[Verdict::Missing], "2026-12-31T23:59:59Z")],
        )
        .deploy(
            "report",
            [
                dotenv("report", current()),
                hop("process", [timed(TimeProof::RotationUnknown)]),
            ],
        )
        .deploy(
            "web",
            [dotenv("web", current()), hop("process", [current()])],
        )
        .deploy(
            "worker",
            [hop("env", [not_required()]).expect(Expectation::Optional)],
        )
        .deploy("docs", [not_selected("bundle")])
        .declared(|deployment| {
            deployment.waiver = Some(waiver(&[Verdict::Stale], "2026-11-01T00:00:00Z"))
        })
}

/// A deployment's name and route; each hop its source, its location and its replicas, each replica
/// an outcome and a name.
pub(crate) type Plan = Vec<(String, Vec<(usize, String, Vec<(usize, String)>)>)>;

/// Plans of audits with anything in them, names from outside above all.
pub(crate) fn any_plan() -> impl Strategy<Value = Plan> {
    let text = || {
        prop_oneof![
            "[a-z]{1,12}",
            any::<String>(),
            "[\u{1b}\u{9b}\u{202e}\n\r\ta-c<>|\"支]{0,90}"
        ]
    };
    let replicas = vec((0..OUTCOMES.len(), text()), 0..4);
    let route = vec((0..SOURCES.len(), text(), replicas), 1..6);
    vec((text(), route), 0..6)
}

const SOURCES: [&str; 6] = [
    "vault",
    "kubernetes_secret",
    "dotenv",
    "process",
    "kubernetes_pods",
    "bundle",
];

const OUTCOMES: [fn() -> Outcome; 14] = [
    current,
    reference,
    || current().on(Evidence::Attested),
    next,
    || stale(1),
    revoked,
    || foreign(1),
    || malformed(&[Damage::TrailingNewline, Damage::DoubleQuotes]),
    missing,
    unknown,
    no_reference,
    || timed(TimeProof::NoTime),
    not_required,
    || failed_with("\u{1b}]0;gone\u{7}", "\u{202e}look"),
];

/// The audit of a plan. Hostile texts go wherever a text from outside can.
pub(crate) fn planned(plan: Plan) -> Audit {
    let mut scene = Scene::new().project("shop").project("mail");
    for (name, route) in plan {
        let hops = route.into_iter().map(|(source, location, replicas)| {
            let readings = replicas
                .into_iter()
                .map(|(outcome, text)| OUTCOMES[outcome]().of(&text).noted(&text));
            hop(SOURCES[source], readings)
                .remedy(format!("mend: {location}"))
                .location(location)
        });
        scene = scene.deploy(&name, hops).declared(|deployment| {
            let text: std::sync::Arc<str> = name.as_str().into();
            deployment.environment = Some(text.clone());
            deployment.owner = Some(text.clone());
            deployment.axes = Box::new([(text.clone(), text)]);
        });
    }
    scene.audit()
}
