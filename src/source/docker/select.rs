use glob::Pattern;

use crate::platform::docker::{Container, Details};

/// How many digits of an id name a container, as the engine's clients show them.
const SHORT: usize = 12;

/// Which containers are meant.
pub(super) struct Selection<'a> {
    /// The name as it was written, which may be an id, and as a pattern.
    container: Option<(&'a str, Pattern)>,
    image: Option<Pattern>,
    labels: Vec<(&'a str, &'a str)>,
}

impl<'a> Selection<'a> {
    /// Reads what was written.
    ///
    /// # Errors
    ///
    /// What was expected, a lowercase fragment.
    pub fn new(
        container: Option<&'a str>,
        image: Option<&'a str>,
        labels: Vec<(&'a str, &'a str)>,
    ) -> Result<Self, String> {
        if container.is_none() && image.is_none() && labels.is_empty() {
            return Err(
                "expected at least one of `container`, `project`, `service`, `image` and `label`"
                    .to_owned(),
            );
        }
        if labels.iter().any(|(_, value)| value.is_empty()) {
            return Err("expected a name and a value, not nothing".to_owned());
        }
        let container = container
            .map(|name| Ok::<_, String>((name, pattern("container", name)?)))
            .transpose()?;
        let image = image.map(|image| pattern("image", image)).transpose()?;
        Ok(Self {
            container,
            image,
            labels,
        })
    }

    /// Whether it fits as far as the list tells.
    pub fn may_fit(&self, container: &Container) -> bool {
        let named = |(name, pattern): &(&str, Pattern)| {
            let is_id = name.len() >= SHORT && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            pattern.matches(container.name()) || (is_id && container.id.starts_with(*name))
        };
        let labelled = |(name, value): &(&str, &str)| container.label(name) == Some(*value);
        self.container.as_ref().is_none_or(named)
            && self.labels.iter().all(labelled)
            && (self.is_of_image(&container.image) || is_id(&container.image))
    }

    /// Whether one that may fit does.
    pub fn fits(&self, container: &Container, details: &Details) -> bool {
        self.is_of_image(&container.image) || self.is_of_image(&details.image)
    }

    fn is_of_image(&self, image: &str) -> bool {
        let Some(pattern) = &self.image else {
            return true;
        };
        pattern.matches(image) || pattern.matches(without_tag(image))
    }
}

fn pattern(setting: &str, text: &str) -> Result<Pattern, String> {
    if text.is_empty() {
        return Err(format!("expected a name in `{setting}`, not nothing"));
    }
    Pattern::new(text).map_err(|error| format!("expected a name in `{setting}`: {}", error.msg))
}

/// Whether a list shows an image by its id: its name belongs to a newer image by now.
fn is_id(image: &str) -> bool {
    let digits = image.strip_prefix("sha256:").unwrap_or(image);
    digits.len() >= SHORT && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `registry:5000/web:1@sha256:…` is `registry:5000/web`.
fn without_tag(image: &str) -> &str {
    let image = image.split_once('@').map_or(image, |(image, _)| image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_told_from_a_port() {
        for (image, name) in [
            ("web", "web"),
            ("web:1", "web"),
            ("registry:5000/web", "registry:5000/web"),
            ("registry:5000/web:1", "registry:5000/web"),
            ("registry:5000/web:1@sha256:0f", "registry:5000/web"),
        ] {
            assert_eq!(without_tag(image), name);
        }
    }

    #[test]
    fn an_id_is_told_from_a_name() {
        assert!(is_id("sha256:1cd21709bf10"));
        assert!(is_id("1cd21709bf109951fed538500c184554"));
        assert!(!is_id("facade"));
        assert!(!is_id("registry/1cd21709bf10"));
    }
}
