use std::collections::HashSet;
use std::sync::Arc;

use super::ground::Ground;
use super::reader::Reader;
use super::template::is_name;
use super::tree::{Id, Tree};

/// The fields of a deployment that an axis can set.
pub(super) const FIELDS: [&str; 4] = ["name", "project", "environment", "owner"];

/// One dimension of a matrix.
pub(super) struct Axis {
    pub name: Arc<str>,
    pub values: Vec<(Arc<str>, Id)>,
}

/// Reads the axes of a matrix, in order.
pub(super) fn axes(tree: &Tree, matrix: Id, ground: &Ground<'_>) -> Option<Vec<Axis>> {
    let scope = ground.scope();
    let reader = Reader::new(tree, ground.log, Some(&scope));
    let entries = reader.entries(matrix, "a map of axes")?;
    if entries.is_empty() {
        let message = "an empty matrix: expected one axis at least";
        ground.log.report(tree.site(matrix), message);
        return None;
    }
    let before = ground.log.faults();
    let axes = entries
        .iter()
        .filter_map(|[key, list]| {
            Some(Axis {
                name: ground.shared(template_name(tree, *key, ground)?),
                values: values(&reader, *list, ground)?,
            })
        })
        .collect();
    (ground.log.faults() == before).then_some(axes)
}

/// A name that templates can use.
pub(super) fn template_name<'t>(tree: &'t Tree, key: Id, ground: &Ground<'_>) -> Option<&'t str> {
    let name = tree.text(key);
    if is_name(name) {
        return Some(name);
    }
    let message = format!(
        "{} cannot be used in `${{…}}`: expected letters, digits, `-` and `_`",
        ground.log.name(name)
    );
    ground.log.report(tree.site(key), message);
    None
}

fn values(reader: &Reader<'_>, list: Id, ground: &Ground<'_>) -> Option<Vec<(Arc<str>, Id)>> {
    let items = reader.items(list, "a list of values")?;
    if items.is_empty() {
        let message = "an axis without values makes no deployment";
        ground.log.report(reader.tree.site(list), message);
        return None;
    }
    let mut seen = HashSet::new();
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        let text = ground.shared(&reader.name(*item)?);
        if !seen.insert(Arc::clone(&text)) {
            let message = "this value stands in the axis twice";
            ground.log.report(reader.tree.site(*item), message);
        }
        values.push((text, *item));
    }
    Some(values)
}

/// Every combination of one value of each axis, as indices; the last axis changes first.
pub(super) struct Product {
    sizes: Vec<usize>,
    next: Option<Vec<usize>>,
}

impl Product {
    /// `None` when there are more than `most`.
    pub fn new(axes: &[Axis], most: usize) -> Option<Self> {
        let sizes: Vec<usize> = axes.iter().map(|axis| axis.values.len()).collect();
        let count = sizes
            .iter()
            .try_fold(1_usize, |count, size| count.checked_mul(*size))?;
        (count <= most).then(|| Self {
            next: (count > 0).then(|| vec![0; sizes.len()]),
            sizes,
        })
    }

    /// The next combination.
    pub fn advance(&mut self, picks: &mut Vec<usize>) -> bool {
        let Some(next) = &mut self.next else {
            return false;
        };
        picks.clone_from(next);
        let mut axis = next.len();
        while axis > 0 {
            axis -= 1;
            next[axis] += 1;
            if next[axis] < self.sizes[axis] {
                return true;
            }
            next[axis] = 0;
        }
        self.next = None;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(size: usize) -> Axis {
        Axis {
            name: "x".into(),
            values: vec![("v".into(), Id(0)); size],
        }
    }

    fn all(sizes: &[usize]) -> Vec<Vec<usize>> {
        let axes: Vec<Axis> = sizes.iter().map(|size| axis(*size)).collect();
        let mut product = Product::new(&axes, 100).unwrap();
        let mut picks = Vec::new();
        let mut all = Vec::new();
        while product.advance(&mut picks) {
            all.push(picks.clone());
        }
        all
    }

    #[test]
    fn the_product_goes_in_the_order_of_the_axes() {
        assert_eq!(
            all(&[2, 3]),
            [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
        );
        assert_eq!(all(&[]), [[]; 1] as [[usize; 0]; 1]);
        assert_eq!(all(&[3, 1]).len(), 3);
    }

    #[test]
    fn a_product_beyond_all_bounds_is_none() {
        let axes: Vec<Axis> = std::iter::repeat_with(|| axis(100)).take(40).collect();
        assert!(Product::new(&axes, usize::MAX).is_none());
        assert!(Product::new(&axes[..2], 9_999).is_none());
        assert!(Product::new(&axes[..2], 10_000).is_some());
    }
}
