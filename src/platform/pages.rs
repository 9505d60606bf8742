//! Lists that come in pages, each of which is an ask of its own: with its own time limit, place in the rate
//! and retries.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Ask, Asking, Stop};
use crate::reading::{ErrorKind, ReadError};

/// More pages than any list has that an audit could use.
const MOST_PAGES: usize = 1000;

/// How often a list is begun anew that changed while it was read.
const ANEW: u8 = 3;

/// By how much less is asked for when there was no time for it: few steps lead down to one item, so that nobody
/// waits long for a server that is gone.
const LATE: usize = 8;

/// Which page of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// Where it starts, as the page before it says; by default the first page.
    pub from: Option<Arc<str>>,
    /// How many items it may have.
    pub most: usize,
    /// How often the list was begun anew before.
    pub begun: u8,
}

/// A page, and where the next one starts.
pub enum Portion<T> {
    /// It came.
    Of {
        /// What is on it.
        items: T,
        /// The next page, where there is one.
        next: Option<Arc<str>>,
    },
    /// The list changed too much since the page before, so it has to be begun anew.
    Expired(ReadError),
}

/// An ask for a page of a list.
pub trait List: Ask<Answer = Portion<Self::Items>> {
    /// What is on a page.
    type Items: Send + Sync + 'static;
    /// What asks for the list by hand.
    const TOOL: &'static str;

    /// The same list at another page.
    #[must_use]
    fn at(&self, page: Page) -> Self;

    /// Which page is asked for.
    fn page(&self) -> &Page;

    /// What the list is of, for messages.
    fn of(&self) -> String;
}

impl<T> Portion<T> {
    /// The same page, with what is on it made into something else.
    pub fn map<U>(self, made: impl FnOnce(T) -> U) -> Portion<U> {
        match self {
            Self::Of { items, next } => Portion::Of {
                items: made(items),
                next,
            },
            Self::Expired(error) => Portion::Expired(error),
        }
    }
}

impl Page {
    /// The first, with so many items at most.
    #[must_use]
    pub fn first(most: usize) -> Self {
        Self {
            from: None,
            most,
            begun: 0,
        }
    }

    /// Whether less can be asked for.
    #[must_use]
    pub fn divides(&self) -> bool {
        self.most > 1
    }

    /// What tells it from the first in plans and logs.
    #[must_use]
    pub fn shown(&self) -> &'static str {
        match self.from {
            Some(_) => ", further",
            None => "",
        }
    }
}

/// All pages of a list, of which `first` asks for the first.
///
/// # Errors
///
/// [`Stop::Pending`] until all are there, [`Stop::Failed`] when one is not: a part of a list says nothing of
/// what is missing from it.
pub fn pages<'a, L: List>(first: &L, asking: &Asking<'a>) -> Result<Vec<&'a L::Items>, Stop> {
    pages_until(first, asking, |_| false)
}

/// The pages of a list up to the one with which there is enough.
///
/// # Errors
///
/// Those of [`pages`].
pub fn pages_until<'a, L: List>(
    first: &L,
    asking: &Asking<'a>,
    mut enough: impl FnMut(&L::Items) -> bool,
) -> Result<Vec<&'a L::Items>, Stop> {
    let mut page = first.page().clone();
    let mut most = page.most;
    let mut found = Vec::new();
    let mut named: HashSet<&str> = HashSet::new();
    while found.len() < MOST_PAGES {
        let error = match asking.attempt(&first.at(page.clone()))? {
            Ok(Portion::Of { items, next }) => {
                found.push(items);
                let next = match next {
                    Some(next) if !enough(items) => next,
                    _ => return Ok(found),
                };
                if !named.insert(next) {
                    return Err(circular(first).into());
                }
                page.from = Some(Arc::clone(next));
                page.most = (page.most * 2).min(most);
                continue;
            }
            Ok(Portion::Expired(_)) if page.begun < ANEW => {
                page = Page {
                    from: None,
                    most,
                    begun: page.begun + 1,
                };
                found.clear();
                named.clear();
                continue;
            }
            Ok(Portion::Expired(error)) | Err(error) => error,
        };
        match error.kind {
            ErrorKind::TooLarge if page.divides() => {
                most = page.most / 2;
                page.most = most;
            }
            ErrorKind::Timeout if page.divides() => {
                most = page.most / 2;
                page.most = (page.most / LATE).max(1);
            }
            ErrorKind::TooLarge => return Err(alone(first, error).into()),
            _ => return Err(error.clone().into()),
        }
    }
    Err(endless(first).into())
}

