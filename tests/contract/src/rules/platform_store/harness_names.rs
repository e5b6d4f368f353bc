//! Names of harnesses.

use super::harnesses::{copy, listed, new, update};
use super::{create_harness, harness_request, platform, refused_by_store};
use crate::check::{Outcome, present, same, that};
use crate::context::Cx;
use crate::rule::{Group, Need};
use futures::future::join_all;
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{
    COPY_HARNESS, CREATE_HARNESS, UPDATE_HARNESS,
};

pub(super) fn rules(group: Group) -> Group {
    group
        .soft("PLAT-08", "A name that an active harness of the org has is refused; in another org it is free.", "harness.rs:64", plat_08_taken).needs(&[Need::OtherOrg])
        .hard("PLAT-39", "A copy without a given name gets a free name that keeps the rules of names.", "platform_harness.proto, new_name", plat_39_unnamed_copies)
        .hard("PLAT-40", "Names of 1 and 64 bytes are accepted; longer names, capitals, blanks and misplaced hyphens are refused.", "platform_store.proto, names", plat_40_names)
        .hard("PLAT-42", "Of 16 calls that create a harness of one name at the same time, one succeeds.", "platform_store.proto, names", plat_42_one_wins).full()
}

async fn plat_08_taken(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let made = new(&cx).await?;
    let request = pb::CreateHarnessRequest {
        name: made.name.clone(),
        ..harness_request(&cx)
    };
    refused_by_store(
        &cx,
        "CreateHarness of a taken name",
        &CREATE_HARNESS,
        request.clone(),
    )
    .await?;
    let other = new(&cx).await?;
    let renaming = pb::UpdateHarnessRequest {
        name: Some(made.name.clone()),
        ..update(&other.id)
    };
    refused_by_store(
        &cx,
        "UpdateHarness to a taken name",
        &UPDATE_HARNESS,
        renaming,
    )
    .await?;
    create_harness(&cx.in_other_org()?, request)
        .await
        .map(|_| ())
}

async fn plat_39_unnamed_copies(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let request = pb::CreateHarnessRequest {
        // As long as a name may be: a copy's has to be made shorter.
        name: format!("{}-{}", cx.name("c"), "x".repeat(41)),
        ..harness_request(&cx)
    };
    let original = create_harness(&cx, request).await?;
    let mut names = vec![original.name.clone()];
    for _ in 0..3 {
        let answer = cx.call(&COPY_HARNESS, copy(&original.id, None)).await?;
        let name = present("CopyHarness.harness", answer.harness)?.name;
        that(
            "the name of a copy",
            "one that is not taken",
            !names.contains(&name),
            &name,
        )?;
        that(
            "the name of a copy",
            "1 to 64 small letters, digits and single hyphens",
            is_name(&name),
            &name,
        )?;
        names.push(name);
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let letters = name
        .bytes()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    (1..=64).contains(&name.len())
        && letters
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

/// Names that are refused.
pub(super) fn wrong_names(cx: &Cx) -> Vec<String> {
    let name = cx.name("n");
    vec![
        String::new(),
        format!("{name}-{}", "x".repeat(64 - name.len())),
        format!("-{name}"),
        format!("{name}-"),
        format!("{name}--x"),
        format!("{name} x"),
        format!("{name}_x"),
        format!("{name}é"),
        format!("{name}\0"),
        name.to_uppercase(),
    ]
}

async fn plat_40_names(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let stem = cx.name("n");
    let longest = format!("{stem}-{}", "x".repeat(63 - stem.len()));
    for name in [longest, format!("0{stem}9")] {
        let request = pb::CreateHarnessRequest {
            name,
            ..harness_request(&cx)
        };
        create_harness(&cx, request).await?;
    }
    // Of one letter there are 36; another run may have taken it.
    let request = pb::CreateHarnessRequest {
        name: "q".into(),
        ..harness_request(&cx)
    };
    if let Err(error) = cx.attempt(&CREATE_HARNESS, request).await {
        let is_invalid = error.code == tonic::Code::InvalidArgument;
        that(
            "CreateHarness of a name of one letter",
            "success, or that it is taken",
            !is_invalid,
            &error.message,
        )?;
    }
    for name in wrong_names(&cx) {
        let request = pb::CreateHarnessRequest {
            name,
            ..harness_request(&cx)
        };
        cx.refused(&CREATE_HARNESS, request).await?;
    }
    Ok(())
}

async fn plat_42_one_wins(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let request = harness_request(&cx);
    let tries = (0..16).map(|_| {
        let cx = cx.over_new_connection();
        let request = request.clone();
        async move { cx.attempt(&CREATE_HARNESS, request).await }
    });
    let answers = join_all(tries).await;
    let made = answers.iter().filter(|answer| answer.is_ok()).count();
    same(
        "how many of 16 concurrent CreateHarness of one name succeeded",
        &made,
        &1,
    )?;
    let all = listed(&cx).await?;
    let of_name = all.iter().filter(|harness| harness.name == request.name);
    same(
        "how many harnesses of that name are listed",
        &of_name.count(),
        &1,
    )
}
