/// Makes the list of sources, from which parsing, the schema, the manual and the tests come.
macro_rules! registry {
    ($($source:path),+ $(,)?) => {
        /// Every source, in the order of the manual.
        #[must_use]
        pub fn infos() -> Vec<Info> {
            vec![$(<$source as Source>::INFO),+]
        }

        /// Reads the settings of the source that `id` names; `None` when no source is named so.
        ///
        /// # Errors
        ///
        /// What the deserializer says of them.
        pub fn parse<'de, D: serde::Deserializer<'de>>(
            id: &str,
            settings: D,
        ) -> Option<Result<Box<dyn AnySource>, D::Error>> {
            $(if id == <$source as Source>::INFO.id {
                return Some(
                    <$source as serde::Deserialize>::deserialize(settings)
                        .map(|source| Box::new(source) as Box<dyn AnySource>),
                );
            })+
            None
        }

        /// A place where the source that `id` names meets this case; `None` where it cannot meet it.
        #[cfg(test)]
        pub(crate) fn stand(id: &str, case: conformance::Case) -> Option<conformance::Stand> {
            $(if id == <$source as Source>::INFO.id {
                return <$source as conformance::Conforming>::stand(case);
            })+
            None
        }

        /// The JSON Schema of every source's settings, by its id.
        pub fn schemas(
            generator: &mut schemars::SchemaGenerator,
        ) -> Vec<(&'static str, schemars::Schema)> {
            vec![$((
                <$source as Source>::INFO.id,
                generator.subschema_for::<$source>(),
            )),+]
        }
    };
}
