//! Turns in which a scripted model calls tools: the upstream runtime, upstream's own
//! tools, and stores over the wire.

use crate::scenario::TestHost;
use async_trait::async_trait;
use everruns_core::AgentCapabilityConfig;
use everruns_core::capabilities::{Capability, CapabilityRegistry};
use everruns_core::error::Result;
use everruns_core::llm_driver_registry::{
    DriverRegistry, LlmCallConfig, LlmDriver, LlmMessage, LlmMessageRole, LlmResponseStream,
    ProviderType,
};
use everruns_core::llmsim_driver::{LlmSimConfig, LlmSimDriver, SimToolCall, SimTurn};
use everruns_core::message::{ContentPart, Message};
use everruns_core::typed_id::{AgentId, SessionId};
use everruns_core::{Agent, Session};
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::{GrpcHostAdapter, Mesh};
use mortise_runtime_host::engine::{LocalEngine, TurnEnd};
use mortise_runtime_host::local::demo;
use mortise_runtime_host::registry;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// What the model says once its script is over.
pub const DONE: &str = "done";

/// A call of a tool.
#[derive(Debug, Clone)]
pub struct Call {
    name: String,
    arguments: Value,
}

/// A call of a tool.
pub fn call(name: &str, arguments: Value) -> Call {
    Call {
        name: name.into(),
        arguments,
    }
}

/// What a tool gave back.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOutcome {
    /// The tool.
    pub name: String,
    /// Its result; null where it failed.
    pub result: Value,
    /// Why it failed.
    pub error: Option<String>,
}

impl ToolOutcome {
    /// The result of a tool that must not have failed.
    #[track_caller]
    pub fn ok(&self) -> &Value {
        assert_eq!(self.error, None, "{} failed", self.name);
        &self.result
    }
}

/// One turn in a session of its own: each inner list is the calls of one reply of the
/// model. What the tools gave back, in the order of the calls.
pub async fn turn(
    stage: &TestHost,
    capabilities: &[&str],
    replies: Vec<Vec<Call>>,
) -> Vec<ToolOutcome> {
    let actor = Actor::new(stage, capabilities).await;
    actor.turn(replies).await
}

/// What the model does, by the question it was asked last: one entry per reply.
#[derive(Debug, Clone, Default)]
pub struct Script {
    replies: Arc<Mutex<HashMap<String, VecDeque<Vec<Call>>>>>,
}

impl Script {
    /// Replies for the model that is asked this question.
    pub fn on(&self, question: &str, replies: Vec<Vec<Call>>) {
        self.replies
            .lock()
            .unwrap()
            .insert(question.into(), replies.into());
    }
}

#[async_trait]
impl LlmDriver for Script {
    async fn chat_completion_stream(
        &self,
        messages: Vec<LlmMessage>,
        config: &LlmCallConfig,
    ) -> Result<LlmResponseStream> {
        let question = messages
            .iter()
            .rfind(|message| message.role == LlmMessageRole::User)
            .map(LlmMessage::content_as_text)
            .unwrap_or_default();
        let reply = self
            .replies
            .lock()
            .unwrap()
            .get_mut(&question)
            .and_then(VecDeque::pop_front);
        let turn = match reply {
            Some(calls) => SimTurn::ToolCalls(calls.into_iter().map(simulated).collect()),
            None => SimTurn::Assistant(DONE.into()),
        };
        LlmSimDriver::new(LlmSimConfig::scripted(vec![turn]))
            .chat_completion_stream(messages, config)
            .await
    }
}

fn simulated(call: Call) -> SimToolCall {
    SimToolCall {
        name: call.name,
        arguments: call.arguments,
        // Minted here: the simulator's own ids repeat with each fresh script.
        id: Some(format!("call_{}", Uuid::new_v4().simple())),
    }
}

/// What is changed of an agent and a session before they are put.
type Change<'a> = Box<dyn FnOnce(&mut Agent, &mut Session) + 'a>;

/// Sets an actor up.
pub struct Casting<'a> {
    mesh: &'a Mesh,
    seed_through: &'a GrpcHostAdapter,
    capabilities: Vec<AgentCapabilityConfig>,
    registry: CapabilityRegistry,
    change: Change<'a>,
}

impl<'a> Casting<'a> {
    /// An agent that can do nothing yet.
    pub fn on(stage: &'a TestHost) -> Self {
        Self::through(&stage.mesh, &stage.adapter)
    }

    /// The same over another mesh; records are put through `seed_through`.
    pub fn through(mesh: &'a Mesh, seed_through: &'a GrpcHostAdapter) -> Self {
        Self {
            mesh,
            seed_through,
            capabilities: Vec::new(),
            registry: CapabilityRegistry::new(),
            change: Box::new(|_, _| {}),
        }
    }

