//! A turn journal in memory, for servers whose leases are in memory as well. The serving
//! library checks the fences; the storage behind it, which could, is not told of them.

use async_trait::async_trait;
use bytes::Bytes;
use chrono::Utc;
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_adapter_server::{
    AdapterSource, AppendAck, AppendRequest, EventStore, McpDirectory, MemoryLeases, Outage, Scope,
    SessionFence, SessionLeases, SqlDatabases, StreamingReads, Subscription, TestSeed,
    TurnJournals, TurnQueue,
};
use mortise_proto::convert::turn_journal::{
    ClaimedToolCall, JournaledToolCall, JournaledTurn, ToolCallClaim, ToolCallSettlement,
    ToolCallStatus,
};
use mortise_proto::rpc::table::turn_journal_service;
use mortise_proto::{StoreError, pb};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;
use uuid::Uuid;

/// A source with a turn journal beside it.
pub struct WithJournal<S> {
    source: S,
    leases: MemoryLeases,
    turns: Arc<Mutex<Vec<Turn>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

struct Turn {
    org_id: i64,
    turn: JournaledTurn,
    record: Bytes,
}

struct Call {
    org_id: i64,
    session_id: SessionId,
    turn_id: TurnId,
    claim_token: Uuid,
    call: JournaledToolCall,
}

/// The journal of one org.
struct OrgJournal {
    org_id: i64,
    leases: MemoryLeases,
    turns: Arc<Mutex<Vec<Turn>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl<S> WithJournal<S> {
    /// Nothing is in the journal. The leases are those that the server is given.
    pub fn new(source: S, leases: &MemoryLeases) -> Self {
        Self {
            source,
            leases: leases.clone(),
            turns: Arc::default(),
            calls: Arc::default(),
        }
    }
}

impl<S: AdapterSource> AdapterSource for WithJournal<S> {
    type Adapter = S::Adapter;

    fn adapter(&self, scope: &Scope) -> S::Adapter {
        self.source.adapter(&unfenced(scope))
    }

    fn scoping(&self) -> pb::Scoping {
        self.source.scoping()
    }

    fn remembers_requests(&self) -> bool {
        self.source.remembers_requests()
    }

    fn remembers_requests_of(&self, service: &str) -> bool {
        service != turn_journal_service::NAME && self.source.remembers_requests_of(service)
    }

    fn outage(&self) -> Option<watch::Receiver<Option<Outage>>> {
        self.source.outage()
    }

    fn event_store(&self, scope: &Scope) -> Option<Arc<dyn EventStore>> {
        let events = self.source.event_store(&unfenced(scope))?;
        Some(Arc::new(Unfenced(events)))
    }

    fn streaming_reads(&self, scope: &Scope) -> Option<Arc<dyn StreamingReads>> {
        self.source.streaming_reads(scope)
    }

    fn sql_databases(&self, scope: &Scope) -> Option<Arc<dyn SqlDatabases>> {
        self.source.sql_databases(&unfenced(scope))
    }

    fn mcp_directory(&self, scope: &Scope) -> Option<Arc<dyn McpDirectory>> {
        self.source.mcp_directory(scope)
    }

    fn turn_queue(&self, scope: &Scope) -> Option<Arc<dyn TurnQueue>> {
        self.source.turn_queue(scope)
    }

    fn turn_journal(&self, scope: &Scope) -> Option<Arc<dyn TurnJournals>> {
        Some(Arc::new(OrgJournal {
            org_id: scope.org_id,
            leases: self.leases.clone(),
            turns: self.turns.clone(),
            calls: self.calls.clone(),
        }))
    }

    fn test_seed(&self, scope: &Scope) -> Option<Arc<dyn TestSeed>> {
        self.source.test_seed(scope)
    }
}

/// Events of a storage that is not told of fences.
struct Unfenced(Arc<dyn EventStore>);

#[async_trait]
impl EventStore for Unfenced {
    async fn append(&self, events: Vec<AppendRequest>) -> Vec<Result<AppendAck, StoreError>> {
        let unfenced = events.into_iter().map(|event| AppendRequest {
            fence: None,
            ..event
        });
        self.0.append(unfenced.collect()).await
    }

    async fn read(
        &self,
        session_id: SessionId,
        after_sequence: i64,
        limit: u32,
    ) -> Result<Vec<pb::Event>, StoreError> {
        self.0.read(session_id, after_sequence, limit).await
    }

    fn subscribe(&self, session_id: SessionId) -> Subscription {
        self.0.subscribe(session_id)
    }
}

fn unfenced(scope: &Scope) -> Scope {
    let mut scope = scope.clone();
    scope.fence = None;
    scope
}

impl OrgJournal {
    fn turns(&self) -> MutexGuard<'_, Vec<Turn>> {
        self.turns.lock().unwrap()
    }

    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap()
    }

    fn is_turn(&self, turn: &Turn, session_id: SessionId, turn_id: TurnId) -> bool {
        turn.org_id == self.org_id
            && turn.turn.session_id == session_id
            && turn.turn.turn_id == turn_id
    }

