//! API keys of model providers.

use super::common::awkward_texts;
use crate::check::{Outcome, absent, present, same, skipped};
use crate::context::Cx;
use crate::rule::{Group, Need, Rule};
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::provider_credential_store_service::{
    GET_DEFAULT_PROVIDER_CREDENTIALS, NAME,
};
use mortise_proto::rpc::table::test_seed_service::PUT_PROVIDER_CREDENTIAL;

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "CRED-01",
            "A type of provider that the org has no credentials for is absent, not an error.",
            "T:235",
            cred_01_unknown,
        )
        .hard(
            "CRED-02",
            "Credentials come back with key and base URL; an absent and an empty URL differ.",
            "T:222-227",
            cred_02_known,
        )
        .needs(&[Need::Seed])
        .hard(
            "CRED-03",
            "Types of provider are compared exactly.",
            "provider_credential_store.proto",
            cred_03_exact,
        )
        .needs(&[Need::Seed])
        .hard(
            "CRED-04",
            "Another org does not get the credentials.",
            "context.proto",
            cred_04_other_org,
        )
        .needs(&[Need::Seed, Need::OtherOrg])
        .hard(
            "CRED-05",
            "Replaced credentials are returned at once, over any connection.",
            "read your writes",
            cred_05_replaced,
        )
        .needs(&[Need::Seed])
        .full()
        .hard(
            "CRED-06",
            "Keys come back to the byte.",
            "web_fetch.rs:256",
            cred_06_verbatim,
        )
        .needs(&[Need::Seed])
        .list()
}

async fn found(cx: &Cx, provider_type: &str) -> Outcome<Option<pb::ProviderCredentials>> {
    let request = pb::GetDefaultProviderCredentialsRequest {
        context: None,
        provider_type: provider_type.into(),
    };
    let answer = cx.call(&GET_DEFAULT_PROVIDER_CREDENTIALS, request).await?;
    Ok(answer.credentials)
}

fn credentials(api_key: &str, base_url: Option<&str>) -> pb::ProviderCredentials {
    pb::ProviderCredentials {
        api_key: api_key.into(),
        base_url: base_url.map(Into::into),
    }
}

/// Puts credentials; without encryption the rule is skipped.
async fn put(cx: &Cx, provider_type: &str, credentials: pb::ProviderCredentials) -> Outcome {
    let request = pb::PutProviderCredentialRequest {
        context: None,
        provider_type: provider_type.into(),
        credentials: Some(credentials),
    };
    let answer = cx.attempt(&PUT_PROVIDER_CREDENTIAL, request.clone()).await;
    match answer {
        Ok(_) => Ok(()),
        Err(error) if error.reason == Some(ErrorReason::Configuration) => {
            skipped("the server has no key to encrypt credentials with")
        }
        Err(_) => cx.call(&PUT_PROVIDER_CREDENTIAL, request).await.map(drop),
    }
}

async fn cred_01_unknown(cx: Cx) -> Outcome {
    for provider in [cx.name("provider"), String::new(), "no provider\0".into()] {
        absent(
            "GetDefaultProviderCredentials.credentials of a type that was not put",
            found(&cx, &provider).await?.map(|_| "credentials"),
        )?;
    }
    Ok(())
}

async fn cred_02_known(cx: Cx) -> Outcome {
    for base_url in [None, Some(""), Some("https://models.example.com/v1/")] {
        let (provider, given) = (cx.name("provider"), credentials("key-1", base_url));
        put(&cx, &provider, given.clone()).await?;
        let kept = found(&cx, &provider).await?;
        let kept = present("GetDefaultProviderCredentials.credentials", kept)?;
        same(
            "ProviderCredentials.base_url",
            &kept.base_url,
            &given.base_url,
        )?;
        same(
            "whether api_key is the one that was put",
            &(kept == given),
            &true,
        )?;
    }
    Ok(())
}

async fn cred_03_exact(cx: Cx) -> Outcome {
    let provider = cx.name("provider");
    put(&cx, &provider, credentials("key-1", None)).await?;
    let others = [
        provider.to_uppercase(),
        format!("{provider} "),
        provider[..12].into(),
    ];
    for other in others {
        absent(
            &format!("GetDefaultProviderCredentials.credentials of `{other}`, not `{provider}`"),
            found(&cx, &other).await?.map(|_| "credentials"),
        )?;
    }
    Ok(())
}

async fn cred_04_other_org(cx: Cx) -> Outcome {
    let provider = cx.name("provider");
    put(&cx, &provider, credentials("key-1", None)).await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    found(&cx, &provider).await?;
    absent(
        "GetDefaultProviderCredentials.credentials in another org",
        found(&cx.in_other_org()?, &provider)
            .await?
            .map(|_| "credentials"),
    )
}

async fn cred_05_replaced(cx: Cx) -> Outcome {
    let (provider, other) = (cx.name("provider"), cx.over_new_connection());
    for round in 0..10 {
        let given = credentials(&format!("key-{round}"), None);
        put(&cx, &provider, given.clone()).await?;
        let is_new = found(&other, &provider).await? == Some(given);
        same(
            &format!("whether key {round} is read after it was put"),
            &is_new,
            &true,
        )?;
    }
    Ok(())
}

async fn cred_06_verbatim(cx: Cx) -> Outcome {
    for (index, text) in awkward_texts().iter().enumerate() {
        let (provider, given) = (cx.name("provider"), credentials(text, Some(text)));
        put(&cx, &provider, given.clone()).await?;
        let is_same = found(&cx, &provider).await? == Some(given);
        same(
            &format!("whether awkward text {index} came back to the byte"),
            &is_same,
            &true,
        )?;
    }
    Ok(())
}
