/// The name that was probably meant, where one is near enough.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer texts are no mistyped names, and comparing them takes long.
    if name.len() > 64 {
        return None;
    }
    let name = folded(name);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 64)
        .map(|candidate| {
            let other = folded(candidate);
            let length = name.chars().count().max(other.chars().count());
            let distance = strsim::damerau_levenshtein(&name, &other);
            (distance, length, candidate)
        })
        .filter(|(distance, length, _)| *distance <= (length / 3).max(1) && distance < length)
        .min_by_key(|(distance, ..)| *distance)
        .map(|(.., candidate)| candidate)
}

/// What people mix up costs nothing.
fn folded(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let names = ["route", "owner", "kubernetes_secret", "kubernetes_pods"];
        assert_eq!(nearest("rout", names), Some("route"));
        assert_eq!(nearest("onwer", names), Some("owner"));
        assert_eq!(nearest("Kubernetes-Pods", names), Some("kubernetes_pods"));
        assert_eq!(nearest("vault", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest(&"r".repeat(1000), names), None);
    }
}