    fn is_of_turn(&self, call: &Call, session_id: SessionId, turn_id: TurnId) -> bool {
        call.org_id == self.org_id && call.session_id == session_id && call.turn_id == turn_id
    }
}

#[async_trait]
impl TurnJournals for OrgJournal {
    async fn put(
        &self,
        fence: SessionFence,
        turn_id: TurnId,
        record: Bytes,
    ) -> Result<(), StoreError> {
        let SessionFence { session_id, fence } = fence;
        let now = Utc::now();
        let mut turns = self.turns();
        let mut found = turns.iter_mut();
        if let Some(turn) = found.find(|turn| self.is_turn(turn, session_id, turn_id)) {
            turn.record = record;
            turn.turn.fence = fence;
            turn.turn.updated_at = now.max(turn.turn.created_at);
            return Ok(());
        }
        turns.push(Turn {
            org_id: self.org_id,
            turn: JournaledTurn {
                session_id,
                turn_id,
                fence,
                created_at: now,
                updated_at: now,
            },
            record,
        });
        Ok(())
    }

    async fn get(
        &self,
        session_id: SessionId,
        turn_id: TurnId,
    ) -> Result<Option<(JournaledTurn, Bytes)>, StoreError> {
        let turns = self.turns();
        let mut found = turns.iter();
        let found = found.find(|turn| self.is_turn(turn, session_id, turn_id));
        Ok(found.map(|turn| (turn.turn, turn.record.clone())))
    }

    async fn remove(&self, fence: SessionFence, turn_id: TurnId) -> Result<bool, StoreError> {
        let session_id = fence.session_id;
        self.calls()
            .retain(|call| !self.is_of_turn(call, session_id, turn_id));
        let mut turns = self.turns();
        let before = turns.len();
        turns.retain(|turn| !self.is_turn(turn, session_id, turn_id));
        Ok(turns.len() < before)
    }

    async fn list(
        &self,
        session_id: Option<SessionId>,
        unleased_only: bool,
    ) -> Result<Vec<JournaledTurn>, StoreError> {
        let leases = self.leases.of_org(self.org_id).running(session_id).await?;
        let leased: HashSet<_> = leases.iter().map(|lease| lease.session_id).collect();
        let turns = self.turns();
        let own = turns.iter().filter(|turn| turn.org_id == self.org_id);
        let own = own.map(|turn| turn.turn).filter(|turn| {
            session_id.is_none_or(|session_id| turn.session_id == session_id)
                && !(unleased_only && leased.contains(&turn.session_id))
        });
        Ok(own.collect())
    }

    async fn claim(
        &self,
        fence: SessionFence,
        claim: ToolCallClaim,
    ) -> Result<ClaimedToolCall, StoreError> {
        let SessionFence { session_id, fence } = fence;
        let claim_token = Uuid::new_v4();
        let fresh = JournaledToolCall {
            tool_call_id: claim.tool_call_id,
            tool_name: claim.tool_name,
            args_fingerprint: claim.args_fingerprint,
            status: ToolCallStatus::Running,
            fence,
            result: None,
            claimed_at: Utc::now(),
            settled_at: None,
        };
        let mut calls = self.calls();
        let mut found = calls.iter_mut();
        let found = found.find(|call| {
            self.is_of_turn(call, session_id, claim.turn_id)
                && call.call.tool_call_id == fresh.tool_call_id
        });
        match found {
            Some(call) if claim.retake && call.call.status == ToolCallStatus::Running => {
                call.claim_token = claim_token;
                call.call = fresh.clone();
            }
            Some(call) => {
                return Ok(ClaimedToolCall {
                    claim_token: None,
                    call: call.call.clone(),
                });
            }
            None => calls.push(Call {
                org_id: self.org_id,
                session_id,
                turn_id: claim.turn_id,
                claim_token,
                call: fresh.clone(),
            }),
        }
        Ok(ClaimedToolCall {
            claim_token: Some(claim_token),
            call: fresh,
        })
    }

    async fn settle(
        &self,
        fence: SessionFence,
        settlement: ToolCallSettlement,
    ) -> Result<bool, StoreError> {
        let ToolCallSettlement {
            turn_id,
            tool_call_id,
            claim_token,
            status,
            result,
        } = settlement;
        let mut calls = self.calls();
        let mut found = calls.iter_mut();
        let found = found.find(|call| {
            self.is_of_turn(call, fence.session_id, turn_id)
                && call.call.tool_call_id == tool_call_id
                && call.claim_token == claim_token
                && call.call.status == ToolCallStatus::Running
        });
        Ok(found.is_some_and(|call| {
            call.call.status = status;
            call.call.result = result;
            call.call.settled_at = Some(Utc::now());
            true
        }))
    }

    async fn tool_calls(
        &self,
        session_id: SessionId,
        turn_id: TurnId,
        tool_call_id: Option<&str>,
    ) -> Result<Vec<JournaledToolCall>, StoreError> {
        let calls = self.calls();
        let own = calls.iter().filter(|call| {
            self.is_of_turn(call, session_id, turn_id)
                && tool_call_id.is_none_or(|named| call.call.tool_call_id == named)
        });
        Ok(own.map(|call| call.call.clone()).collect())
    }
}
