//! HTTP requests that leave the platform, sent to a web server of the suite's own. A server
//! that does not reach 127.0.0.1, by its policy or by where it runs, is held against the
//! rules alone that need no other end.

mod web;

use super::refusals::{has_reason, stream_refused_with};
use crate::check::{Outcome, broken, present, same, skipped, that};
use crate::context::{Cx, described};
use crate::exchange::message;
use crate::rule::{Group, Rule};
use mortise_proto::pb::{self, EgressRequestKind, EgressSigning, ErrorReason};
use mortise_proto::rpc::table::egress_service::{NAME, SEND, SEND_STREAM};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use web::Web;

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("EGR-01", "A GET gives the status, the headers and the body, by either method.", "EG:379", egr_01_gets)
        .hard("EGR-02", "Redirects are answers and are not followed.", "EG:445", egr_02_redirects)
        .hard("EGR-03", "A URL that the request's network access does not allow is EGRESS_NETWORK_ACCESS_DENIED with it, and no connection is made.", "EG:415", egr_03_denied)
        .hard("EGR-04", "A blank method, a text that is no URL and another scheme are EGRESS_INVALID_REQUEST, before anything else is looked at.", "EG:229-241", egr_04_invalid)
        .hard("EGR-05", "A request that must be signed fails with EGRESS_SIGNING_UNAVAILABLE if the server cannot sign.", "EG:432", egr_05_unsigned)
        .hard("EGR-06", "A connection that is refused is EGRESS_TRANSPORT.", "EG:307", egr_06_refused)
        .hard("EGR-07", "A request that takes longer than its timeout_ms is EGRESS_TRANSPORT then.", "EG:290", egr_07_times_out)
        .hard("EGR-08", "SendStream gives the head and what has come of the body before the body ends, in order.", "EG:478", egr_08_streams).full()
        .hard("EGR-09", "Cancelling a stream stops the transfer.", "egress.proto, SendStream", egr_09_gives_up).full()
        .hard("EGR-10", "Pinned addresses are used as they are, under the name of the URL.", "EG:82-90", egr_10_pinned)
        .hard("EGR-11", "Bodies of all bytes survive both ways.", "EG:74", egr_11_binary)
        .hard("EGR-12", "Statuses of 4xx and 5xx are answers.", "EG:302", egr_12_statuses)
        .hard("EGR-13", "A request without its kind or signing is refused as INVALID_FIELD.", "egress.proto, EgressRequest", egr_13_incomplete)
        .list()
}

fn get(url: &str) -> pb::EgressRequest {
    pb::EgressRequest {
        method: "GET".into(),
        url: url.into(),
        kind: EgressRequestKind::Capability.into(),
        signing: EgressSigning::Disabled.into(),
        ..Default::default()
    }
}

fn send(request: pb::EgressRequest) -> pb::SendRequest {
    pb::SendRequest {
        context: None,
        request: Some(request),
    }
}

fn send_stream(request: pb::EgressRequest) -> pb::SendStreamRequest {
    pb::SendStreamRequest {
        context: None,
        request: Some(request),
    }
}

/// A server that may not go to 127.0.0.1 is not held against the rule.
fn unreachable<T>(web: &Web, error: &mortise_proto::StoreError) -> Outcome<T> {
    match (error.reason, web.connections()) {
        (Some(ErrorReason::EgressNetworkAccessDenied), _) => skipped(
            "the server refuses private addresses; let it reach 127.0.0.1, where the suite has \
             its web server, to hold it against this rule",
        ),
        (_, 0) => skipped(format!(
            "the server did not reach the suite's web server at {}: {}",
            web.address,
            described(error)
        )),
        (_, _) => broken(
            "the request to the suite's web server",
            "success",
            described(error),
        ),
    }
}

/// Sends a request; the head and the body of the answer, whose stream must have its form.
async fn sent(
    cx: &Cx,
    web: &Web,
    request: pb::EgressRequest,
) -> Outcome<(pb::EgressHead, Vec<u8>)> {
    let parts = match cx.attempt_collect(&SEND, send(request)).await {
        Ok(parts) => parts,
        Err(error) => return unreachable(web, &error),
    };
    let parts = parts.into_iter().map(|part| (part.head, part.body));
    whole("Send", parts)
}

