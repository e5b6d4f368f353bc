//! What an agent may do with the platform: harnesses, agents, apps and sessions. One file
//! per kind of record; what holds of all of them is in `everywhere`.

mod agents;
mod apps;
mod channels;
mod everywhere;
mod harness_names;
mod harnesses;
mod ids;
mod messages;
mod repeats;
mod sessions;
mod tenancy;

use crate::check::{Outcome, present};
use crate::context::Cx;
use crate::rule::{Group, Rule};
use crate::rules::common::refused_saying;
use crate::rules::refusals::has_reason;
use crate::seed::NO_SESSION;
use mortise_proto::Rpc;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::Scoped;
use mortise_proto::rpc::table::platform_store_service::{
    CREATE_AGENT, CREATE_APP, CREATE_HARNESS, CREATE_SESSION, NAME,
};
use prost::Message;
use std::fmt::Debug;

pub(crate) fn rules() -> Vec<Rule> {
    let group = Group::of(NAME);
    let group = harnesses::rules(group);
    let group = agents::rules(group);
    let group = sessions::rules(group);
    let group = messages::rules(group);
    let group = apps::rules(group);
    let group = channels::rules(group);
    let group = repeats::rules(group);
    let group = ids::rules(group);
    let group = tenancy::rules(group);
    let mut rules = everywhere::rules(group).list();
    // The files are by subject; agents are a family of their own in some of them.
    rules.sort_by_key(|rule| rule.family() != "PLAT");
    rules
}

/// The caller of a platform who acts for no session.
fn platform(cx: &Cx) -> Cx {
    cx.in_session(NO_SESSION)
}

fn harness_request(cx: &Cx) -> pb::CreateHarnessRequest {
    pb::CreateHarnessRequest {
        name: cx.name("contract-harness"),
        system_prompt: "You are held against the contract.".into(),
        ..Default::default()
    }
}

fn agent_request(cx: &Cx) -> pb::CreateAgentRequest {
    pb::CreateAgentRequest {
        name: cx.name("contract-agent"),
        system_prompt: "You are held against the contract.".into(),
        ..Default::default()
    }
}

async fn create_harness(cx: &Cx, request: pb::CreateHarnessRequest) -> Outcome<pb::Harness> {
    let answer = cx.call(&CREATE_HARNESS, request).await?;
    present("CreateHarness.harness", answer.harness)
}

async fn create_agent(cx: &Cx, request: pb::CreateAgentRequest) -> Outcome<pb::Agent> {
    let answer = cx.call(&CREATE_AGENT, request).await?;
    present("CreateAgent.agent", answer.agent)
}

async fn create_session(cx: &Cx, request: pb::CreateSessionRequest) -> Outcome<pb::Session> {
    let answer = cx.call(&CREATE_SESSION, request).await?;
    present("CreateSession.session", answer.session)
}

/// An app on a harness of its own, without channels.
async fn new_app(cx: &Cx) -> Outcome<pb::App> {
    let request = app_request(cx).await?;
    let answer = cx.call(&CREATE_APP, request).await?;
    present("CreateApp.app", answer.app)
}

async fn app_request(cx: &Cx) -> Outcome<pb::CreateAppRequest> {
    Ok(pb::CreateAppRequest {
        name: cx.name("Contract App"),
        harness_id: cx.harness().await?,
        ..Default::default()
    })
}

/// A change to what does not exist is refused with the words that the host's tools show.
async fn not_found<Req, Rsp>(cx: &Cx, rpc: &Rpc<Req, Rsp>, request: Req) -> Outcome
where
    Req: Scoped + Message + Debug + Send + Sync + 'static,
    Rsp: Message + Default + Debug + Send + Sync + 'static,
{
    refused_saying(cx, rpc, request, "not found").await
}

/// A change that the store refuses.
async fn refused_by_store<Req, Rsp>(
    cx: &Cx,
    what: &str,
    rpc: &Rpc<Req, Rsp>,
    request: Req,
) -> Outcome
where
    Req: Scoped + Message + Debug + Send + Sync + 'static,
    Rsp: Message + Default + Debug + Send + Sync + 'static,
{
    has_reason(
        what,
        &cx.refused(rpc, request).await?,
        &[ErrorReason::Store],
    )
}
