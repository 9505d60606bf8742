use super::fit::{shorten, width};
use super::paint::Paint;
use super::sight::Sight;
use crate::audit::Audit;
use crate::explain::{Spot, spots};
use crate::judge::DeploymentOutcome;

/// One hop as it is drawn.
struct Drawn {
    source: &'static str,
    sight: Sight,
    /// How many of its replicas are as bad as the hop, where that is not all: `2/20`.
    share: Option<String>,
}

/// A route as it is drawn.
pub struct Route {
    hops: Vec<Drawn>,
    /// The hop where the fix goes.
    broken_at: Option<usize>,
}

/// How much of a route is spelled out. What is left out first is told by its glyph alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Every hop's name.
    All,
    /// The names of those that stand out.
    Troubled,
    /// The name of the hop where the fix goes, at most this wide.
    Fix(usize),
    /// No name.
    None,
}

const ARROW: &str = " → ";

impl Route {
    pub fn of(audit: &Audit, outcome: &DeploymentOutcome) -> Self {
        Self {
            hops: spots(audit, outcome).map(|spot| Drawn::of(&spot)).collect(),
            broken_at: outcome.broken_at.map(usize::from),
        }
    }

    /// What its hops look like.
    pub fn sights(&self) -> impl Iterator<Item = Sight> + '_ {
        self.hops.iter().map(|hop| hop.sight)
    }

    /// In columns, with every name.
    pub fn full_width(&self) -> usize {
        self.width(Detail::All)
    }

    /// The route, in at most this many columns.
    pub fn draw(&self, max: usize, paint: Paint) -> String {
        let bare = self.width(Detail::None);
        let room = max.saturating_sub(bare + 1);
        let details = [Detail::All, Detail::Troubled, Detail::Fix(usize::MAX)];
        // A name cut to less than this says nothing.
        let cut = (room >= 6).then_some(Detail::Fix(room));
        details
            .into_iter()
            .chain(cut)
            .chain([Detail::None])
            .find(|&detail| self.width(detail) <= max)
            .map(|detail| self.spell(detail, paint))
            .unwrap_or_else(|| self.glyphs(max))
    }

    fn width(&self, detail: Detail) -> usize {
        let names = self.hops.iter().enumerate().map(|(index, hop)| {
            let name = self.name(index, detail);
            let share = hop.share.as_deref().filter(|_| detail != Detail::None);
            let spaced = |text: &str| if text.is_empty() { 0 } else { width(text) + 1 };
            spaced(&name) + 1 + spaced(share.unwrap_or_default())
        });
        names.sum::<usize>() + width(ARROW) * self.hops.len().saturating_sub(1)
    }

    fn name(&self, index: usize, detail: Detail) -> std::borrow::Cow<'static, str> {
        let hop = &self.hops[index];
        match detail {
            Detail::All => hop.source.into(),
            Detail::Troubled if hop.sight.stands_out() => hop.source.into(),
            Detail::Fix(max) if self.broken_at == Some(index) => shorten(hop.source, max),
            _ => "".into(),
        }
    }

    fn spell(&self, detail: Detail, paint: Paint) -> String {
        let mut told = String::new();
        for (index, hop) in self.hops.iter().enumerate() {
            if index > 0 {
                told.push_str(&paint.dim(ARROW));
            }
            let mut mark = self.name(index, detail).into_owned();
            if !mark.is_empty() {
                mark.push(' ');
            }
            mark.push_str(hop.sight.glyph());
            if let Some(share) = hop.share.as_deref().filter(|_| detail != Detail::None) {
                mark.push(' ');
                mark.push_str(share);
            }
            told.push_str(&paint.style(hop.sight.style(), &mark));
        }
        told
    }

    /// For a route so long, or a line so short, that not even its glyphs fit as they should.
    fn glyphs(&self, max: usize) -> String {
        let glyphs: String = self.hops.iter().map(|hop| hop.sight.glyph()).collect();
        shorten(&glyphs, max).into_owned()
    }
}

impl Drawn {
    fn of(spot: &Spot<'_>) -> Self {
        let judged = spot.judged;
        let all = judged.readings.len();
        let alike = judged
            .readings
            .iter()
            .filter(|reading| reading.verdict == judged.verdict)
            .count();
        Self {
            source: spot.source(),
            sight: Sight::of(spot),
            share: (alike < all).then(|| format!("{alike}/{all}")),
        }
    }
}
