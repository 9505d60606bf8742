use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use glob::Pattern;

use super::is_glob;

/// A path as it is written in a file of this folder, `./a` like `a`. What would be a glob in the folder's own name
/// stands for itself.
#[must_use]
pub fn rooted(folder: &Path, path: &Path) -> Arc<Path> {
    let plain: PathBuf = path
        .components()
        .filter(|part| *part != Component::CurDir)
        .collect();
    let path = match plain.as_os_str().is_empty() {
        true => path,
        false => &plain,
    };
    if path.is_absolute() || !is_glob(folder) {
        return folder.join(path).into();
    }
    let folder = folder.to_string_lossy();
    let folder = Pattern::escape(&folder);
    Path::new(&folder).join(path).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_in_the_folder_unless_they_start_at_the_root() {
        for (folder, path, whole) in [
            ("", "a.env", "a.env"),
            ("teams", "a.env", "teams/a.env"),
            ("teams", "../*.env", "teams/../*.env"),
            ("", "./a.env", "a.env"),
            ("teams", ".//b/./a.env", "teams/b/a.env"),
            ("", "./**/*.env", "**/*.env"),
            ("teams", ".", "teams/."),
            ("teams", "/srv/a.env", "/srv/a.env"),
            ("/srv/[1]", "a.env", "/srv/[[]1[]]/a.env"),
            ("/srv/[1]", "/srv/a.env", "/srv/a.env"),
        ] {
            assert_eq!(
                *rooted(Path::new(folder), Path::new(path)),
                *Path::new(whole)
            );
        }
    }
}
