//! Turns that have not ended, and the results of their tool calls. Every change is made
//! under the fence of its call, which the context of the store checks.

use crate::context::StoreCtx;
use crate::db::{Tx, clock};
use crate::encoding::{nanos, stored_fault, time};
use crate::seal::Binding;
use crate::stores::session_store;
use async_trait::async_trait;
use bytes::Bytes;
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_adapter_server::{SessionFence, TurnJournals};
use mortise_proto::convert::turn_journal::{
    ClaimedToolCall, JournaledToolCall, JournaledTurn, ToolCallClaim, ToolCallSettlement,
    ToolCallStatus,
};
use mortise_proto::convert::{id, session_lease};
use mortise_proto::{StoreError, pb};
use uuid::Uuid;

const PUT: &str = "INSERT INTO journaled_turns \
        (org_id, session_id, turn_id, fence, created_at, updated_at, record) \
    VALUES ($1, $2, $3, $4, $5, $5, $6) \
    ON CONFLICT (org_id, session_id, turn_id) \
    DO UPDATE SET fence = excluded.fence, record = excluded.record, \
        updated_at = CASE WHEN excluded.updated_at > journaled_turns.created_at \
            THEN excluded.updated_at ELSE journaled_turns.created_at END";

const GET: &str = "SELECT session_id, turn_id, fence, created_at, updated_at, record \
    FROM journaled_turns WHERE org_id = $1 AND session_id = $2 AND turn_id = $3";

const REMOVE: &str = "DELETE FROM journaled_turns \
                      WHERE org_id = $1 AND session_id = $2 AND turn_id = $3";

const REMOVE_CALLS: &str = "DELETE FROM journaled_tool_calls \
                            WHERE org_id = $1 AND session_id = $2 AND turn_id = $3";

const LIST: &str = "SELECT session_id, turn_id, fence, created_at, updated_at \
    FROM journaled_turns WHERE org_id = $1 ORDER BY created_at, turn_id";

const LIST_OF_SESSION: &str = "SELECT session_id, turn_id, fence, created_at, updated_at \
    FROM journaled_turns WHERE org_id = $1 AND session_id = $2 ORDER BY created_at, turn_id";

const FIND_CALL: &str = "SELECT id, claim_token, body FROM journaled_tool_calls \
    WHERE org_id = $1 AND session_id = $2 AND turn_id = $3 AND tool_call_id = $4";

const LIST_CALLS: &str = "SELECT id, claim_token, body FROM journaled_tool_calls \
    WHERE org_id = $1 AND session_id = $2 AND turn_id = $3 ORDER BY first_claimed_at, id";

const INSERT_CALL: &str = "INSERT INTO journaled_tool_calls \
    (org_id, id, session_id, turn_id, tool_call_id, first_claimed_at, claim_token, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const UPDATE_CALL: &str = "UPDATE journaled_tool_calls SET claim_token = $3, body = $4 \
                           WHERE org_id = $1 AND id = $2";

const LAST_CLAIM: &str = "SELECT MAX(first_claimed_at) FROM journaled_tool_calls \
                          WHERE org_id = $1 AND session_id = $2 AND turn_id = $3";

type TurnRow = (String, String, i64, i64, i64);

type CallRow = (String, String, Vec<u8>);

/// The unfinished turns of an org.
#[derive(Debug)]
pub(crate) struct UnfinishedTurns<L> {
    pub(crate) ctx: StoreCtx,
    /// Says which sessions are leased.
    pub(crate) leases: L,
}

/// A stored tool call.
struct StoredCall {
    id: String,
    claim_token: String,
    call: pb::JournaledToolCall,
}

#[async_trait]
impl<L: mortise_adapter_server::SessionLeases> TurnJournals for UnfinishedTurns<L> {
    async fn put(
        &self,
        fence: SessionFence,
        turn_id: TurnId,
        record: Bytes,
    ) -> Result<(), StoreError> {
        let (session, turn) = (fence.session_id.to_string(), turn_id.to_string());
        let record = pb::GetTurnResponse { turn: None, record };
        // Before the transaction: others wait while it is open.
        let body = self.ctx.keys().stored(of_turn(&session, &turn), &record)?;
        let put = self.ctx.run_once(async |tx| {
            session_store::must_be_open(tx, fence.session_id).await?;
            let now = clock::now(tx).await?;
            tx.query(PUT)
                .bind(session.as_str())
                .bind(turn.as_str())
                .bind(number(fence))
                .bind(now)
                .bind(body)
                .execute()
                .await?;
            Ok(pb::PutTurnResponse {})
        });
        put.await.map(|pb::PutTurnResponse {}| ())
    }