/// The same by the other method.
async fn sent_as_stream(
    cx: &Cx,
    web: &Web,
    request: pb::EgressRequest,
) -> Outcome<(pb::EgressHead, Vec<u8>)> {
    let request = send_stream(request);
    let parts = match cx.attempt_collect(&SEND_STREAM, request).await {
        Ok(parts) => parts,
        Err(error) => return unreachable(web, &error),
    };
    let parts = parts.into_iter().map(|part| (part.head, part.body));
    whole("SendStream", parts)
}

fn whole(
    method: &str,
    parts: impl Iterator<Item = (Option<pb::EgressHead>, bytes::Bytes)>,
) -> Outcome<(pb::EgressHead, Vec<u8>)> {
    let (mut head, mut body) = (None, Vec::new());
    for (index, (more, bytes)) in parts.enumerate() {
        if more.is_some() != (index == 0) {
            return broken(
                format!("message {index} of {method}"),
                "the head in the first message alone",
                message(&more),
            );
        }
        head = head.or(more);
        body.extend_from_slice(&bytes);
    }
    Ok((present(&format!("the head of {method}"), head)?, body))
}

async fn egr_01_gets(cx: Cx) -> Outcome {
    let web = Web::start().await?;
    for method in ["Send", "SendStream"] {
        let request = get(&web.url("/status/200"));
        let (head, body) = match method {
            "Send" => sent(&cx, &web, request).await?,
            _ => sent_as_stream(&cx, &web, request).await?,
        };
        same(&format!("the status by {method}"), &head.status, &200)?;
        same(
            &format!("the body by {method}"),
            body.as_slice(),
            b"as asked".as_slice(),
        )?;
        same(
            &format!("the header x-method by {method}"),
            &head.headers.get("x-method").map(String::as_str),
            &Some("GET"),
        )?;
    }
    Ok(())
}

async fn egr_02_redirects(cx: Cx) -> Outcome {
    let web = Web::start().await?;
    let (head, body) = sent(&cx, &web, get(&web.url("/redirect"))).await?;
    same("the status", &head.status, &302)?;
    same("the body", body.as_slice(), b"elsewhere".as_slice())?;
    same("how many connections were made", &web.connections(), &1)
}

async fn egr_03_denied(cx: Cx) -> Outcome {
    let web = Web::start().await?;
    let url = web.url("/status/200");
    let lists = [
        (vec!["<none>"], vec![]),
        (vec!["example.com"], vec![]),
        (vec![], vec!["127.0.0.1"]),
        (vec!["127.0.0.1"], vec!["127.0.0.1"]),
    ];
    let texts = |texts: Vec<&str>| texts.into_iter().map(String::from).collect();
    let reasons = [ErrorReason::EgressNetworkAccessDenied];
    for (allowed, blocked) in lists {
        let request = pb::EgressRequest {
            network_access: Some(pb::NetworkAccessList {
                allowed: texts(allowed),
                blocked: texts(blocked),
            }),
            ..get(&url)
        };
        let error = stream_refused_with(&cx, &SEND, send(request.clone()), &reasons).await?;
        same("metadata[\"url\"]", &error.metadata.get("url"), &Some(&url))?;
        stream_refused_with(&cx, &SEND_STREAM, send_stream(request), &reasons).await?;
    }
    same("how many connections were made", &web.connections(), &0)
}

