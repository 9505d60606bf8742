use super::*;

#[tokio::test]
async fn pages_are_read_until_the_name_is_found_or_surely_not_there() {
    // 70 variables, of which the server puts 20 on a page, whatever it is asked for.
    let name = |index: usize| match index {
        65 => "PUBLIC".to_owned(),
        index => format!("OTHER_{index}"),
    };
    let page_of = move |total: usize, page: usize, gone: usize| {
        let entry = |index| json!({"name": name(index), "value": "the key", "created_at": EARLIER, "updated_at": SECRET});
        let listed: Vec<_> = (0..total - gone)
            .skip((page - 1) * 20)
            .take(20)
            .map(entry)
            .collect();
        json!({"total_count": total, "variables": listed})
    };
    for (total, gone, expected, calls) in [
        (70, 0, "the key", 4),
        (20, 0, "absent", 1),
        (60, 0, "absent", 3),
        (60, 1, "failed", 3),
    ] {
        let server = Server::start(move |head| {
            let page = head.split("&page=").nth(1).unwrap();
            let page = page.split(' ').next().unwrap().parse().unwrap();
            match head.contains("/repos/acme/shop/actions/variables") {
                true => answer("200 OK", &page_of(total, page, gone)),
                false => answer("200 OK", &variables(&[])),
            }
        });
        let settings = json!({"repository": "acme/shop", "kind": "variable", "name": "PUBLIC"});
        let found = match reading(settings, &server).await {
            Ok(read) => told(&read.found),
            Err(error) => format!("failed: {error}"),
        };
        assert!(found.starts_with(expected), "{found}");
        let asked = paths(&server);
        let own = asked
            .iter()
            .filter(|path| path.contains("/shop/actions/variables"));
        assert_eq!(own.count(), calls, "{asked:?}");
    }
}

#[tokio::test]
async fn counts_that_cannot_be_true_are_refused() {
    for body in [
        json!({"total_count": 5, "secrets": []}),
        json!({"total_count": 1_000_000_000, "secrets": [{"name": "A", "updated_at": SECRET}]}),
        json!({"total_count": 0, "secrets": [{"name": "A", "updated_at": SECRET}]}),
        json!({"total_count": 1, "secrets": [{"name": "A"}]}),
        json!({"secrets": []}),
        json!({"total_count": 0}),
        json!([]),
    ] {
        let server = github(&[("/secrets", body)]);
        let error = reading(json!({"repository": "acme/shop"}), &server)
            .await
            .err()
            .unwrap();
        assert_eq!(error.kind, ErrorKind::BadData, "{error}");
    }
}

#[tokio::test]
async fn a_limit_is_no_refusal() {
    use crate::reading::Retry;
    use std::time::Duration;
    let minute = Retry::After(Duration::from_secs(60));
    for (status, headers, message, kind, retry) in [
        (
            "403 Forbidden",
            "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 30\r\n",
            "API rate limit exceeded for user ID 1.",
            ErrorKind::Throttled,
            Retry::After(Duration::from_secs(30)),
        ),
        (
            "429 Too Many Requests",
            "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 30\r\n",
            "API rate limit exceeded",
            ErrorKind::Throttled,
            Retry::After(Duration::from_secs(30)),
        ),
        (
            "403 Forbidden",
            "Retry-After: 7\r\n",
            "You have exceeded a secondary rate limit.",
            ErrorKind::Throttled,
            Retry::After(Duration::from_secs(7)),
        ),
        (
            "403 Forbidden",
            "X-RateLimit-Remaining: 4000\r\n",
            "You have exceeded a secondary rate limit.",
            ErrorKind::Throttled,
            minute,
        ),
        (
            "429 Too Many Requests",
            "",
            "You have exceeded a secondary rate limit.",
            ErrorKind::Throttled,
            minute,
        ),
        (
            "403 Forbidden",
            "X-RateLimit-Remaining: 4000\r\nX-RateLimit-Reset: 30\r\n",
            "Resource not accessible by integration",
            ErrorKind::Denied,
            Retry::Never,
        ),
        (
            "401 Unauthorized",
            "",
            "Bad credentials",
            ErrorKind::Denied,
            Retry::Never,
        ),
        (
            "404 Not Found",
            "",
            "Not Found",
            ErrorKind::NotFound,
            Retry::Never,
        ),
    ] {
        let server = Server::start(move |_| refusal(status, headers, message));
        let error = reading(json!({"repository": "acme/shop"}), &server)
            .await
            .err()
            .unwrap();
        assert_eq!((error.kind, error.retry), (kind, retry), "{error}");
        assert!(error.message.ends_with(message), "{error}");
        let expected = match (status.split(' ').next().unwrap(), kind) {
            (_, ErrorKind::Throttled) => "run again when the token's limit",
            ("401", _) => "renew the token",
            _ => {
                "give the token the repository permission \"Secrets: read\", or correct `repository`"
            }
        };
        assert!(error.next.starts_with(expected), "{}", error.next);
    }
}
