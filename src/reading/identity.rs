/// Where a platform really found something, however it was asked: two spellings of one place are equal.
/// It is compared and never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    place: Box<str>,
    /// Which part of what stands there, from the outermost to the innermost.
    members: Vec<Box<str>>,
}

impl Identity {
    /// All that stands at this place.
    #[must_use]
    pub fn of(place: impl Into<Box<str>>) -> Self {
        Self {
            place: place.into(),
            members: Vec::new(),
        }
    }

    /// A part of it: a field, a variable, a JSON pointer.
    #[must_use]
    pub fn member(mut self, name: &str) -> Self {
        self.members.push(name.into());
        self
    }

    /// The place alone.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Whether it is a part of what stands at its place.
    #[must_use]
    pub fn is_part(&self) -> bool {
        !self.members.is_empty()
    }

    /// Whether one is the other, or a part of it. Who reads a whole file and who reads a member of it may
    /// well mean the same key, and two members are two.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let shared = self.members.iter().zip(&other.members);
        self.place == other.place && shared.into_iter().all(|(one, other)| one == other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_the_whole_and_no_other_part() {
        let whole = Identity::of("file 1 2");
        let [key, other] = ["KEY", "OTHER"].map(|name| whole.clone().member(name));
        let inner = key.clone().member("/a");
        for (one, another, overlaps) in [
            (&whole, &whole, true),
            (&whole, &key, true),
            (&key, &key, true),
            (&key, &inner, true),
            (&key, &other, false),
            (&inner, &other, false),
            (&whole, &Identity::of("file 1 3"), false),
        ] {
            assert_eq!(one.overlaps(another), overlaps, "{one:?} {another:?}");
            assert_eq!(another.overlaps(one), overlaps, "{another:?} {one:?}");
        }
    }
}