async fn egr_04_invalid(cx: Cx) -> Outcome {
    let web = Web::start().await?;
    let good = web.url("/status/200");
    let cases = [
        ("", good.as_str()),
        ("  ", good.as_str()),
        ("GET", ""),
        ("GET", "no url"),
        ("GET", "/status/200"),
        ("GET", "http://"),
        ("GET", "ftp://127.0.0.1/x"),
        ("GET", "file:///etc/passwd"),
    ];
    let reasons = [ErrorReason::EgressInvalidRequest];
    for (method, url) in cases {
        let request = pb::EgressRequest {
            method: method.into(),
            // Neither of these is looked at before.
            network_access: Some(pb::NetworkAccessList {
                allowed: vec!["<none>".into()],
                blocked: Vec::new(),
            }),
            signing: EgressSigning::Required.into(),
            ..get(url)
        };
        stream_refused_with(&cx, &SEND, send(request.clone()), &reasons).await?;
        stream_refused_with(&cx, &SEND_STREAM, send_stream(request), &reasons).await?;
    }
    same("how many connections were made", &web.connections(), &0)
}

async fn egr_05_unsigned(cx: Cx) -> Outcome {
    // An address that policies do not refuse, and a port without a listener: a server that can
    // sign tries in vain.
    let request = pb::EgressRequest {
        signing: EgressSigning::Required.into(),
        timeout_ms: Some(500),
        ..get("http://1.1.1.1:9/")
    };
    match cx.attempt_collect(&SEND, send(request)).await {
        Ok(_) => skipped("the server can sign"),
        Err(error) if error.reason == Some(ErrorReason::EgressTransport) => {
            skipped("the server can sign, or looked for the other end before")
        }
        Err(error) if error.reason == Some(ErrorReason::EgressNetworkAccessDenied) => {
            skipped("the server's policy lets nothing out")
        }
        Err(error) => has_reason(
            "Send of a request that must be signed",
            &error,
            &[ErrorReason::EgressSigningUnavailable],
        ),
    }
}

