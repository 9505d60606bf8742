use super::reader::Reader;
use super::tree::Id;

/// How many versions of a store are looked at unless targets.yaml says otherwise.
pub(super) const VERSIONS: u16 = 10;

/// The most that anybody may want: each costs a request.
const MOST: u16 = 100;

/// How many versions of the store of a project's key may be read; 0 for none.
pub(super) fn versions(reader: &Reader<'_>, id: Id) -> Option<u16> {
    const EXPECTED: &str = "`false`, or how many versions to look at: 1 to 100";
    let (text, _) = reader.scalar(id, EXPECTED)?;
    match &*text {
        "false" => Some(0),
        "true" => Some(VERSIONS),
        number => match number.parse() {
            Ok(versions @ 1..=MOST) => Some(versions),
            _ => {
                reader.wrong(id, EXPECTED);
                None
            }
        },
    }
}
