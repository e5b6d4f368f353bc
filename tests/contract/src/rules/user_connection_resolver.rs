//! Tokens of the third-party accounts that users have connected.

use super::common::{AWKWARD_JSON, refused_as_invalid, same_json};
use super::refusals::NO_SESSION_IDS;
use crate::check::{Outcome, absent, present, same, skipped};
use crate::context::{Cx, fresh_id, fresh_uuid};
use crate::rule::{Group, Need, Rule};
use crate::seed::new_session;
use mortise_proto::pb::{self, ErrorReason, PrincipalKind};
use mortise_proto::rpc::table::test_seed_service::{PUT_CONNECTION, PUT_SESSION};
use mortise_proto::rpc::table::user_connection_resolver_service::{
    GET_CONNECTION_METADATA, GET_CONNECTION_TOKEN, GET_CONNECTION_TOKEN_FOR_USER,
    GET_CONNECTION_USER, NAME,
};

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("CONN-01", "No connection is absent, not an error, for every method.", "T:788, AH:318", conn_01_none)
        .hard("CONN-02", "A connection of the session's user gives its token in clear text.", "T:787", conn_02_token).needs(&[Need::Seed])
        .hard("CONN-03", "GetConnectionUser gives the same owner each time.", "T:795-798", conn_03_user).needs(&[Need::Seed])
        .hard("CONN-04", "The token of the connection's owner is the token of the session.", "T:807-811", conn_04_of_owner).needs(&[Need::Seed])
        .hard("CONN-05", "Another user has no token of it.", "T:809", conn_05_of_other_user).needs(&[Need::Seed])
        .hard("CONN-06", "Metadata comes back as it was given, and is absent where none was.", "T:819", conn_06_metadata).needs(&[Need::Seed])
        .soft("CONN-07", "Providers are compared exactly.", "AH:314", conn_07_exact).needs(&[Need::Seed])
        .hard("CONN-08", "A session uses the connections of its resolved user, else of its effective owner, else of its owner, where these are people.", "user_connection_resolver.proto", conn_08_precedence).needs(&[Need::Seed])
        .hard("CONN-09", "A malformed session or user id is refused as INVALID_FIELD.", "ID:85-121", conn_09_malformed)
        .hard("CONN-10", "Another org sees no connection of a session or user whose id it knows.", "context.proto", conn_10_other_org).needs(&[Need::Seed, Need::OtherOrg])
        .hard("CONN-11", "A replaced connection of a user is returned at once, over any gRPC connection.", "read your writes", conn_11_replaced).needs(&[Need::Seed]).full()
        .list()
}

const TOKEN: &str = "token-4c9e";

async fn token_of(cx: &Cx, session: &str, provider: &str) -> Outcome<Option<String>> {
    let request = pb::GetConnectionTokenRequest {
        context: None,
        session_id: session.into(),
        provider: provider.into(),
    };
    Ok(cx.call(&GET_CONNECTION_TOKEN, request).await?.token)
}

async fn user_of(cx: &Cx, session: &str, provider: &str) -> Outcome<Option<String>> {
    let request = pb::GetConnectionUserRequest {
        context: None,
        session_id: session.into(),
        provider: provider.into(),
    };
    Ok(cx.call(&GET_CONNECTION_USER, request).await?.user_id)
}

async fn user_token(cx: &Cx, user: &str, provider: &str) -> Outcome<Option<String>> {
    let request = pb::GetConnectionTokenForUserRequest {
        context: None,
        user_id: user.into(),
        provider: provider.into(),
    };
    Ok(cx
        .call(&GET_CONNECTION_TOKEN_FOR_USER, request)
        .await?
        .token)
}

async fn metadata_of(cx: &Cx, session: &str, provider: &str) -> Outcome<Option<String>> {
    let request = pb::GetConnectionMetadataRequest {
        context: None,
        session_id: session.into(),
        provider: provider.into(),
    };
    let answer = cx.call(&GET_CONNECTION_METADATA, request).await?;
    Ok(answer.metadata_json)
}

/// Connects a user; without encryption the rule is skipped.
async fn connect(
    cx: &Cx,
    user: &str,
    provider: &str,
    token: &str,
    metadata: Option<&str>,
) -> Outcome {
    let request = pb::PutConnectionRequest {
        context: None,
        connection: Some(pb::Connection {
            user_id: user.into(),
            provider: provider.into(),
            token: token.into(),
            metadata_json: metadata.map(Into::into),
        }),
    };
    match cx.attempt(&PUT_CONNECTION, request.clone()).await {
        Ok(_) => Ok(()),
        Err(error) if error.reason == Some(ErrorReason::Configuration) => {
            skipped("the server has no key to encrypt tokens with")
        }
        Err(_) => cx.call(&PUT_CONNECTION, request).await.map(drop),
    }
}

