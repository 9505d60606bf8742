/// Who straggler runs as, for messages: `ana (uid 1000)`.
pub(super) fn current() -> String {
    named(current_uid())
}

pub(super) fn current_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A user by number, with its name where /etc/passwd has one.
pub(super) fn named(uid: u32) -> String {
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    match name_in(&known, uid) {
        Some(name) => format!("{} (uid {uid})", crate::text::Escaped(name)),
        None => format!("uid {uid}"),
    }
}

fn name_in(passwd: &str, uid: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_third_field() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nbroken\nweb:x:33:33::/:\n";
        assert_eq!(name_in(passwd, 33), Some("web"));
        assert_eq!(name_in(passwd, 0), Some("root"));
        assert_eq!(name_in(passwd, 1), None);
    }
}
