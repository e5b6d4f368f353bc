//! What holds of every kind of record.

use super::{agent_request, create_agent, create_harness, harness_request, new_app, platform};
use crate::check::{Outcome, present, same};
use crate::context::{Cx, described};
use crate::rule::Group;
use crate::rules::common::not_before;
use futures::future::try_join_all;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::platform_store_service::{
    CREATE_HARNESS, GET_AGENT_BY_ID, GET_HARNESS, LIST_AGENTS, LIST_APPS, LIST_CAPABILITIES,
    LIST_HARNESSES, LIST_SESSIONS, UPDATE_AGENT, UPDATE_HARNESS,
};

pub(super) fn rules(group: Group) -> Group {
    group
        .hard(
            "PLAT-81",
            "A call that names no session as the one that calls is refused as INVALID_FIELD.",
            "platform_store.proto, CallContext.session_id",
            plat_81_no_caller,
        )
        .hard(
            "PLAT-82",
            "No record has an updated_at before its created_at.",
            "GEN-09",
            plat_82_in_order,
        )
        .hard(
            "PLAT-83",
            "Two updates of different fields of one record at the same time are both there.",
            "platform_store.proto, updates",
            plat_83_no_update_lost,
        )
        .full()
        .hard(
            "PLAT-84",
            "A change that was answered over one connection is readable over another at once.",
            "read your writes",
            plat_84_second_view,
        )
        .full()
        .hard(
            "PLAT-85",
            "A prompt of 1 MiB survives.",
            "web_fetch.rs:256",
            plat_85_large,
        )
        .full()
}

async fn plat_81_no_caller(cx: Cx) -> Outcome {
    let outside = cx.in_session("");
    let error = outside
        .refused(&CREATE_HARNESS, harness_request(&cx))
        .await?;
    same(
        &format!("the reason of `{}`", described(&error)),
        &error.reason,
        &Some(ErrorReason::InvalidField),
    )?;
    let error = outside
        .refused_collect(&LIST_HARNESSES, pb::ListHarnessesRequest::default())
        .await?;
    same(
        &format!("the reason of `{}`", described(&error)),
        &error.reason,
        &Some(ErrorReason::InvalidField),
    )?;
    let error = outside
        .refused_collect(&LIST_CAPABILITIES, pb::ListCapabilitiesRequest::default())
        .await?;
    same(
        &format!("the reason of `{}`", described(&error)),
        &error.reason,
        &Some(ErrorReason::InvalidField),
    )
}

async fn plat_82_in_order(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    new_app(&cx).await?;
    create_agent(&cx, agent_request(&cx)).await?;
    cx.session().await?;
    for run in cx
        .collect(&LIST_HARNESSES, pb::ListHarnessesRequest::default())
        .await?
    {
        for it in run.harnesses {
            not_before(
                &format!("updated_at of {}", it.id),
                it.updated_at.as_ref(),
                it.created_at.as_ref(),
            )?;
        }
    }
    for run in cx
        .collect(&LIST_AGENTS, pb::ListAgentsRequest::default())
        .await?
    {
        for it in run.agents {
            not_before(
                &format!("updated_at of {}", it.id),
                it.updated_at.as_ref(),
                it.created_at.as_ref(),
            )?;
        }
    }
    for run in cx
        .collect(&LIST_APPS, pb::ListAppsRequest::default())
        .await?
    {
        for it in run.apps {
            not_before(
                &format!("updated_at of {}", it.id),
                it.updated_at.as_ref(),
                it.created_at.as_ref(),
            )?;
        }
    }
    for run in cx
        .collect(&LIST_SESSIONS, pb::ListSessionsRequest::default())
        .await?
    {
        for it in run.sessions {
            not_before(
                &format!("updated_at of {}", it.id),
                it.updated_at.as_ref(),
                it.created_at.as_ref(),
            )?;
        }
    }
    Ok(())
}

async fn plat_83_no_update_lost(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    for _ in 0..8 {
        let id = create_harness(&cx, harness_request(&cx)).await?.id;
        let update = || pb::UpdateHarnessRequest {
            harness_id: id.clone(),
            ..Default::default()
        };
        let updates = [
            pb::UpdateHarnessRequest {
                display_name: Some("shown".into()),
                ..update()
            },
            pb::UpdateHarnessRequest {
                description: Some("described".into()),
                ..update()
            },
        ];
        let sent = updates.map(|request| {
            let cx = cx.over_new_connection();
            async move { cx.call(&UPDATE_HARNESS, request).await }
        });
        try_join_all(sent).await?;
        let request = pb::PlatformStoreServiceGetHarnessRequest {
            context: None,
            harness_id: id,
        };
        let read = present(
            "GetHarness.harness",
            cx.call(&GET_HARNESS, request).await?.harness,
        )?;
        same(
            "display_name after two updates at the same time",
            &read.display_name.as_deref(),
            &Some("shown"),
        )?;
        same(
            "description after two updates at the same time",
            &read.description.as_deref(),
            &Some("described"),
        )?;
    }
    Ok(())
}

async fn plat_84_second_view(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let other = cx.over_new_connection();
    let id = create_agent(&cx, agent_request(&cx)).await?.id;
    for round in 0..20 {
        let description = Some(round.to_string());
        let request = pb::UpdateAgentRequest {
            agent_id: id.clone(),
            description: description.clone(),
            ..Default::default()
        };
        cx.call(&UPDATE_AGENT, request).await?;
        let request = pb::GetAgentByIdRequest {
            context: None,
            agent_id: id.clone(),
        };
        let read = other
            .call(&GET_AGENT_BY_ID, request)
            .await?
            .agent
            .unwrap_or_default();
        same(
            "GetAgentById.agent.description over another connection",
            &read.description,
            &description,
        )?;
    }
    Ok(())
}

async fn plat_85_large(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let prompt = "ü".repeat(512 * 1024);
    let request = pb::CreateHarnessRequest {
        system_prompt: prompt.clone(),
        ..harness_request(&cx)
    };
    let id = create_harness(&cx, request).await?.id;
    let request = pb::PlatformStoreServiceGetHarnessRequest {
        context: None,
        harness_id: id,
    };
    let read = present(
        "GetHarness.harness",
        cx.call(&GET_HARNESS, request).await?.harness,
    )?;
    same(
        "GetHarness.harness.system_prompt of 1 MiB",
        &read.system_prompt,
        &prompt,
    )?;
    let request = pb::DeleteHarnessRequest {
        context: None,
        harness_id: read.id,
    };
    cx.call(
        &mortise_proto::rpc::table::platform_store_service::DELETE_HARNESS,
        request,
    )
    .await
    .map(|_| ())
}