/// A session whose owner is changed before it is put.
async fn session_of(cx: &Cx, change: impl FnOnce(&mut pb::Session)) -> Outcome<String> {
    let mut session = new_session(cx, &cx.harness().await?, None);
    change(&mut session);
    let id = session.id.clone();
    let request = pb::PutSessionRequest {
        context: None,
        session: Some(session),
    };
    cx.call(&PUT_SESSION, request).await?;
    Ok(id)
}

fn principal(kind: PrincipalKind, subject: &str) -> pb::PrincipalSummary {
    pb::PrincipalSummary {
        id: fresh_id("principal"),
        kind: kind.into(),
        subject_id: Some(subject.into()),
        metadata_json: "null".into(),
    }
}

/// A session, its user, and a provider that the user is connected to.
async fn connected(cx: &Cx, metadata: Option<&str>) -> Outcome<(String, String, String)> {
    let (user, provider) = (fresh_uuid(), cx.name("provider"));
    let owner = user.clone();
    let session = session_of(cx, |session| session.resolved_owner_user_id = Some(owner)).await?;
    connect(cx, &user, &provider, TOKEN, metadata).await?;
    Ok((session, user, provider))
}

/// Nothing is found for a session.
async fn nothing(cx: &Cx, what: &str, session: &str, provider: &str) -> Outcome {
    let token = token_of(cx, session, provider).await?;
    absent(
        &format!("GetConnectionToken.token {what}"),
        token.map(|_| "a token"),
    )?;
    let user = user_of(cx, session, provider).await?;
    absent(&format!("GetConnectionUser.user_id {what}"), user)?;
    let metadata = metadata_of(cx, session, provider).await?;
    absent(
        &format!("GetConnectionMetadata.metadata_json {what}"),
        metadata.map(|_| "metadata"),
    )
}

async fn conn_01_none(cx: Cx) -> Outcome {
    let (session, provider) = (cx.session().await?, cx.name("provider"));
    nothing(&cx, "without a connection", &session, &provider).await?;
    nothing(
        &cx,
        "of a session that does not exist",
        &fresh_id("session"),
        &provider,
    )
    .await?;
    let token = user_token(&cx, &fresh_uuid(), &provider).await?;
    absent(
        "GetConnectionTokenForUser.token of an unknown user",
        token.map(|_| "a token"),
    )
}

async fn conn_02_token(cx: Cx) -> Outcome {
    let (session, _, provider) = connected(&cx, None).await?;
    let token = token_of(&cx, &session, &provider).await?;
    same("GetConnectionToken.token", &token.as_deref(), &Some(TOKEN))
}

async fn conn_03_user(cx: Cx) -> Outcome {
    let (session, user, provider) = connected(&cx, None).await?;
    for _ in 0..3 {
        let owner = user_of(&cx, &session, &provider).await?;
        same("GetConnectionUser.user_id", &owner.as_ref(), &Some(&user))?;
    }
    Ok(())
}

async fn conn_04_of_owner(cx: Cx) -> Outcome {
    let (session, _, provider) = connected(&cx, None).await?;
    let owner = user_of(&cx, &session, &provider).await?;
    let owner = present("GetConnectionUser.user_id", owner)?;
    let token = user_token(&cx, &owner, &provider).await?;
    same(
        "GetConnectionTokenForUser.token",
        &token.as_deref(),
        &Some(TOKEN),
    )
}

async fn conn_05_of_other_user(cx: Cx) -> Outcome {
    let (_, user, provider) = connected(&cx, None).await?;
    let (other, other_provider) = (fresh_uuid(), cx.name("provider"));
    connect(&cx, &other, &other_provider, "token-other", None).await?;
    for (user, provider) in [(&other, &provider), (&user, &other_provider)] {
        let token = user_token(&cx, user, provider).await?;
        absent(
            "GetConnectionTokenForUser.token of a provider that the user is not connected to",
            token.map(|_| "a token"),
        )?;
    }
    Ok(())
}

async fn conn_06_metadata(cx: Cx) -> Outcome {
    for given in [AWKWARD_JSON, "null", "{}"] {
        let (session, _, provider) = connected(&cx, Some(given)).await?;
        let kept = metadata_of(&cx, &session, &provider).await?;
        let kept = present("GetConnectionMetadata.metadata_json", kept)?;
        same_json("GetConnectionMetadata.metadata_json", &kept, given)?;
    }
    let (session, _, provider) = connected(&cx, None).await?;
    let kept = metadata_of(&cx, &session, &provider).await?;
    absent(
        "GetConnectionMetadata.metadata_json where none was given",
        kept.map(|_| "metadata"),
    )
}