    async fn get(
        &self,
        session_id: SessionId,
        turn_id: TurnId,
    ) -> Result<Option<(JournaledTurn, Bytes)>, StoreError> {
        let (session, turn) = (session_id.to_string(), turn_id.to_string());
        let mut tx = self.ctx.reader().await?;
        let get = tx.query_as(GET).bind(session.as_str()).bind(turn.as_str());
        let row: Option<(String, String, i64, i64, i64, Vec<u8>)> = get.fetch_optional().await?;
        let Some((of_session, of_org, fence, created_at, updated_at, body)) = row else {
            return Ok(None);
        };
        let stored = tx.keys().opened(of_turn(&session, &turn), &body);
        let pb::GetTurnResponse { record, .. } = stored?;
        let row = (of_session, of_org, fence, created_at, updated_at);
        Ok(Some((journaled(row)?, record)))
    }

    async fn remove(&self, fence: SessionFence, turn_id: TurnId) -> Result<bool, StoreError> {
        let (session, turn) = (fence.session_id.to_string(), turn_id.to_string());
        let remove = self.ctx.run_once(async |tx| {
            session_store::begin_removal(tx, fence.session_id).await?;
            let mut removed = 0;
            for statement in [REMOVE_CALLS, REMOVE] {
                let remove = tx.query(statement).bind(session.as_str());
                removed = remove.bind(turn.as_str()).execute().await?;
            }
            Ok(pb::RemoveTurnResponse {
                removed: removed > 0,
            })
        });
        Ok(remove.await?.removed)
    }

    async fn list(
        &self,
        session_id: Option<SessionId>,
        unleased_only: bool,
    ) -> Result<Vec<JournaledTurn>, StoreError> {
        // Asked first: what is leased afterwards may be among them, and is found out by
        // the caller that acquires the lease.
        let leased = match unleased_only {
            true => self.leases.running(session_id).await?,
            false => Vec::new(),
        };
        let mut tx = self.ctx.reader().await?;
        let rows: Vec<TurnRow> = match session_id {
            Some(session_id) => {
                let list = tx.query_as(LIST_OF_SESSION).bind(session_id.to_string());
                list.fetch_all().await?
            }
            None => tx.query_as(LIST).fetch_all().await?,
        };
        let turns = rows.into_iter().map(journaled);
        let mut turns = turns.collect::<Result<Vec<_>, _>>()?;
        turns.retain(|turn| {
            leased
                .iter()
                .all(|lease| lease.session_id != turn.session_id)
        });
        Ok(turns)
    }

    async fn claim(
        &self,
        fence: SessionFence,
        claim: ToolCallClaim,
    ) -> Result<ClaimedToolCall, StoreError> {
        let answer = self.ctx.run_once(async |tx| {
            session_store::begin_open_change(tx, fence.session_id).await?;
            claim_once(tx, fence, claim).await.map(Into::into)
        });
        let answer: pb::ClaimToolCallResponse = answer.await?;
        ClaimedToolCall::try_from(answer).map_err(stored_fault)
    }

    async fn settle(
        &self,
        fence: SessionFence,
        settlement: ToolCallSettlement,
    ) -> Result<bool, StoreError> {
        let settle = self.ctx.run_once(async |tx| {
            session_store::begin_open_change(tx, fence.session_id).await?;
            let settled = settle_once(tx, fence, settlement).await?;
            Ok(pb::SettleToolCallResponse { settled })
        });
        Ok(settle.await?.settled)
    }

    async fn tool_calls(
        &self,
        session_id: SessionId,
        turn_id: TurnId,
        tool_call_id: Option<&str>,
    ) -> Result<Vec<JournaledToolCall>, StoreError> {
        let mut tx = self.ctx.reader().await?;
        let place = (session_id.to_string(), turn_id.to_string());
        let stored = match tool_call_id {
            Some(tool_call_id) => {
                let found = find_call(&mut tx, &place, tool_call_id).await?;
                found.into_iter().collect()
            }
            None => {
                let list = tx.query_as(LIST_CALLS).bind(place.0).bind(place.1);
                let rows: Vec<CallRow> = list.fetch_all().await?;
                let open = |row| StoredCall::open(&tx, row);
                rows.into_iter().map(open).collect::<Result<_, _>>()?
            }
        };
        let calls: Vec<StoredCall> = stored;
        calls.into_iter().map(StoredCall::journaled).collect()
    }
}

// === turns ===

fn journaled(
    (session, turn, fence, created_at, updated_at): TurnRow,
) -> Result<JournaledTurn, StoreError> {
    let fence = u64::try_from(fence).unwrap_or_default();
    Ok(JournaledTurn {
        session_id: id("session_id", &session).map_err(stored_fault)?,
        turn_id: id("turn_id", &turn).map_err(stored_fault)?,
        fence: session_lease::fence("fence", fence).map_err(stored_fault)?,
        created_at: time(created_at),
        updated_at: time(updated_at),
    })
}

/// The number of a fence that was granted here.
fn number(fence: SessionFence) -> i64 {
    i64::try_from(fence.fence.get()).unwrap_or(i64::MAX)
}

