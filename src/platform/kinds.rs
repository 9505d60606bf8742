/// The kinds of store that targets.yaml can declare, in the order of the manual.
#[must_use]
pub fn kinds() -> &'static [&'static str] {
    &[]
}
