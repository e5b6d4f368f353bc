//! Where sessions, harnesses and agents come from: PlatformStore where it is offered, else
//! TestSeed, else a file of ids that exist, else sessions' ids are invented.

use crate::check::{Outcome, present, skipped};
use crate::context::{Cx, fresh_id, offers};
use crate::fixtures::Fixtures;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::platform_store_service::{
    self as platform, CREATE_AGENT, CREATE_HARNESS,
};
use mortise_proto::rpc::table::test_seed_service::{
    self as seed, PUT_AGENT, PUT_HARNESS, PUT_SESSION,
};
use mortise_proto::{StoreError, pb};
use prost_types::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use tokio::sync::OnceCell;

/// What a caller of the platform sends who acts for no session.
pub(crate) const NO_SESSION: &str = "session_00000000000000000000000000000000";

/// The way that things are made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Platform,
    TestSeed,
    Fixtures,
    Invented,
}

/// Makes things.
pub(crate) struct Seeds {
    way: Way,
    fixtures: Mutex<Fixtures>,
    /// The harness of the sessions of each org.
    harnesses: Mutex<BTreeMap<i64, std::sync::Arc<OnceCell<String>>>>,
}

// === impl Seeds ===

impl Seeds {
    pub(crate) fn new(described: &pb::DescribeResponse, fixtures: Option<Fixtures>) -> Self {
        let way = if offers(described, platform::NAME) {
            Way::Platform
        } else if offers(described, seed::NAME) {
            Way::TestSeed
        } else if fixtures.is_some() {
            Way::Fixtures
        } else {
            Way::Invented
        };
        Self {
            way,
            fixtures: Mutex::new(fixtures.unwrap_or_default()),
            harnesses: Mutex::default(),
        }
    }

    /// How things are made, for people.
    pub(crate) fn name(&self) -> &'static str {
        match self.way {
            Way::Platform => "PlatformStoreService",
            Way::TestSeed => "TestSeedService",
            Way::Fixtures => "the fixtures file",
            Way::Invented => "invented session ids",
        }
    }

    pub(crate) fn are_invented(&self) -> bool {
        self.way == Way::Invented
    }

    /// Whether harnesses and agents can be had.
    pub(crate) fn have_records(&self) -> bool {
        !self.are_invented()
    }

    pub(crate) async fn session(&self, cx: &Cx) -> Outcome<String> {
        match self.way {
            Way::Platform => {
                let request = pb::CreateSessionRequest {
                    harness_id: self.shared_harness(cx).await?,
                    ..Default::default()
                };
                let cx = cx.in_session(NO_SESSION);
                let answer = cx.call(&platform::CREATE_SESSION, request).await?;
                Ok(present("CreateSession.session", answer.session)?.id)
            }
            Way::TestSeed => {
                let session = new_session(cx, &self.shared_harness(cx).await?, None);
                let id = session.id.clone();
                let request = pb::PutSessionRequest {
                    context: None,
                    session: Some(session),
                };
                cx.call(&PUT_SESSION, request).await?;
                Ok(id)
            }
            Way::Fixtures => self.of_file("sessions", |fixtures| &mut fixtures.sessions),
            Way::Invented => Ok(fresh_id("session")),
        }
    }

    pub(crate) async fn harness(&self, cx: &Cx) -> Outcome<String> {
        match self.way {
            Way::Platform => {
                let request = pb::CreateHarnessRequest {
                    name: cx.name("contract-harness"),
                    system_prompt: "You are held against the contract.".into(),
                    ..Default::default()
                };
                let cx = cx.in_session(NO_SESSION);
                let answer = cx.call(&CREATE_HARNESS, request).await?;
                Ok(present("CreateHarness.harness", answer.harness)?.id)
            }
            Way::TestSeed => {
                let harness = new_harness(cx);
                let id = harness.id.clone();
                let request = pb::PutHarnessRequest {
                    context: None,
                    harness: Some(harness),
                };
                cx.call(&PUT_HARNESS, request).await?;
                Ok(id)
            }
            Way::Fixtures => self.of_file("harnesses", |fixtures| &mut fixtures.harnesses),
            Way::Invented => skipped("the suite cannot create a harness"),
        }
    }

    pub(crate) async fn agent(&self, cx: &Cx) -> Outcome<String> {
        match self.way {
            Way::Platform => {
                let request = pb::CreateAgentRequest {
                    name: cx.name("contract-agent"),
                    system_prompt: "You are held against the contract.".into(),
                    ..Default::default()
                };
                let cx = cx.in_session(NO_SESSION);
                let answer = cx.call(&CREATE_AGENT, request).await?;
                Ok(present("CreateAgent.agent", answer.agent)?.id)
            }
            Way::TestSeed => {
                let agent = new_agent(cx);
                let id = agent.id.clone();
                let request = pb::PutAgentRequest {
                    context: None,
                    agent: Some(agent),
                };
                cx.call(&PUT_AGENT, request).await?;
                Ok(id)
            }
            Way::Fixtures => self.of_file("agents", |fixtures| &mut fixtures.agents),
            Way::Invented => skipped("the suite cannot create an agent"),
        }
    }

    /// The harness that an org's sessions share.
    async fn shared_harness(&self, cx: &Cx) -> Outcome<String> {
        let cell = {
            let mut harnesses = self
                .harnesses
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            harnesses.entry(cx.org_id()).or_default().clone()
        };
        let id = cell.get_or_try_init(|| self.harness(cx)).await?;
        Ok(id.clone())
    }

    /// Each thing of the file is handed out once: rules must not meet.
    fn of_file(
        &self,
        what: &str,
        list: impl Fn(&mut Fixtures) -> &mut Vec<String>,
    ) -> Outcome<String> {
        let mut fixtures = self.fixtures.lock().unwrap_or_else(PoisonError::into_inner);
        match list(&mut fixtures).pop() {
            Some(id) => Ok(id),
            None => skipped(format!(
                "the fixtures file has no more {what}; each is used by one rule only"
            )),
        }
    }
}

/// Whether a call failed because its session is not there.
pub(crate) fn wants_a_session(error: &StoreError) -> bool {
    error.reason == Some(ErrorReason::SessionNotFound)
}

/// A session with what every session has.
pub(crate) fn new_session(cx: &Cx, harness_id: &str, agent_id: Option<&str>) -> pb::Session {
    pb::Session {
        id: fresh_id("session"),
        organization_id: cx.org_public_id(),
        harness_id: harness_id.into(),
        agent_id: agent_id.map(Into::into),
        owner_principal_id: fresh_id("principal"),
        status: pb::SessionStatus::Started.into(),
        created_at: Some(now()),
        updated_at: Some(now()),
        ..Default::default()
    }
}

/// A harness with what every harness has.
pub(crate) fn new_harness(cx: &Cx) -> pb::Harness {
    pb::Harness {
        id: fresh_id("harness"),
        name: cx.name("contract-harness"),
        system_prompt: "You are held against the contract.".into(),
        status: pb::HarnessStatus::Active.into(),
        created_at: Some(now()),
        updated_at: Some(now()),
        ..Default::default()
    }
}

/// An agent with what every agent has.
pub(crate) fn new_agent(cx: &Cx) -> pb::Agent {
    pb::Agent {
        id: fresh_id("agent"),
        name: cx.name("contract-agent"),
        system_prompt: "You are held against the contract.".into(),
        status: pb::AgentStatus::Active.into(),
        created_at: Some(now()),
        updated_at: Some(now()),
        ..Default::default()
    }
}

/// This moment, to the nanosecond.
pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}