fn alone<L: List>(list: &L, error: &ReadError) -> ReadError {
    ReadError::new(
        ErrorKind::TooLarge,
        format!(
            "one of {} is too large by itself: {}",
            list.of(),
            error.message
        ),
        format!(
            "look for it with {}, and take out what makes it so large",
            L::TOOL
        ),
    )
}

fn circular<L: List>(list: &L) -> ReadError {
    ReadError::new(
        ErrorKind::Protocol,
        format!(
            "the list of {} leads back to a page that was read, so it has no end",
            list.of()
        ),
        by_hand::<L>(),
    )
}

fn endless<L: List>(list: &L) -> ReadError {
    ReadError::new(
        ErrorKind::TooLarge,
        format!(
            "the list of {} does not end after {MOST_PAGES} pages",
            list.of()
        ),
        by_hand::<L>(),
    )
}

fn by_hand<L: List>() -> String {
    format!(
        "ask for it by hand with {}; something else may be listening there",
        L::TOOL
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::platform::{Answer, Answers, Platform, Request};

    struct Toy;

    impl Platform for Toy {
        const ID: &'static str = "toy";
    }

    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Letters(Page);

    impl Ask for Letters {
        type Platform = Toy;
        type Answer = Portion<Vec<char>>;

        fn describe(&self) -> String {
            "letters".to_owned()
        }

        async fn send(_: &Toy, _: Vec<Self>) -> Vec<Result<Self::Answer, ReadError>> {
            Vec::new()
        }
    }

    impl List for Letters {
        type Items = Vec<char>;
        const TOOL: &'static str = "`abc`";

        fn at(&self, page: Page) -> Self {
            Self(page)
        }

        fn page(&self) -> &Page {
            &self.0
        }

        fn of(&self) -> String {
            "letters".to_owned()
        }
    }

    type Given = Result<Portion<Vec<char>>, ReadError>;

    struct Known(HashMap<Request, Result<Answer, ReadError>>);

    impl Answers for Known {
        fn get<'a>(&'a self, request: &Request) -> Option<Result<&'a Answer, &'a ReadError>> {
            self.0.get(request).map(Result::as_ref)
        }
    }

    /// Reads a list of a server that answers so; its letters, and the pages that were asked for.
    fn read(answer: impl Fn(&Page) -> Given) -> (Result<String, ReadError>, Vec<Page>) {
        let mut known = Known(HashMap::new());
        let mut asked = Vec::new();
        loop {
            let asking = Asking::new(&known, None);
            let outcome = pages(&Letters(Page::first(500)), &asking);
            let told = match outcome {
                Ok(pages) => Ok(pages.into_iter().flatten().collect()),
                Err(Stop::Failed(error)) => Err(error),
                Err(Stop::Pending) => {
                    let request = asking.into_asked().pop().unwrap();
                    let page: &Letters = request.ask().unwrap();
                    asked.push(page.0.clone());
                    let answer = answer(&page.0).map(|answer| Box::new(answer) as Answer);
                    known.0.insert(request, answer);
                    continue;
                }
            };
            return (told, asked);
        }
    }

    fn error(kind: ErrorKind) -> ReadError {
        ReadError::new(kind, "no", "ask nicely")
    }

    /// As many of 26 letters as are wanted.
    fn letters(page: &Page) -> Given {
        let from: usize = page.from.as_deref().map_or(0, |from| from.parse().unwrap());
        let end = (from + page.most.min(7)).min(26);
        let items = (from..end).map(|at| char::from(b'a' + at as u8)).collect();
        let next = (end < 26).then(|| end.to_string().into());
        Ok(Portion::Of { items, next })
    }

    const ALL: &str = "abcdefghijklmnopqrstuvwxyz";

    fn sizes(asked: &[Page]) -> Vec<usize> {
        asked.iter().map(|page| page.most).collect()
    }

    #[test]
    fn each_page_is_an_ask_and_all_make_the_list() {
        let (told, asked) = read(letters);
        assert_eq!(told.unwrap(), ALL);
        assert_eq!(sizes(&asked), [500; 4]);
    }

    #[test]
    fn a_page_that_is_too_large_is_asked_for_by_halves() {
        let (told, asked) = read(|page| match page.most > 100 {
            true => Err(error(ErrorKind::TooLarge)),
            false => letters(page),
        });
        assert_eq!(told.unwrap(), ALL);
        assert_eq!(sizes(&asked), [500, 250, 125, 62, 62, 62, 62]);
    }

    #[test]
    fn an_item_that_is_too_large_by_itself_is_an_error() {
        let big = |page: &Page| {
            let from: usize = page.from.as_deref().map_or(0, |from| from.parse().unwrap());
            (from..from + page.most.min(7)).contains(&9)
        };
        let (told, asked) = read(|page| match big(page) {
            true => Err(error(ErrorKind::TooLarge)),
            false => letters(page),
        });
        let error = told.unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge);
        assert!(
            error
                .message
                .starts_with("one of letters is too large by itself")
        );
        assert_eq!(asked.last().unwrap().most, 1);
    }

    #[test]
    fn a_page_that_takes_too_long_is_asked_for_in_parts_that_grow_again() {
        let (told, asked) = read(|page| match page.most > 100 && page.from.is_none() {
            true => Err(error(ErrorKind::Timeout)),
            false => letters(page),
        });
        assert_eq!(told.unwrap(), ALL);
        assert_eq!(sizes(&asked), [500, 62, 124, 248, 250]);
        // Nobody is there at all.
        let (told, asked) = read(|_| Err(error(ErrorKind::Timeout)));
        assert_eq!(told.unwrap_err().kind, ErrorKind::Timeout);
        assert_eq!(sizes(&asked), [500, 62, 7, 1]);
    }

    #[test]
    fn a_list_that_expired_is_begun_anew_and_has_neither_holes_nor_doubles() {
        let expires = |page: &Page, times: u8| page.begun < times && page.from.is_some();
        let (told, asked) = read(|page| match expires(page, 2) {
            true => Ok(Portion::Expired(error(ErrorKind::Protocol))),
            false => letters(page),
        });
        assert_eq!(told.unwrap(), ALL);
        assert_eq!(asked.len(), 2 + 2 + 4);
        let (told, asked) = read(|page| match expires(page, 9) {
            true => Ok(Portion::Expired(error(ErrorKind::Protocol))),
            false => letters(page),
        });
        assert_eq!(told.unwrap_err().kind, ErrorKind::Protocol);
        assert_eq!(asked.len(), 2 * (1 + usize::from(ANEW)));
    }

    #[test]
    fn no_list_goes_on_for_ever() {
        let of = |next: String| {
            Ok(Portion::Of {
                items: vec!['a'],
                next: Some(next.into()),
            })
        };
        let (told, asked) = read(|_| of("same".to_owned()));
        assert_eq!(
            (told.unwrap_err().kind, asked.len()),
            (ErrorKind::Protocol, 2)
        );
        let other = |page: &Page| page.from.as_deref() == Some("one");
        let (told, asked) = read(|page| of(if other(page) { "two" } else { "one" }.to_owned()));
        let error = told.unwrap_err();
        assert!(error.message.contains("leads back"), "{error}");
        assert_eq!(asked.len(), 3);
        let (told, asked) = read(|page| {
            let at = page
                .from
                .as_deref()
                .map_or(0, |from| from.parse::<usize>().unwrap());
            of((at + 1).to_string())
        });
        assert!(told.unwrap_err().message.contains("does not end"));
        assert_eq!(asked.len(), MOST_PAGES);
    }

    #[test]
    fn a_list_that_breaks_is_no_list() {
        let (told, _) = read(|page| match page.from.as_deref() {
            Some("14") => Err(error(ErrorKind::Denied)),
            _ => letters(page),
        });
        assert_eq!(told.unwrap_err().kind, ErrorKind::Denied);
    }
}
