use super::super::Look;
use super::super::testing::{any_plan, mixed, planned};
use super::write::FORMAT;
use crate::audit::Audit;
use crate::gate::testing::{Scene, current, failed, hop, stale};

fn table(audit: &Audit, width: usize, colour: bool) -> String {
    let mut out = Vec::new();
    (FORMAT.make)(Look { width, colour })
        .write(audit, &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn speed() {
    let mut scene = Scene::new().project("shop");
    for index in 0..10_000 {
        let name = format!("service-{index}");
        let last = match index % 50 {
            0 => stale(0),
            1 => failed(),
            _ => current(),
        };
        scene = scene.deploy(
            &name,
            [
                hop("vault", [current()]).location("vault:secret/shop"),
                hop("kubernetes_secret", [current()]),
                hop("kubernetes_pods", [last]),
            ],
        );
    }
    let audit = scene.audit();
    for colour in [false, true] {
        let began = std::time::Instant::now();
        let text = table(&audit, 80, colour);
        println!("table {colour} {:?} {} bytes", began.elapsed(), text.len());
    }
    let began = std::time::Instant::now();
    let mut out = Vec::new();
    (super::super::FORMATS[1].make)(Look {
        width: 80,
        colour: false,
    })
    .write(&audit, &mut out)
    .unwrap();
    println!("json {:?} {} bytes", began.elapsed(), out.len());
    let began = std::time::Instant::now();
    let g = crate::explain::groups(&audit);
    println!("groups {:?} {}", began.elapsed(), g.len());
    let text = table(&audit, 80, false);
    println!(
        "{}",
        text.lines().skip(9_995).collect::<Vec<_>>().join("\n")
    );
}
