/// Makes the list of the kinds of store, from which parsing, the schema, the manual and the tests come.
macro_rules! stores {
    ($($store:path),* $(,)?) => {
        /// Every kind of store, in the order of the manual.
        #[must_use]
        pub fn store_infos() -> Vec<StoreInfo> {
            vec![$(<$store as Store>::INFO),*]
        }

        /// Reads the settings of the kind of store that `id` names; `None` when none is named so.
        ///
        /// # Errors
        ///
        /// What the deserializer says of them.
        pub fn parse_store<'de, D: serde::Deserializer<'de>>(
            id: &str,
            settings: D,
        ) -> Option<Result<Box<dyn AnyStore>, D::Error>> {
            $(if id == <$store as Store>::INFO.id {
                return Some(
                    <$store as serde::Deserialize>::deserialize(settings)
                        .map(|store| Box::new(store) as Box<dyn AnyStore>),
                );
            })*
            None
        }

        /// The JSON Schema of every kind's settings, by its id.
        pub fn store_schemas(
            generator: &mut schemars::SchemaGenerator,
        ) -> Vec<(&'static str, schemars::Schema)> {
            let _ = &generator;
            vec![$((
                <$store as Store>::INFO.id,
                generator.subschema_for::<$store>(),
            )),*]
        }

        /// Opens what hops that name no store read from.
        fn open_undeclared(shared: &Shared, connections: Connections) -> Connections {
            let _ = shared;
            $(let connections = AnyStore::open(
                &<$store as Default>::default(),
                None,
                shared,
                connections,
            );)*
            connections
        }
    };
}
