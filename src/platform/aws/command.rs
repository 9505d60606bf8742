use crate::platform::commands::quoted;

/// A command of AWS's command line, to be typed as it stands. `store` holds the options that lead to a declared
/// store, each name before its value; `region` goes before the store's own.
#[must_use]
pub fn command(words: &[&str], region: Option<&str>, store: &[Box<str>]) -> String {
    let mut all = vec!["aws"];
    all.extend(words);
    if let Some(region) = region {
        all.extend(["--region", region]);
    }
    for option in store.chunks(2) {
        if !(region.is_some() && &*option[0] == "--region") {
            all.extend(option.iter().map(|word| &**word));
        }
    }
    format!("`{}`", quoted(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_leads_where_the_store_does() {
        let store = ["--region", "eu-west-1", "--profile", "two words"].map(Box::from);
        let words = ["ssm", "get-parameter", "--name", "/a"];
        assert_eq!(
            command(&words, None, &store),
            "`aws ssm get-parameter --name /a --region eu-west-1 --profile 'two words'`"
        );
        assert_eq!(
            command(&words, Some("us-east-1"), &store),
            "`aws ssm get-parameter --name /a --region us-east-1 --profile 'two words'`"
        );
        assert_eq!(
            command(&words, None, &[]),
            "`aws ssm get-parameter --name /a`"
        );
    }
}
