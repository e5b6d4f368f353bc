//! Apps.

use super::{app_request, new_app, not_found, platform};
use crate::check::{Outcome, absent, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::fixtures::is_id;
use crate::rule::Group;
use crate::rules::common::{moved_on, not_before};
use mortise_proto::pb;
use mortise_proto::pb::update_app_request::AgentIdentity;
use mortise_proto::rpc::table::platform_store_service::{
    CREATE_APP, DELETE_AGENT, DELETE_APP, DELETE_HARNESS, DESTROY_APP, GET_APP, LIST_APPS,
    PUBLISH_APP, UNPUBLISH_APP, UPDATE_APP,
};

pub(super) fn rules(group: Group) -> Group {
    group
        .hard("PLAT-27", "An app is made as a draft; publishing it sets its status and published_at, unpublishing makes it a draft without published_at.", "PS:116-151", plat_27_publishes)
        .hard("PLAT-28", "An app that is not archived is not destroyed; an archived one is, and is absent then.", "PS:144", plat_28_destroys)
        .hard("PLAT-29", "The list of apps leaves out archived ones unless asked for them, is ascending by name, and looks for name and description whatever the case.", "PS:111", plat_29_lists)
        .hard("PLAT-30", "An app's identity stays when an update does not name one, goes when it is cleared, and is what was set.", "PS:138", plat_30_identities)
        .hard("PLAT-56", "An update of an app changes the fields that were given and no others, keeps created_at and moves updated_at on.", "platform_store.proto, UpdateApp", plat_56_updates)
        .hard("PLAT-57", "Every change to an app that is not there is refused with a text that contains `not found`.", "platform_store.proto", plat_57_unknown)
        .hard("PLAT-58", "An archived app cannot be changed or published; deleting it again changes nothing.", "platform_store.proto", plat_58_archived_stays)
        .hard("PLAT-59", "An app on a harness or agent that is archived or unknown is refused.", "platform_store.proto, CreateApp", plat_59_unusable)
        .hard("PLAT-60", "Two apps may have one name.", "platform_app.proto, name", plat_60_twins)
}

pub(super) async fn get(cx: &Cx, id: &str) -> Outcome<Option<pb::App>> {
    let request = pb::GetAppRequest {
        context: None,
        app_id: id.into(),
    };
    Ok(cx.call(&GET_APP, request).await?.app)
}

pub(super) async fn got(cx: &Cx, id: &str) -> Outcome<pb::App> {
    present("GetApp.app", get(cx, id).await?)
}

pub(super) fn deletion(id: &str) -> pb::DeleteAppRequest {
    pb::DeleteAppRequest {
        context: None,
        app_id: id.into(),
    }
}

pub(super) fn destruction(id: &str) -> pb::DestroyAppRequest {
    pb::DestroyAppRequest {
        context: None,
        app_id: id.into(),
    }
}

pub(super) fn publication(id: &str) -> pb::PublishAppRequest {
    pb::PublishAppRequest {
        context: None,
        app_id: id.into(),
    }
}

pub(super) fn retraction(id: &str) -> pb::UnpublishAppRequest {
    pb::UnpublishAppRequest {
        context: None,
        app_id: id.into(),
    }
}

pub(super) fn update(id: &str) -> pb::UpdateAppRequest {
    pb::UpdateAppRequest {
        app_id: id.into(),
        ..Default::default()
    }
}

pub(super) async fn listed(
    cx: &Cx,
    search: Option<&str>,
    include_archived: bool,
) -> Outcome<Vec<pb::App>> {
    let request = pb::ListAppsRequest {
        context: None,
        search: search.map(Into::into),
        include_archived,
    };
    let runs = cx.collect(&LIST_APPS, request).await?;
    Ok(runs.into_iter().flat_map(|run| run.apps).collect())
}

async fn plat_27_publishes(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let request = pb::CreateAppRequest {
        description: Some("What it does".into()),
        agent_id: Some(cx.agent().await?),
        agent_identity_id: Some(fresh_id("identity")),
        ..app_request(&cx).await?
    };
    let made = present(
        "CreateApp.app",
        cx.call(&CREATE_APP, request.clone()).await?.app,
    )?;
    that(
        "app.id",
        "`app_` and 32 hex digits",
        is_id(&made.id, "app"),
        &made.id,
    )?;
    same("app.name", &made.name, &request.name)?;
    same("app.description", &made.description, &request.description)?;
    same("app.harness_id", &made.harness_id, &request.harness_id)?;
    same("app.agent_id", &made.agent_id, &request.agent_id)?;
    same(
        "app.agent_identity_id",
        &made.agent_identity_id,
        &request.agent_identity_id,
    )?;
    same(
        "app.channels without a channel type",
        &made.channels,
        &Vec::new(),
    )?;
    same("app.status", &made.status(), &pb::AppStatus::Draft)?;
    absent("app.published_at of a draft", made.published_at)?;
    same("GetApp.app", &got(&cx, &made.id).await?, &made)?;

    let answer = cx.call(&PUBLISH_APP, publication(&made.id)).await?;
    let published = present("PublishApp.app", answer.app)?;
    same(
        "app.status after PublishApp",
        &published.status(),
        &pb::AppStatus::Published,
    )?;
    not_before(
        "app.published_at",
        published.published_at.as_ref(),
        made.created_at.as_ref(),
    )?;
    same(
        "GetApp.app after PublishApp",
        &got(&cx, &made.id).await?,
        &published,
    )?;

    let answer = cx.call(&UNPUBLISH_APP, retraction(&made.id)).await?;
    let draft = present("UnpublishApp.app", answer.app)?;
    same(
        "app.status after UnpublishApp",
        &draft.status(),
        &pb::AppStatus::Draft,
    )?;
    absent("app.published_at after UnpublishApp", draft.published_at)?;
    same(
        "GetApp.app after UnpublishApp",
        &got(&cx, &made.id).await?,
        &draft,
    )
}

async fn plat_28_destroys(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let made = new_app(&cx).await?;
    super::refused_by_store(
        &cx,
        "DestroyApp of a draft",
        &DESTROY_APP,
        destruction(&made.id),
    )
    .await?;
    same(
        "GetApp.app after a refused DestroyApp",
        &got(&cx, &made.id).await?,
        &made,
    )?;
    cx.call(&DELETE_APP, deletion(&made.id)).await?;
    let archived = got(&cx, &made.id).await?;
    same(
        "app.status after DeleteApp",
        &archived.status(),
        &pb::AppStatus::Archived,
    )?;
    cx.call(&DESTROY_APP, destruction(&made.id)).await?;
    absent("GetApp.app after DestroyApp", get(&cx, &made.id).await?)
}

async fn plat_29_lists(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let word = cx.name("Wörd");
    let mut made = Vec::new();
    for (name, description) in [
        (format!("b {word}"), None),
        ("a".into(), Some(format!("all about {word}"))),
        (format!("c {word}"), None),
    ] {
        let request = pb::CreateAppRequest {
            name,
            description,
            ..app_request(&cx).await?
        };
        made.push(present("CreateApp.app", cx.call(&CREATE_APP, request).await?.app)?.id);
    }
    cx.call(&DELETE_APP, deletion(&made[2])).await?;
    // The case of letters beyond ASCII is the server's affair.
    let search = word.replace('W', "w");
    for (include_archived, expected) in [
        (false, vec![&made[1], &made[0]]),
        (true, vec![&made[1], &made[0], &made[2]]),
    ] {
        let found = listed(&cx, Some(&search), include_archived).await?;
        let ids: Vec<_> = found.iter().map(|app| &app.id).collect();
        same(
            &format!("the ids of ListApps with search and include_archived {include_archived}"),
            &ids,
            &expected,
        )?;
    }
    let all = listed(&cx, None, false).await?;
    let holds = |id: &String| all.iter().any(|app| app.id == *id);
    that(
        "ListApps",
        "to hold the active apps alone",
        holds(&made[0]) && holds(&made[1]) && !holds(&made[2]),
        "others",
    )
}

async fn plat_30_identities(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let (first, second) = (fresh_id("identity"), fresh_id("identity"));
    let request = pb::CreateAppRequest {
        agent_identity_id: Some(first.clone()),
        ..app_request(&cx).await?
    };
    let id = present("CreateApp.app", cx.call(&CREATE_APP, request).await?.app)?.id;
    let steps = [
        ("left out", None, Some(&first)),
        (
            "set",
            Some(AgentIdentity::AgentIdentityId(second.clone())),
            Some(&second),
        ),
        ("cleared", Some(AgentIdentity::ClearAgentIdentity(())), None),
    ];
    for (how, agent_identity, expected) in steps {
        let request = pb::UpdateAppRequest {
            description: Some(how.into()),
            agent_identity,
            ..update(&id)
        };
        cx.call(&UPDATE_APP, request).await?;
        same(
            &format!("agent_identity_id after an update in which it is {how}"),
            &got(&cx, &id).await?.agent_identity_id.as_ref(),
            &expected,
        )?;
    }
    Ok(())
}

async fn plat_56_updates(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let before = new_app(&cx).await?;
    let (harness_id, agent_id) = (cx.harness().await?, cx.agent().await?);
    let request = pb::UpdateAppRequest {
        harness_id: Some(harness_id.clone()),
        agent_id: Some(agent_id.clone()),
        ..update(&before.id)
    };
    let after = present("UpdateApp.app", cx.call(&UPDATE_APP, request).await?.app)?;
    moved_on(
        "app.updated_at",
        after.updated_at.as_ref(),
        before.updated_at.as_ref(),
    )?;
    let expected = pb::App {
        harness_id,
        agent_id: Some(agent_id),
        updated_at: after.updated_at,
        ..before
    };
    same("UpdateApp.app", &after, &expected)?;
    same("GetApp.app", &got(&cx, &after.id).await?, &expected)
}

async fn plat_57_unknown(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let id = fresh_id("app");
    absent("GetApp.app", get(&cx, &id).await?)?;
    let request = pb::UpdateAppRequest {
        name: Some("x".into()),
        ..update(&id)
    };
    not_found(&cx, &UPDATE_APP, request).await?;
    not_found(&cx, &DELETE_APP, deletion(&id)).await?;
    not_found(&cx, &DESTROY_APP, destruction(&id)).await?;
    not_found(&cx, &PUBLISH_APP, publication(&id)).await?;
    not_found(&cx, &UNPUBLISH_APP, retraction(&id)).await
}

async fn plat_58_archived_stays(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let id = new_app(&cx).await?.id;
    cx.call(&DELETE_APP, deletion(&id)).await?;
    let archived = got(&cx, &id).await?;
    let request = pb::UpdateAppRequest {
        name: Some("changed".into()),
        ..update(&id)
    };
    cx.refused(&UPDATE_APP, request).await?;
    cx.refused(&PUBLISH_APP, publication(&id)).await?;
    cx.call(&DELETE_APP, deletion(&id)).await?;
    same(
        "GetApp.app after another DeleteApp",
        &got(&cx, &id).await?,
        &archived,
    )
}

async fn plat_59_unusable(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let (harness_id, agent_id) = (cx.harness().await?, cx.agent().await?);
    let request = pb::DeleteHarnessRequest {
        context: None,
        harness_id: harness_id.clone(),
    };
    cx.call(&DELETE_HARNESS, request).await?;
    let request = pb::DeleteAgentRequest {
        context: None,
        agent_id: agent_id.clone(),
    };
    cx.call(&DELETE_AGENT, request).await?;
    let app = new_app(&cx).await?;
    for harness_id in [harness_id, fresh_id("harness")] {
        let request = pb::CreateAppRequest {
            harness_id: harness_id.clone(),
            ..app_request(&cx).await?
        };
        cx.refused(&CREATE_APP, request).await?;
        let request = pb::UpdateAppRequest {
            harness_id: Some(harness_id),
            ..update(&app.id)
        };
        cx.refused(&UPDATE_APP, request).await?;
    }
    for agent_id in [agent_id, fresh_id("agent")] {
        let request = pb::CreateAppRequest {
            agent_id: Some(agent_id.clone()),
            ..app_request(&cx).await?
        };
        cx.refused(&CREATE_APP, request).await?;
        let request = pb::UpdateAppRequest {
            agent_id: Some(agent_id),
            ..update(&app.id)
        };
        cx.refused(&UPDATE_APP, request).await?;
    }
    same(
        "GetApp.app after refused updates",
        &got(&cx, &app.id).await?,
        &app,
    )
}

async fn plat_60_twins(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let request = app_request(&cx).await?;
    let one = present(
        "CreateApp.app",
        cx.call(&CREATE_APP, request.clone()).await?.app,
    )?;
    let other = present("CreateApp.app", cx.call(&CREATE_APP, request).await?.app)?;
    crate::check::different("the id of another app of the same name", &other.id, &one.id)
}