async fn conn_07_exact(cx: Cx) -> Outcome {
    let (session, _, provider) = connected(&cx, None).await?;
    let others = [
        provider.to_uppercase(),
        format!("{provider} "),
        provider[..12].into(),
    ];
    for other in others {
        let what = format!("of `{other}`, not `{provider}`");
        nothing(&cx, &what, &session, &other).await?;
    }
    Ok(())
}

async fn conn_08_precedence(cx: Cx) -> Outcome {
    let (resolved, effective, owner) = (fresh_uuid(), fresh_uuid(), fresh_uuid());
    let provider = cx.name("provider");
    for user in [&resolved, &effective, &owner] {
        connect(&cx, user, &provider, user, None).await?;
    }
    let person = |user: &str| Some(principal(PrincipalKind::User, user));
    let agent = |user: &str| Some(principal(PrincipalKind::AgentIdentity, user));
    let cases = [
        (
            Some(&resolved),
            person(&effective),
            person(&owner),
            Some(&resolved),
        ),
        (None, person(&effective), person(&owner), Some(&effective)),
        (None, None, person(&owner), Some(&owner)),
        (None, agent(&effective), person(&owner), Some(&owner)),
        (None, agent(&effective), agent(&owner), None),
        (None, None, None, None),
    ];
    for (user, effective_owner, owner, expected) in cases {
        let what = format!("(resolved: {user:?}, {effective_owner:?}, {owner:?})");
        let session = session_of(&cx, |session| {
            session.resolved_owner_user_id = user.cloned();
            session.effective_owner = effective_owner;
            session.owner = owner;
        })
        .await?;
        let found = user_of(&cx, &session, &provider).await?;
        same(
            &format!("GetConnectionUser.user_id {what}"),
            &found.as_ref(),
            &expected,
        )?;
        let token = token_of(&cx, &session, &provider).await?;
        same(
            &format!("GetConnectionToken.token {what}"),
            &token.as_ref(),
            &expected,
        )?;
    }
    Ok(())
}

async fn conn_09_malformed(cx: Cx) -> Outcome {
    let provider = cx.name("provider");
    for id in NO_SESSION_IDS {
        let (session_id, provider) = (id.to_owned(), provider.clone());
        let request = pb::GetConnectionTokenRequest {
            context: None,
            session_id: session_id.clone(),
            provider: provider.clone(),
        };
        refused_as_invalid(&cx, &GET_CONNECTION_TOKEN, request).await?;
        let request = pb::GetConnectionUserRequest {
            context: None,
            session_id: session_id.clone(),
            provider: provider.clone(),
        };
        refused_as_invalid(&cx, &GET_CONNECTION_USER, request).await?;
        let request = pb::GetConnectionMetadataRequest {
            context: None,
            session_id,
            provider,
        };
        refused_as_invalid(&cx, &GET_CONNECTION_METADATA, request).await?;
    }
    for user in ["", "me", "00000000-0000-0000-0000-00000000000g"] {
        let request = pb::GetConnectionTokenForUserRequest {
            context: None,
            user_id: user.into(),
            provider: provider.clone(),
        };
        refused_as_invalid(&cx, &GET_CONNECTION_TOKEN_FOR_USER, request).await?;
    }
    Ok(())
}

async fn conn_10_other_org(cx: Cx) -> Outcome {
    let (session, user, provider) = connected(&cx, Some("{}")).await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    token_of(&cx, &session, &provider).await?;
    user_of(&cx, &session, &provider).await?;
    metadata_of(&cx, &session, &provider).await?;
    user_token(&cx, &user, &provider).await?;
    let other = cx.in_other_org()?;
    nothing(&other, "in another org", &session, &provider).await?;
    let token = user_token(&other, &user, &provider).await?;
    absent(
        "GetConnectionTokenForUser.token in another org",
        token.map(|_| "a token"),
    )
}

async fn conn_11_replaced(cx: Cx) -> Outcome {
    let (session, user, provider) = connected(&cx, Some("{}")).await?;
    let other = cx.over_new_connection();
    for round in 0..10 {
        let given = format!("token-{round}");
        connect(&cx, &user, &provider, &given, None).await?;
        let token = token_of(&other, &session, &provider).await?;
        same(
            "GetConnectionToken.token over another connection",
            &token,
            &Some(given),
        )?;
    }
    let metadata = metadata_of(&other, &session, &provider).await?;
    absent(
        "GetConnectionMetadata.metadata_json after a connection without any was put",
        metadata.map(|_| "metadata"),
    )
}
