use super::*;
use http::{HeaderValue, Response};
use std::convert::Infallible;
use tower::{Layer, ServiceExt, service_fn};

const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

fn access(extra: &str) -> Access {
    let text = format!(
        r#"
        [orgs]
        serve = [1, 2]
        [access.tokens.ci]
        sha256 = "{HELLO}"
        orgs = [2]
        {extra}
        "#
    );
    let config = HostConfig::parse(&text, []).unwrap_or_else(|faults| unreachable!("{faults}"));
    Access::open(&config).unwrap_or_else(|error| unreachable!("{error}"))
}

fn with(name: header::HeaderName, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
}

fn far_away() -> Peer {
    Peer::tcp(([192, 0, 2, 7], 50_000).into())
}

/// A token counts from anywhere and binds its caller to its orgs; a wrong one is
/// refused even where none would be needed.
#[test]
fn tokens_bind_callers_to_orgs() {
    let access = access("");
    let right = with(header::AUTHORIZATION, "Bearer hello");
    let caller = access.check(&right, Some(&far_away()));
    let caller = caller.unwrap_or_else(|denied| unreachable!("{denied}"));
    assert_eq!(caller.name, "ci");
    assert_eq!(caller.may_act_for(2), Ok(()));
    assert_eq!(caller.may_act_for(1), Err(Denied::Org(1)));
    assert_eq!(
        Denied::Org(1).to_string(),
        "this caller may not act for org 1"
    );
    assert_eq!(caller.org("org_id", 0), Ok(2), "the only one");
    let several = Caller {
        name: "all".into(),
        orgs: BTreeSet::from([1, 2]),
    };
    let refused = several.org("org_id", 0).err();
    let text = refused.map(|error| error.message).unwrap_or_default();
    assert_eq!(
        text,
        "org_id: is missing, and this caller may act for 2 orgs; name one"
    );
    for wrong in [
        "Bearer hell",
        "Bearer hello2",
        "Basic hello",
        "hello",
        "Bearer ",
    ] {
        let denied = access.check(&with(header::AUTHORIZATION, wrong), Some(&Peer::unix()));
        assert_eq!(denied, Err(Denied::UnknownToken), "{wrong}");
    }
}

/// Who proves nothing is let in from this machine alone, unless a web page asks.
#[test]
fn anonymous_callers_are_local() {
    let open = access("");
    let nothing = HeaderMap::new();
    let local = Peer::tcp(([127, 0, 0, 1], 50_000).into());
    for peer in [Peer::unix(), local] {
        let caller = open.check(&nothing, Some(&peer));
        assert_eq!(caller.map(|caller| caller.orgs.len()), Ok(2), "{peer:?}");
        let page = with(header::ORIGIN, "https://evil.example.com");
        assert_eq!(open.check(&page, Some(&peer)), Err(Denied::Browser));
    }
    assert_eq!(
        open.check(&nothing, Some(&far_away())),
        Err(Denied::NoProof)
    );
    assert_eq!(open.check(&nothing, None), Err(Denied::NoProof));
    let closed = access("[access]\nanonymous = false");
    assert_eq!(
        closed.check(&nothing, Some(&Peer::unix())),
        Err(Denied::NoProof)
    );
}

/// A certificate's name is its owner's; a name that is not configured is refused and
/// named.
#[test]
fn certificates_name_callers() {
    let access = access(
        r#"
        [access.certificates.billing]
        subject = "spiffe://example.com/billing"
        orgs = [1]
        [listen.tls]
        cert = "cert.pem"
        key = "key.pem"
        client_ca = "ca.pem"
        "#,
    );
    let nothing = HeaderMap::new();
    let mut peer = far_away();
    peer.certificate_names = Arc::from(["spiffe://example.com/billing".to_string()]);
    let caller = access.check(&nothing, Some(&peer));
    assert_eq!(
        caller.map(|caller| caller.name.clone()),
        Ok("billing".into())
    );
    peer.certificate_names = Arc::from(["spiffe://example.com/other".to_string()]);
    let denied = access.check(&nothing, Some(&peer));
    assert!(
        matches!(denied, Err(Denied::UnknownCertificate(_))),
        "{denied:?}"
    );
}

/// The layer refuses in the protocol's words, hands the caller on, and leaves open
/// paths open.
#[tokio::test]
async fn the_layer_hands_the_caller_on() {
    let refuse = |denied: Denied| {
        let mut response = Response::new(denied.to_string());
        let status = HostError::from(denied).http_status();
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        response
    };
    let bound = |body, _| body;
    let layer = AccessLayer::new(Arc::new(access("")), refuse, bound, &["/live"]);
    let service = layer.layer(service_fn(async |request: http::Request<()>| {
        let caller = request.extensions().get::<Arc<Caller>>();
        let name = caller.map_or("nobody", |caller| caller.name.as_str());
        Ok::<_, Infallible>(Response::new(name.to_string()))
    }));
    for (path, token, status, body) in [
        ("/v1/turns", Some("Bearer hello"), 200, "ci"),
        (
            "/v1/turns",
            Some("Bearer x"),
            401,
            "the bearer token is unknown",
        ),
        (
            "/v1/turns",
            None,
            401,
            "the call needs a bearer token or a client certificate",
        ),
        ("/live", None, 200, "nobody"),
    ] {
        let mut request = http::Request::new(());
        *request.uri_mut() = http::Uri::from_static(path);
        if let Some(token) = token {
            *request.headers_mut() = with(header::AUTHORIZATION, token);
        }
        request.extensions_mut().insert(far_away());
        let Ok(response) = service.clone().oneshot(request).await;
        assert_eq!(
            (response.status().as_u16(), response.body().as_str()),
            (status, body)
        );
    }
}

/// A page that had its own name lead to this machine is refused like any other page;
/// who calls by address or as localhost is not.
#[test]
fn a_name_of_elsewhere_is_a_web_page() {
    let access = access("");
    let near = Peer::tcp(([127, 0, 0, 1], 50_000).into());
    for own in [
        "127.0.0.1:7451",
        "[::1]:7451",
        "localhost:7451",
        "LOCALHOST",
        "10.0.0.7",
    ] {
        let found = access.check(&with(header::HOST, own), Some(&near));
        assert!(found.is_ok(), "{own}");
    }
    for foreign in [
        "evil.example:7451",
        "127.0.0.1.evil.example",
        "",
        "[",
        "localhost.evil",
    ] {
        let found = access.check(&with(header::HOST, foreign), Some(&near));
        assert_eq!(found.err(), Some(Denied::ForeignName(foreign.into())));
    }
    let mut token = with(header::HOST, "host.internal");
    token.insert(
        header::AUTHORIZATION,
        HeaderValue::from_static("Bearer hello"),
    );
    assert!(access.check(&token, Some(&near)).is_ok());
}

/// What operators look at is for pages of the same listener alone.
#[test]
fn a_page_of_elsewhere_is_not_the_own() {
    let mut headers = with(header::HOST, "127.0.0.1:7452");
    assert_eq!(from_own_page(&headers), Ok(()));
    headers.insert(
        header::ORIGIN,
        HeaderValue::from_static("http://127.0.0.1:7452"),
    );
    assert_eq!(from_own_page(&headers), Ok(()));
    for foreign in ["http://evil.example", "null", "http://127.0.0.1:80"] {
        headers.insert(header::ORIGIN, HeaderValue::from_static(foreign));
        assert_eq!(from_own_page(&headers), Err(Denied::Browser), "{foreign}");
    }
}