async fn egr_06_refused(cx: Cx) -> Outcome {
    let web = Web::start().await?;
    let url = web.url("/status/200");
    // It is reached, and then it is not there any more.
    sent(&cx, &web, get(&url)).await?;
    drop(web);
    let reasons = [ErrorReason::EgressTransport];
    for _ in 0..50 {
        match cx.attempt_collect(&SEND, send(get(&url))).await {
            Err(error) => {
                return has_reason("Send to a port without a listener", &error, &reasons);
            }
            // The listener is closed a moment after it was told to.
            Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    broken(
        "Send to a port without a listener",
        "EGRESS_TRANSPORT",
        "success",
    )
}

async fn egr_07_times_out(cx: Cx) -> Outcome {
    let web = Web::start().await?;
    let request = pb::EgressRequest {
        timeout_ms: Some(300),
        ..get(&web.url("/silent"))
    };
    let begun = Instant::now();
    let Err(error) = cx.attempt_collect(&SEND, send(request)).await else {
        return broken("Send to a server that says nothing", "an error", "success");
    };
    if web.connections() == 0 {
        return unreachable(&web, &error);
    }
    let what = "Send to a server that says nothing";
    has_reason(what, &error, &[ErrorReason::EgressTransport])?;
    let (took, least, most) = (
        begun.elapsed(),
        Duration::from_millis(250),
        Duration::from_secs(5),
    );
    let is_right = (least..most).contains(&took);
    that(
        "how long a request with timeout_ms 300 took",
        "300 ms to 5 s",
        is_right,
        &took,
    )
}

/// Opens a stream; its head and how its body begins.
async fn opened(
    cx: &Cx,
    web: &Web,
    path: &str,
) -> Outcome<(tonic::Streaming<pb::SendStreamResponse>, Vec<u8>)> {
    // Whether the server gets here at all.
    sent(cx, web, get(&web.url("/status/200"))).await?;
    let request = send_stream(get(&web.url(path)));
    let mut stream = cx.open(&SEND_STREAM, request).await?;
    let first = cx.next(&SEND_STREAM, &mut stream).await?;
    let first = present("the first message of SendStream", first)?;
    let head = present("SendStreamResponse.head of the first message", first.head)?;
    same("EgressHead.status", &head.status, &200)?;
    let mut body = first.body.to_vec();
    while body.len() < 5 {
        let more = cx.next(&SEND_STREAM, &mut stream).await?;
        body.extend_from_slice(&present("the beginning of the body", more)?.body);
    }
    Ok((stream, body))
}

async fn egr_08_streams(cx: Cx) -> Outcome {
    let web = Web::start().await?;
    let (mut stream, mut body) = opened(&cx, &web, "/gate").await?;
    same(
        "the body before its end was sent",
        body.as_slice(),
        b"first".as_slice(),
    )?;
    web.go_on();
    while let Some(more) = cx.next(&SEND_STREAM, &mut stream).await? {
        body.extend_from_slice(&more.body);
    }
    same("the whole body", body.as_slice(), b"first, last".as_slice())
}

async fn egr_09_gives_up(cx: Cx) -> Outcome {
    let web = Web::start().await?;
    let (stream, _) = opened(&cx, &web, "/endless").await?;
    drop(stream);
    match timeout(Duration::from_secs(20), web.gone()).await {
        Ok(()) => Ok(()),
        Err(_) => broken(
            "the transfer of a stream that the caller has given up",
            "to be stopped",
            "still going on 20 s later",
        ),
    }
}

async fn egr_10_pinned(cx: Cx) -> Outcome {
    let web = Web::start().await?;
    // No look-up finds this name: a server that gets there has used the pinned address.
    let host = format!("pinned.invalid:{}", web.address.port());
    let request = pb::EgressRequest {
        pinned_addresses: Some(pb::PinnedAddresses {
            host: "pinned.invalid".into(),
            addresses: vec![web.address.to_string()],
        }),
        ..get(&format!("http://{host}/status/200"))
    };
    sent(&cx, &web, get(&web.url("/status/200"))).await?;
    let (head, _) = sent(&cx, &web, request).await?;
    same("the status", &head.status, &200)?;
    same(
        "the Host header that the other end got",
        &head.headers.get("x-host"),
        &Some(&host),
    )
}

async fn egr_11_binary(cx: Cx) -> Outcome {
    let web = Web::start().await?;
    let mut bytes: Vec<u8> = (0..=u8::MAX).collect();
    bytes.extend(cx.random_bytes(1024 * 1024));
    let request = pb::EgressRequest {
        method: "POST".into(),
        body: bytes.clone().into(),
        ..get(&web.url("/echo"))
    };
    let (_, body) = sent(&cx, &web, request.clone()).await?;
    let is_same = body == bytes;
    that(
        "a body that was sent and sent back by Send",
        "the same bytes",
        is_same,
        &body.len(),
    )?;
    let (_, body) = sent_as_stream(&cx, &web, request).await?;
    let is_same = body == bytes;
    that(
        "a body that was sent and sent back by SendStream",
        "the same bytes",
        is_same,
        &body.len(),
    )
}

async fn egr_12_statuses(cx: Cx) -> Outcome {
    let web = Web::start().await?;
    for status in [201, 400, 404, 429, 500, 503] {
        let request = get(&web.url(&format!("/status/{status}")));
        let (head, _) = sent(&cx, &web, request.clone()).await?;
        same("the status by Send", &head.status, &status)?;
        let (head, _) = sent_as_stream(&cx, &web, request).await?;
        same("the status by SendStream", &head.status, &status)?;
    }
    Ok(())
}

async fn egr_13_incomplete(cx: Cx) -> Outcome {
    let web = Web::start().await?;
    let good = get(&web.url("/status/200"));
    let cases = [
        pb::EgressRequest {
            kind: 0,
            ..good.clone()
        },
        pb::EgressRequest {
            kind: 99,
            ..good.clone()
        },
        pb::EgressRequest { signing: 0, ..good },
    ];
    let reasons = [ErrorReason::InvalidField];
    for request in cases {
        stream_refused_with(&cx, &SEND, send(request.clone()), &reasons).await?;
        stream_refused_with(&cx, &SEND_STREAM, send_stream(request), &reasons).await?;
    }
    let without = pb::SendRequest {
        context: None,
        request: None,
    };
    stream_refused_with(&cx, &SEND, without, &reasons).await?;
    same("how many connections were made", &web.connections(), &0)
}