    /// A capability of upstream's.
    pub fn capability(self, name: &str) -> Self {
        self.configured(AgentCapabilityConfig::new(name))
    }

    /// A capability of upstream's with a configuration.
    pub fn configured(mut self, config: AgentCapabilityConfig) -> Self {
        let built_in = registry::capabilities(&[config.capability_ref.as_str()]).unwrap();
        for capability in built_in.list() {
            self.registry.register_arc(capability.clone());
        }
        self.capabilities.push(config);
        self
    }

    /// A capability of the test's own.
    pub fn register(mut self, capability: impl Capability + 'static) -> Self {
        self.capabilities
            .push(AgentCapabilityConfig::new(capability.id()));
        self.registry.register(capability);
        self
    }

    /// Changes agent and session before they are put.
    pub fn with(mut self, change: impl FnOnce(&mut Agent, &mut Session) + 'a) -> Self {
        self.change = Box::new(change);
        self
    }

    /// Puts agent and session, and builds the adapter.
    pub async fn set(self) -> Actor {
        let script = Script::default();
        let driver = script.clone();
        let mut drivers = DriverRegistry::new();
        drivers.register(ProviderType::LlmSim, move |_key, _url| {
            Box::new(driver.clone())
        });
        let adapter = self
            .mesh
            .adapter(self.seed_through.org_id())
            .capability_registry(self.registry)
            .driver_registry(drivers)
            .build()
            .await
            .unwrap();

        let org_id = self.seed_through.org_id();
        let mut agent = self
            .seed_through
            .agent_store(org_id)
            .get_agent(demo::agent_id())
            .await
            .unwrap()
            .expect("the demo's agent is seeded");
        agent.public_id = AgentId::new();
        agent.internal_id = agent.public_id.uuid();
        agent.name = format!("actor-{}", agent.public_id.uuid().simple());
        agent.capabilities = self.capabilities;
        let mut session = demo::session(org_id, chrono::Utc::now());
        session.agent_id = Some(agent.public_id);
        (self.change)(&mut agent, &mut session);
        let session_id = session.id;
        let seed = self.seed_through.test_seed().unwrap();
        seed.put_agent(agent).await.unwrap();
        seed.put_session(session).await.unwrap();
        Actor {
            adapter,
            session_id,
            script,
        }
    }
}

/// An agent with a scripted model, in a session.
pub struct Actor {
    /// The adapter that its turns run over.
    pub adapter: GrpcHostAdapter,
    /// The session.
    pub session_id: SessionId,
    /// The model's script; other sessions of the adapter play it as well.
    pub script: Script,
}

impl Actor {
    /// An agent with these capabilities of upstream's.
    pub async fn new(stage: &TestHost, capabilities: &[&str]) -> Self {
        let casting = capabilities
            .iter()
            .fold(Casting::on(stage), |casting, name| casting.capability(name));
        casting.set().await
    }

    /// Runs one turn with these replies and gives back what the tools did, in the
    /// order of the calls. The turn must complete.
    pub async fn turn(&self, replies: Vec<Vec<Call>>) -> Vec<ToolOutcome> {
        let (end, outcomes) = self.turn_to_its_end(replies).await;
        assert_eq!(end, TurnEnd::Completed, "{outcomes:?}");
        outcomes
    }

    /// The same, however the turn ends.
    pub async fn turn_to_its_end(&self, replies: Vec<Vec<Call>>) -> (TurnEnd, Vec<ToolOutcome>) {
        let question = format!("scene {}", Uuid::new_v4().simple());
        self.script.on(&question, replies);
        let before = self.messages().await.len();
        let end = LocalEngine::new(self.adapter.clone())
            .run_turn(self.session_id, Message::user(&question))
            .await
            .unwrap();
        let messages = self.messages().await;
        (end, outcomes(messages.get(before..).unwrap_or_default()))
    }

    /// The session's messages, over the wire.
    pub async fn messages(&self) -> Vec<Message> {
        let store = self.adapter.message_store();
        store.load(self.session_id).await.unwrap()
    }
}

fn outcomes(messages: &[Message]) -> Vec<ToolOutcome> {
    let parts = || messages.iter().flat_map(|message| &message.content);
    let mut results = HashMap::new();
    for part in parts() {
        if let ContentPart::ToolResult(result) = part {
            results.insert(result.tool_call_id.as_str(), result);
        }
    }
    let mut outcomes = Vec::new();
    for part in parts() {
        if let ContentPart::ToolCall(call) = part
            && let Some(result) = results.get(call.id.as_str())
        {
            outcomes.push(ToolOutcome {
                name: call.name.clone(),
                result: result.result.clone().unwrap_or_default(),
                error: result.error.clone(),
            });
        }
    }
    outcomes
}
