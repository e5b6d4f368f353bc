//! An engine that runs turns on another machine: the host reaches it by messages alone.

use super::test_host::played;
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::events::Event;
use everruns_core::message::Message;
use everruns_core::typed_id::{MessageId, SessionId};
use everruns_runtime::RuntimeHostAdapter;
use futures::FutureExt;
use mortise_proto::convert::platform_store::NewSession;
use mortise_runtime_host::engine::{
    Began, Begin, EngineFactory, EngineParts, Halt, LocalEngines, Steering, Store, TurnControl,
    TurnEnd, TurnEngine, TurnError,
};
use mortise_runtime_host::host::{Accepted, Host};
use mortise_runtime_host::journal::{Ending, UnfinishedTurn};
use mortise_runtime_host::local::demo;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::in_process::{mesh, reference, serve};
use mortise_test_support::platform::PlatformFile;
use mortise_test_support::scenario::{host_adapter, serve_turns};
use std::sync::Arc;
use std::thread;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Makes engines that send each turn to another machine, which is a thread here.
#[derive(Debug)]
struct Machines;

#[derive(Debug)]
struct Elsewhere {
    parts: EngineParts,
    /// What it does without a turn, it does here.
    here: Arc<dyn TurnEngine>,
}

/// What is sent to a turn.
enum ToTurn {
    Cancel(Option<String>),
    Park,
    Message(
        Box<Message>,
        oneshot::Sender<Option<Result<(), AgentLoopError>>>,
    ),
    Close(oneshot::Sender<bool>),
}

/// What a turn sends.
enum FromTurn {
    Began(Began),
    Over(Result<TurnEnd, TurnError>),
}

/// Sends messages to a turn.
#[derive(Debug)]
struct Letters(mpsc::UnboundedSender<ToTurn>);

impl EngineFactory for Machines {
    fn engine(&self, parts: EngineParts) -> Arc<dyn TurnEngine> {
        let here = LocalEngines.engine(parts.clone());
        Arc::new(Elsewhere { parts, here })
    }
}

#[async_trait]
impl Steering for Letters {
    async fn steer(&self, message: &Message, _: Store<'_>) -> Option<Result<(), AgentLoopError>> {
        let (answer, answered) = oneshot::channel();
        self.0
            .send(ToTurn::Message(Box::new(message.clone()), answer))
            .ok()?;
        answered.await.ok()?
    }

    async fn close(&self) -> Option<MessageId> {
        let (answer, answered) = oneshot::channel();
        self.0.send(ToTurn::Close(answer)).ok()?;
        drop(answered.await);
        None
    }
}

#[async_trait]
impl TurnEngine for Elsewhere {
    async fn run(
        &self,
        session_id: SessionId,
        begin: Begin,
        control: &TurnControl,
    ) -> Result<TurnEnd, TurnError> {
        let (to_turn, letters) = mpsc::unbounded_channel();
        let (from_turn, mut news) = mpsc::unbounded_channel();
        let parts = self.parts.clone();
        thread::spawn(move || {
            let machine = Builder::new_current_thread().enable_all().build().unwrap();
            machine.block_on(turn(parts, session_id, begin, letters, from_turn));
        });
        let mut halted = false;
        loop {
            tokio::select! {
                halt = control.halted(), if !halted => {
                    halted = true;
                    drop(to_turn.send(match halt {
                        Halt::Cancel { reason } => ToTurn::Cancel(reason),
                        Halt::Park => ToTurn::Park,
                    }));
                }
                sent = news.recv() => match sent {
                    Some(FromTurn::Began(began)) => {
                        control.begin(began, Arc::new(Letters(to_turn.clone())));
                    }
                    Some(FromTurn::Over(end)) => return end,
                    None => return Err(TurnError::Aborted),
                }
            }
        }
    }

    async fn end(
        &self,
        turn: UnfinishedTurn,
        ending: Ending,
        control: &TurnControl,
    ) -> Result<TurnEnd, TurnError> {
        self.here.end(turn, ending, control).await
    }

    async fn reconcile(
        &self,
        turn: UnfinishedTurn,
        control: &TurnControl,
    ) -> Result<UnfinishedTurn, TurnError> {
        self.here.reconcile(turn, control).await
    }

    async fn abandon(&self, turn: UnfinishedTurn, ending: Ending) -> Result<(), TurnError> {
        self.here.abandon(turn, ending).await
    }
}

