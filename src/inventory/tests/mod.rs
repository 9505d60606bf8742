mod accepted;
mod errors;
mod expanding;
mod includes;
mod limits;
mod notify;
mod properties;
mod schema;
mod secrecy;
mod selecting;
mod sharing;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{Files, Inventory, Problems, Surroundings, expand_from, load_from};

/// Files in memory, and the variables of an environment.
#[derive(Default)]
struct World {
    files: BTreeMap<PathBuf, Vec<u8>>,
    variables: BTreeMap<&'static str, &'static str>,
}

impl Files for World {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let bytes = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(bytes[..bytes.len().min(limit)].to_vec())
    }

    fn matching(&self, directory: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
        let pattern =
            glob::Pattern::new(pattern).map_err(|error| format!("is no glob: {}", error.msg))?;
        let below = |path: &&PathBuf| {
            path.strip_prefix(directory)
                .is_ok_and(|path| pattern.matches_path(path))
        };
        Ok(self.files.keys().filter(below).cloned().collect())
    }
}

impl World {
    fn of(main: &str) -> Self {
        Self::default().with("targets.yaml", main)
    }

    fn with(mut self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }

    fn set(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.insert(name, value);
        self
    }

    fn run<T>(&self, run: fn(&Path, &Surroundings<'_>) -> T) -> T {
        let surroundings = Surroundings {
            files: self,
            environment: &|name| self.variables.get(name).map(ToString::to_string),
            now: "2026-11-23T12:00:00Z".parse().unwrap(),
        };
        run(Path::new("targets.yaml"), &surroundings)
    }

    fn load(&self) -> Result<Inventory, Problems> {
        self.run(load_from)
    }

    fn expand(&self) -> Result<String, Problems> {
        self.run(expand_from)
    }

    /// The inventory of files without a mistake.
    fn inventory(&self) -> Inventory {
        self.load().unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// What is said of files with a mistake.
    fn problems(&self) -> String {
        match self.load() {
            Ok(_) => panic!("accepted"),
            Err(problems) => problems.to_string(),
        }
    }
}

/// A project and a deployment, to be put beside what a test is about.
const PROJECT: &str = "version: 1
projects: { shop: { variable: KEY, current: { env: } } }
";
const DEPLOYMENT: &str = "deployments:
- { name: web, project: shop, route: [env: {}] }
";
