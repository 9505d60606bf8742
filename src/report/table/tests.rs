use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::testing::{any_plan, mixed, planned};
use super::super::{Look, Shown};
use super::fit::width;
use super::write::FORMAT;
use crate::audit::Audit;
use crate::gate::testing::{Scene, current, hop, print_of, stale};
use crate::judge::{Soundness, Warning};
use crate::keyring::{KeyId, ProjectId};
use crate::text::escape;
use crate::verdict::{Evidence, Verdict};

fn table(audit: &Audit, width: usize, colour: bool) -> String {
    let mut out = Vec::new();
    let report = (FORMAT.make)(Look { width, colour });
    report.write(Shown::all(audit), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Everything before the findings.
fn top(audit: &Audit, width: usize) -> String {
    let text = table(audit, width, false);
    let end = text.find("\n\n✗ revoked · checkout").unwrap();
    text[..end].to_owned() + "\n"
}

#[test]
fn eighty_columns() {
    let expected = "\
✗ stale            cart (prod-eu)  = → ✓ → kubernetes_pods ✗ 2/20
? unreachable      cart (prod-us)  = → kubernetes_secret ? → ✓
✗ revoked          checkout        dotenv ✗ → process ↳
✗ stale            search          dotenv ✗ → process ↳
✗ stale            suggest         dotenv ✗ → process ↳
✗ malformed        landing         dotenv ✗
✗ wrong-project    mailer          dotenv ✓ → process ✗
○ missing, waived  batch           env ○
~ unverified       report          dotenv ✓ → process ~
✓ current          web             dotenv ✓ → process ✓
- not-required     worker          env -
· not-selected     docs            bundle ·

✓ current  = the reference itself  ✗ broken here  ↳ broken before  ? not read
~ proves nothing  ○ waived  - not required  · not selected

12 deployments: 1 revoked, 3 stale, 1 wrong-project, 1 malformed,
1 missing (waived), 1 unreachable, 1 unverified, 1 current, 1 not-required,
1 not-selected · 20 of 21 hops read, 16 proven, 1 not selected
exit 1: drift in 6 deployments; besides, 1 deployment not wholly read, 1
deployment not proven at its last hop

✗ revoked · checkout · owner payments
  holds the previous key, 1 rotation behind, replaced 2026-11-20; what runs has
  it too: events are being lost now: the key is refused, after which the Python
  SDK stays off until the process restarts and the Rust SDK drops every event
    dotenv:/srv/checkout/.env
  → write the current key as ALLSTAK_API_KEY to /srv/checkout/.env
  → then restart it: systemctl restart checkout.service

✗ stale · 2 deployments · owner payments
  holds the previous key, 1 rotation behind, replaced 2026-11-20
    search at dotenv:/srv/search/.env
    suggest at dotenv:/srv/suggest/.env
  → write the current key as ALLSTAK_API_KEY to /srv/search/.env
    (likewise for the others)
  → then restart it: systemctl restart search.service
    (likewise for the others)

✗ stale · cart (prod-eu) · owner payments
  2 of 20 pods hold the previous key, 1 rotation behind, replaced 2026-11-20;
  oldest holder cart-7f9c0, started 2026-11-02; 18 current
    kubernetes:prod-eu/shop/pods?app=cart
  → restart: kubectl -n shop rollout restart deployment/cart

✗ wrong-project · mailer · owner messaging
  holds mail's current key; its events land in mail
    process:mailer
  → restart it: systemctl restart mailer.service

✗ malformed · landing · owner payments
  holds the current key, damaged: trailing-newline; no event leaves the process
  and nothing is logged: a value with a line break cannot be sent as a header
    dotenv:/srv/landing/.env
  → leave out the trailing newline (`printf %s` instead of `echo`), and write
    the current key as ALLSTAK_API_KEY to /srv/landing/.env

? unreachable · cart (prod-us) · owner payments
  could not be read: denied: secrets \"allstak\" is forbidden
    kubernetes:prod-us/shop/secret/allstak
  → grant `get` on secrets/allstak in namespace shop

~ unverified · report · owner payments
  started 2026-11-21, but it is not known when the key was rotated: it loads its
  key by itself, which its environment does not show
    process:report
  → set rotated_at of shop (targets.yaml:4)

○ missing · batch · owner payments · waived by ana until 2026-12-31:
    restarted by hand on Fridays
  does not have the key
    env:batch
  → write the current key to env:batch; or correct the hop if it names the
    wrong place
";
    assert_eq!(table(&mixed().audit(), 80, false), expected);
}

#[test]
fn a_wide_terminal_spells_every_route_out() {
    let expected = "\
✗ stale            cart (prod-eu)  vault = → kubernetes_secret ✓ → kubernetes_pods ✗ 2/20
? unreachable      cart (prod-us)  vault = → kubernetes_secret ? → kubernetes_pods ✓
✗ revoked          checkout        dotenv ✗ → process ↳
✗ stale            search          dotenv ✗ → process ↳
✗ stale            suggest         dotenv ✗ → process ↳
✗ malformed        landing         dotenv ✗
✗ wrong-project    mailer          dotenv ✓ → process ✗
○ missing, waived  batch           env ○
~ unverified       report          dotenv ✓ → process ~
✓ current          web             dotenv ✓ → process ✓
- not-required     worker          env -
· not-selected     docs            bundle ·

✓ current  = the reference itself  ✗ broken here  ↳ broken before  ? not read  ~ proves nothing  ○ waived
- not required  · not selected

12 deployments: 1 revoked, 3 stale, 1 wrong-project, 1 malformed, 1 missing (waived), 1 unreachable, 1 unverified,
1 current, 1 not-required, 1 not-selected · 20 of 21 hops read, 16 proven, 1 not selected
exit 1: drift in 6 deployments; besides, 1 deployment not wholly read, 1 deployment not proven at its last hop
";
    assert_eq!(top(&mixed().audit(), 120), expected);
}

#[test]
fn a_narrow_terminal_keeps_the_shape_of_every_route() {
    let expected = "\
✗ stale          cart …od-eu)  = → ✓ → ✗
? unreachable    cart …od-us)  = → ? → ✓
✗ revoked        checkout      ✗ → ↳
✗ stale          search        ✗ → ↳
✗ stale          suggest       ✗ → ↳
✗ malformed      landing       dotenv ✗
✗ wrong-project  mailer        ✓ → ✗
○ missing        batch         env ○
~ unverified     report        ✓ → ~
✓ current        web           ✓ → ✓
- not-required   worker        env -
· not-selected   docs          bundle ·

✓ current  = the reference itself
✗ broken here  ↳ broken before
? not read  ~ proves nothing  ○ waived
- not required  · not selected

12 deployments: 1 revoked, 3 stale,
1 wrong-project, 1 malformed,
1 missing (waived), 1 unreachable,
1 unverified, 1 current, 1 not-required,
1 not-selected · 20 of 21 hops read,
16 proven, 1 not selected
exit 1: drift in 6 deployments; besides,
1 deployment not wholly read, 1
deployment not proven at its last hop
";
    assert_eq!(top(&mixed().audit(), 40), expected);
}

/// `[red]` and so on instead of the sequences.
fn spelled(text: &str) -> String {
    let names = [
        ("\u{1b}[0m", "[/]"),
        ("\u{1b}[1m", "[bold]"),
        ("\u{1b}[2m", "[dim]"),
        ("\u{1b}[31m", "[red]"),
        ("\u{1b}[32m", "[green]"),
        ("\u{1b}[33m", "[yellow]"),
        ("\u{1b}[36m", "[cyan]"),
    ];
    let text = names.iter().fold(text.to_owned(), |text, (code, name)| {
        text.replace(code, name)
    });
    assert!(!text.contains('\u{1b}'));
    text
}

#[test]
fn colour_says_what_the_glyphs_say() {
    let audit = Scene::new()
        .project("shop")
        .deploy(
            "cart",
            [
                hop("vault", [current().on(Evidence::Reference)]),
                hop("dotenv", [stale(0)]),
                hop("process", [stale(0)]).inherited(),
            ],
        )
        .audit();
    let expected = "\
[bold][red]✗ stale[/]  cart  [green]vault =[/][dim] → [/][bold][red]dotenv ✗[/][dim] → [/][red]process ↳[/]

[dim]= the reference itself  ✗ broken here  ↳ broken before [/]

[bold]1 deployment:[/] [bold][red]1 stale[/] · 3 of 3 hops read, 2 proven
[bold][red]exit 1:[/] drift in 1 deployment

[bold][red]✗ stale[/] [dim]·[/] [bold]cart[/] [dim]·[/] owner payments
  holds the previous key, 1 rotation behind, replaced 2026-11-20
    dotenv:cart
  [bold]→ write the current key to dotenv:cart[/]
  [bold]→ then restart it: systemctl restart cart.service[/]
";
    assert_eq!(spelled(&table(&audit, 80, true)), expected);
}

#[test]
fn nothing_is_said_to_be_fine_that_was_not_proven() {
    let claimed = hop("http", [current().on(Evidence::Attested)]);
    let audit = Scene::new()
        .project("shop")
        .deploy("cart", [claimed])
        .audit();
    let text = table(&audit, 80, false);
    assert!(
        text.starts_with("~ current, unproven  cart  http ~\n"),
        "{text}"
    );
    assert!(
        text.contains(
            "1 of 1 hop read, 0 proven\nexit 3: no drift seen, but 1 deployment not proven"
        )
    );
    assert!(
        text.contains("\n~ unverified · cart · owner payments\n  claims to hold the current key\n")
    );

    let good = Scene::new()
        .project("shop")
        .deploy("cart", [hop("env", [current()])])
        .audit();
    let expected = "\
        ✓ current  cart  env ✓\n\
        \n\
        1 deployment: 1 current · 1 of 1 hop read, 1 proven\n\
        exit 0: every selected deployment is proven current\n";
    assert_eq!(table(&good, 80, false), expected);
}

#[test]
fn a_reference_that_may_be_behind_is_the_first_thing_said_and_a_faulty_one_the_first_finding() {
    let audit = Scene::new()
        .project("shop")
        .project("mail")
        .reference("shop", Verdict::Missing, Soundness::Absent)
        .deploy("cart", [hop("env", [stale(0)])])
        .with(|audit| {
            audit.warnings = vec![
                Warning::NextIsKnown {
                    key: KeyId::next(ProjectId(1)),
                    also: KeyId::current(ProjectId(0)),
                },
                Warning::ReferenceBehind {
                    project: ProjectId(1),
                    fingerprint: print_of("newer"),
                    hops: 14,
                    of: 16,
                },
            ];
        })
        .audit();
    let expected = format!(
        "\
! the reference may be behind: compare it with the dashboard; 14 of 16 hops of
  mail hold {}, which is well-formed but no known key
  → if the dashboard shows that key, write the current key to
    vault:secret/mail#api_key

✗ stale  cart  env ✗

1 deployment: 1 stale · 1 of 1 hop read, 1 proven
exit 1: 1 faulty reference, drift in 1 deployment

✗ missing · the reference of shop · 1 deployment rests on it
  does not have the key
    vault:secret/shop#api_key
  → write the current key to vault:secret/shop#api_key

✗ stale · cart · owner payments
  holds the previous key, 1 rotation behind, replaced 2026-11-20
    env:cart
  → write the current key to env:cart

! mail's next key is shop's current key as well, so nobody who holds it is
  called current
  → write the key that comes next to its place, or remove it from `next`
    (targets.yaml:5)
",
        print_of("newer")
    );
    assert_eq!(table(&audit, 80, false), expected);
}

#[test]
fn ten_thousand_rows_stand_in_line() {
    let scene = (0..10_000).fold(Scene::new().project("shop"), |scene, index| {
        let last = if index % 1_000 == 0 {
            stale(0)
        } else {
            current()
        };
        scene.deploy(
            &format!("service-{index}"),
            [hop("vault", [current()]), hop("process", [last])],
        )
    });
    let text = table(&scene.audit(), 80, false);
    let rows: Vec<_> = text.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(rows.len(), 10_000);
    let routes: BTreeSet<_> = rows
        .iter()
        .map(|row| width(&row[..row.find("vault").unwrap()]))
        .collect();
    assert_eq!(routes.len(), 1, "every route begins in the same column");
    assert!(text.contains("\n✗ stale · 10 deployments · owner payments\n"));
    assert!(text.contains("\n    and 5 more places, of 5 deployments\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_audit_fits_and_is_harmless_at_any_width(plan in any_plan(), columns in 0_usize..140, colour: bool) {
        let count = plan.len();
        let text = table(&planned(plan), columns, colour);
        let plain = anstyle_free(&text);
        for line in plain.lines() {
            prop_assert_eq!(escape(line), line);
        }
        let rows: Vec<_> = plain.lines().take_while(|line| !line.is_empty()).collect();
        if count > 0 {
            prop_assert_eq!(rows.len(), count);
        }
        if columns >= 24 {
            for row in rows {
                prop_assert!(width(row) <= columns, "{row}");
            }
        }
    }
}

/// The text without the sequences that it may have.
fn anstyle_free(text: &str) -> String {
    ["0", "1", "2", "31", "32", "33", "36"]
        .iter()
        .fold(text.to_owned(), |text, code| {
            text.replace(&format!("\u{1b}[{code}m"), "")
        })
}