/// A turn on the other machine, which has only what it is sent.
async fn turn(
    parts: EngineParts,
    session_id: SessionId,
    begin: Begin,
    mut letters: mpsc::UnboundedReceiver<ToTurn>,
    from_turn: mpsc::UnboundedSender<FromTurn>,
) {
    let engine = LocalEngines.engine(parts.clone());
    let parking = CancellationToken::new();
    let control = TurnControl::new(parking.clone());
    let began = async {
        drop(from_turn.send(FromTurn::Began(control.began().await)));
        while let Some(letter) = letters.recv().await {
            match letter {
                ToTurn::Cancel(reason) => control.cancel(reason),
                ToTurn::Park => parking.cancel(),
                ToTurn::Message(message, answer) => {
                    let message = *message;
                    let emitter = parts.adapter.event_emitter();
                    let data = everruns_core::events::InputMessageData::new(message.clone());
                    let context = everruns_core::events::EventContext::empty();
                    let said = everruns_core::events::EventRequest::new(session_id, context, data);
                    let store = async { emitter.emit(said).await.map(drop) };
                    drop(answer.send(control.steer(&message, store.boxed()).await));
                }
                ToTurn::Close(answer) => {
                    control.close().await;
                    answer.send(true).unwrap_or_default();
                }
            }
        }
        std::future::pending::<()>().await
    };
    let over = tokio::select! {
        over = engine.run(session_id, begin, &control) => over,
        () = began => unreachable!("letters are read for ever"),
    };
    drop(from_turn.send(FromTurn::Over(over)));
}

/// A session of the demo's agent. The adapter is not reached at once.
async fn create_session(host: &Host) -> SessionId {
    loop {
        let new = NewSession {
            agent_id: Some(demo::agent_id()),
            ..NewSession::on(demo::harness_id())
        };
        match host.create_session(1, new).await {
            Ok(session) => return session.id,
            Err(error) => assert!(error.retry_after.is_some(), "{error}"),
        }
    }
}

/// A host whose engine runs turns elsewhere completes a turn, has a message answered by
/// the turn under way, cancels another, and parks a third when it stops.
#[tokio::test(flavor = "multi_thread")]
async fn turns_run_on_another_machine() {
    let gate = Arc::new(Semaphore::new(0));
    let held = |words| Answer::Held(gate.clone(), vec![words]);
    let fake = FakeOpenAi::start(vec![
        held("First."),
        Answer::Text(vec!["Second."]),
        held("Third."),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let storage = reference(folder.path()).await;
    let platform = PlatformFile::with(&played(&fake));
    platform.import_into(&storage).await;
    let server = serve(storage).await;
    let (adapter, _) = host_adapter(&mesh(&server.endpoint)).await;
    let host = serve_turns(&adapter, Arc::new(Machines)).await;
    let session_id = create_session(&host).await;
    let asked = async |count: usize| {
        while fake.requests().len() < count {
            tokio::task::yield_now().await;
        }
    };
    let run = async |text: &str| loop {
        match host
            .run_turn(1, session_id, Message::user(text), None)
            .await
        {
            Ok(Accepted::Began(turn)) => break turn,
            Ok(Accepted::Queued(_)) => panic!("nothing is in its way"),
            // The adapter is not reached yet.
            Err(error) => assert!(error.retry_after.is_some(), "{error}"),
        }
    };

    let mut turn = run("one").await;
    asked(1).await;
    let sent = host
        .send_message(1, session_id, Message::user("and two?"))
        .await;
    let sent = sent.unwrap();
    assert!(sent.steered);
    assert_eq!(sent.turn_id, turn.began.turn_id);
    gate.add_permits(2);
    assert_eq!(turn.ended().await.unwrap().end, TurnEnd::Completed);
    assert!(fake.requests()[1].to_string().contains("and two?"));

    let mut turn = run("three").await;
    asked(3).await;
    let cancelled = host
        .cancel_turn(1, session_id, None, Some("enough".into()))
        .await;
    assert_eq!(cancelled.unwrap(), (turn.began.turn_id, TurnEnd::Cancelled));
    assert_eq!(turn.ended().await.unwrap().end, TurnEnd::Cancelled);

    let mut turn = run("four").await;
    asked(4).await;
    let (ended, ()) = tokio::join!(turn.ended(), host.drain());
    assert_eq!(ended.unwrap().end, TurnEnd::Parked);
    let events = host.read_events(1, session_id, 0, 1000).await.unwrap();
    let events: Vec<Event> = events.iter().map(|event| event.typed().unwrap()).collect();
    let count = |event_type: &str| {
        let found = events.iter().filter(|event| event.event_type == event_type);
        found.count()
    };
    assert_eq!((count("turn.started"), count("turn.completed")), (3, 1));
    assert_eq!(count("turn.cancelled"), 1);
}