fn of_turn<'a>(session_id: &'a str, turn_id: &'a str) -> Binding<'a> {
    Binding::Record {
        table: "journaled_turns",
        row: [session_id, turn_id],
    }
}

// === tool calls ===

async fn claim_once(
    tx: &mut Tx,
    fence: SessionFence,
    claim: ToolCallClaim,
) -> Result<ClaimedToolCall, StoreError> {
    let place = (fence.session_id.to_string(), claim.turn_id.to_string());
    let known = find_call(tx, &place, &claim.tool_call_id).await?;
    let known_row = known.as_ref().map(|known| known.id.clone());
    if let Some(known) = known {
        let call = known.journaled()?;
        if !(claim.retake && call.status == ToolCallStatus::Running) {
            return Ok(ClaimedToolCall {
                claim_token: None,
                call,
            });
        }
    }
    let claim_token = Uuid::new_v4();
    let claimed_at = clock::now(tx).await?;
    let call = JournaledToolCall {
        tool_call_id: claim.tool_call_id,
        tool_name: claim.tool_name,
        args_fingerprint: claim.args_fingerprint,
        status: ToolCallStatus::Running,
        fence: fence.fence,
        result: None,
        claimed_at: time(claimed_at),
        settled_at: None,
    };
    match known_row {
        Some(row_id) => update_call(tx, &row_id, claim_token.to_string(), &call).await?,
        None => insert_call(tx, &place, claim_token, &call).await?,
    }
    Ok(ClaimedToolCall {
        claim_token: Some(claim_token),
        call,
    })
}

async fn settle_once(
    tx: &mut Tx,
    fence: SessionFence,
    settlement: ToolCallSettlement,
) -> Result<bool, StoreError> {
    let place = (fence.session_id.to_string(), settlement.turn_id.to_string());
    let Some(known) = find_call(tx, &place, &settlement.tool_call_id).await? else {
        return Ok(false);
    };
    let (row_id, claim_token) = (known.id.clone(), known.claim_token.clone());
    let mut call = known.journaled()?;
    if call.status != ToolCallStatus::Running || claim_token != settlement.claim_token.to_string() {
        return Ok(false);
    }
    let now = clock::now(tx).await?;
    call.status = settlement.status;
    call.result = settlement.result;
    call.settled_at = Some(time(now.max(nanos(call.claimed_at))));
    update_call(tx, &row_id, claim_token, &call).await?;
    Ok(true)
}

/// A call of a turn, which is named with its session.
async fn find_call(
    tx: &mut Tx,
    place: &(String, String),
    tool_call_id: &str,
) -> Result<Option<StoredCall>, StoreError> {
    let find = tx.query_as(FIND_CALL).bind(place.0.as_str());
    let find = find.bind(place.1.as_str()).bind(tool_call_id.as_bytes());
    let row: Option<CallRow> = find.fetch_optional().await?;
    row.map(|row| StoredCall::open(tx, row)).transpose()
}

async fn insert_call(
    tx: &mut Tx,
    (session, turn): &(String, String),
    claim_token: Uuid,
    call: &JournaledToolCall,
) -> Result<(), StoreError> {
    let last = tx.query_as(LAST_CLAIM).bind(session.as_str());
    let (last,): (Option<i64>,) = last.bind(turn.as_str()).fetch_one().await?;
    // In the order of the claims, also where the clock was set back.
    let first_claimed_at = nanos(call.claimed_at).max(last.map_or(0, |last| last + 1));
    let row_id = Uuid::new_v4().to_string();
    let wire = pb::JournaledToolCall::from(call.clone());
    let body = tx.keys().stored(of_call(&row_id), &wire)?;
    tx.query(INSERT_CALL)
        .bind(row_id)
        .bind(session.as_str())
        .bind(turn.as_str())
        .bind(call.tool_call_id.as_bytes())
        .bind(first_claimed_at)
        .bind(claim_token.to_string())
        .bind(body)
        .execute()
        .await?;
    Ok(())
}

async fn update_call(
    tx: &mut Tx,
    row_id: &str,
    claim_token: String,
    call: &JournaledToolCall,
) -> Result<(), StoreError> {
    let wire = pb::JournaledToolCall::from(call.clone());
    let body = tx.keys().stored(of_call(row_id), &wire)?;
    let update = tx.query(UPDATE_CALL).bind(row_id).bind(claim_token);
    update.bind(body).execute().await?;
    Ok(())
}

fn of_call(row_id: &str) -> Binding<'_> {
    Binding::record("journaled_tool_calls", row_id)
}

// === impl StoredCall ===

impl StoredCall {
    fn open(tx: &Tx, (id, claim_token, body): CallRow) -> Result<Self, StoreError> {
        let call = tx.keys().opened(of_call(&id), &body)?;
        Ok(Self {
            id,
            claim_token,
            call,
        })
    }

    fn journaled(self) -> Result<JournaledToolCall, StoreError> {
        JournaledToolCall::try_from(self.call).map_err(stored_fault)
    }
}
