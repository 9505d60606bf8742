use reqwest::Url;

use super::Ingest;
use super::raw;
use super::reader::Reader;
use super::tree::Id;

/// Reads where test events go.
pub(super) fn ingest(reader: &Reader<'_>, id: Id) -> Option<Ingest> {
    let raw::Ingest::AllStak(raw::AllStak { host }) = reader.read(id)?;
    let text = reader.name(host.id)?;
    if let Err(message) = check(&text) {
        reader.log.report(reader.tree.site(host.id), message);
        return None;
    }
    Some(Ingest::AllStak {
        host: text.trim_end_matches('/').into(),
    })
}

/// Keys are sent there, so nobody may listen on the way.
fn check(text: &str) -> Result<(), &'static str> {
    let url = Url::parse(text).map_err(|_| "expected an address like https://api.allstak.sa")?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.host_str().is_none_or(str::is_empty) {
        return Err("expected an address like https://api.allstak.sa");
    }
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        return Err("expected an https address: keys are sent there");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("expected an address without credentials");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("expected an address without a query and a fragment");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn keys_go_over_tls_or_stay_on_this_host() {
        for fine in [
            "https://api.allstak.sa",
            "https://a.b/c",
            "http://127.0.0.1:9",
            "http://[::1]:9/",
        ] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
        for wrong in [
            "api.allstak.sa",
            "http://api.allstak.sa",
            "http://localhost.evil.example",
            "ftp://localhost",
            "https://user:secret@api.allstak.sa",
            "https://api.allstak.sa?key=1",
            "https://",
            "",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
