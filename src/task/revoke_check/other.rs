use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;

use crate::inventory::Inventory;
use crate::ledger::{KnownInventory, LastSeen, Place};

/// Another inventory of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// What people know it by.
    pub title: Arc<str>,
    /// Where its main file was last.
    pub file: Option<Arc<str>>,
    /// How far from this one it lies.
    pub distance: Distance,
}

/// What the addresses of another inventory mean here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    /// The same: the main files of both lie in one folder.
    Beside,
    /// The same where they are absolute: both are on this machine.
    Machine,
    /// Nobody knows which machine it is audited on.
    Far,
}

impl Other {
    /// One that this ledger knows, seen from an inventory.
    #[must_use]
    pub fn of(known: &KnownInventory, inventory: &Inventory, ledger: &Place) -> Self {
        let own = inventory.identity.path.parent();
        let mut files = known.files.iter();
        let is_beside = own.is_some()
            && !known.files.is_empty()
            && files.all(|file| Path::new(file).parent() == own);
        Self {
            title: known.title().into(),
            file: known.files.last().map(|file| file.as_str().into()),
            distance: match ledger {
                Place::Postgres(_) => Distance::Far,
                Place::File(_) if is_beside => Distance::Beside,
                Place::File(_) => Distance::Machine,
            },
        }
    }

    /// Whether the address of a place of that inventory surely means here what it means there.
    #[must_use]
    pub fn surely_means(&self, place: &LastSeen) -> bool {
        let address = place.location.split_once(':').map(|(_, address)| address);
        let address = address.unwrap_or_default();
        match (&*place.source, self.distance) {
            // Not all of it is shown.
            _ if address.contains('…') => false,
            ("http" | "bundle", _) if is_url(address) => {
                self.distance != Distance::Far || !is_of_the_machine(address)
            }
            (_, Distance::Beside) => true,
            ("file" | "dotenv" | "bundle", Distance::Machine) => address.starts_with('/'),
            // The name of a store means what targets.yaml says, and the rest is of a folder or an environment.
            _ => false,
        }
    }
}

fn is_url(address: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| address.starts_with(scheme))
}

/// Whether the host of a URL is another one on each machine or in each network: an address that leads back, or a
/// name without a domain.
fn is_of_the_machine(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some(address) = host.strip_prefix('[') {
        let address = address.split(']').next().unwrap_or_default();
        return address.parse().is_ok_and(|ip: Ipv6Addr| ip.is_loopback());
    }
    let host = host.split(':').next().unwrap_or_default();
    let host = host.trim_end_matches('.');
    match host.parse::<Ipv4Addr>() {
        Ok(address) => address.is_loopback() || address.is_unspecified(),
        Err(_) => !host.contains('.') || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Name;

    fn surely(distance: Distance, location: &str) -> bool {
        let other = Other {
            title: "other".into(),
            file: None,
            distance,
        };
        other.surely_means(&LastSeen {
            name: Name {
                project: "shop".into(),
                title: "cart".into(),
            },
            inventory: 1,
            is_on_route: true,
            deployment: "cart".to_owned(),
            source: location.split(':').next().unwrap().to_owned(),
            location: location.to_owned(),
            id: None,
            holds: None,
        })
    }

    #[test]
    fn an_address_means_the_same_where_it_surely_does() {
        // Beside it, elsewhere on the machine, and who knows where.
        for (location, sure) in [
            ("file:b", [true, false, false]),
            ("file:../b", [true, false, false]),
            ("file:/srv/b", [true, true, false]),
            ("dotenv:app.env#KEY", [true, false, false]),
            ("dotenv:/srv/app.env#KEY", [true, true, false]),
            ("bundle:dist", [true, false, false]),
            ("bundle:/srv/dist", [true, true, false]),
            ("bundle:https://shop.example.com/", [true, true, true]),
            ("env:KEY", [true, false, false]),
            ("command:/usr/bin/cat b", [true, false, false]),
            ("process:name=app#KEY", [true, false, false]),
            ("systemd:app.service#KEY", [true, false, false]),
            ("docker:container=app#KEY", [true, false, false]),
            ("vault:main/app#key", [true, false, false]),
            ("http:https://app.example.com/key#/key", [true, true, true]),
            ("http:http://10.0.0.5:8080/key", [true, true, true]),
            ("http:http://localhost:8080/key", [true, true, false]),
            ("http:http://app.localhost/key", [true, true, false]),
            ("http:http://127.0.0.2/key", [true, true, false]),
            ("http:http://[::1]:80/key", [true, true, false]),
            ("http:http://[fd00::1]:80/key", [true, true, true]),
            ("http:http://app/key", [true, true, false]),
            (
                "http:https://app.example.com/key?tenant=…",
                [false, false, false],
            ),
            ("command:/usr/bin/show one two…", [false, false, false]),
        ] {
            let distances = [Distance::Beside, Distance::Machine, Distance::Far];
            let told = distances.map(|distance| surely(distance, location));
            assert_eq!(told, sure, "{location}");
        }
    }
}
