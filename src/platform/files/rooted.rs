use std::path::Path;
use std::sync::Arc;

use glob::Pattern;

use super::is_glob;

/// A path as it is written in a file of this folder. What would be a glob in the folder's own name
/// stands for itself.
#[must_use]
pub fn rooted(folder: &Path, path: &Path) -> Arc<Path> {
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
