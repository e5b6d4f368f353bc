//! Sessions: what they are, their title and their status.

mod reading;
mod status;
mod title;

use crate::check::{Outcome, present};
use crate::context::Cx;
use crate::rule::Rule;
use mortise_proto::pb;
use mortise_proto::pb::SessionStatus as Status;
use mortise_proto::rpc::table::runtime_host_service::SET_SESSION_STATUS;
use mortise_proto::rpc::table::session_mutator_service::UPDATE_SESSION_TITLE;
use mortise_proto::rpc::table::session_store_service::GET_SESSION;

const STATUSES: [Status; 5] = [
    Status::Active,
    Status::Idle,
    Status::WaitingForToolResults,
    Status::Paused,
    Status::Started,
];

pub(crate) fn rules() -> Vec<Rule> {
    let mut rules = [reading::rules(), title::rules(), status::rules()].concat();
    rules.sort_by_key(|rule| rule.id);
    rules
}

fn asking(session: &str) -> pb::GetSessionRequest {
    pb::GetSessionRequest {
        context: None,
        session_id: session.into(),
    }
}

fn naming(session: &str, title: &str) -> pb::UpdateSessionTitleRequest {
    pb::UpdateSessionTitleRequest {
        context: None,
        session_id: session.into(),
        title: title.into(),
    }
}

fn moving(session: &str, status: Status) -> pb::SetSessionStatusRequest {
    pb::SetSessionStatusRequest {
        context: None,
        session_id: session.into(),
        status: status.into(),
    }
}

pub(crate) async fn get(cx: &Cx, session: &str) -> Outcome<pb::Session> {
    present(
        "GetSession.session",
        cx.call(&GET_SESSION, asking(session)).await?.session,
    )
}

async fn name(cx: &Cx, session: &str, title: &str) -> Outcome<pb::Session> {
    let answer = cx
        .call(&UPDATE_SESSION_TITLE, naming(session, title))
        .await?;
    present("UpdateSessionTitle.session", answer.session)
}

async fn set(cx: &Cx, session: &str, status: Status) -> Outcome<pb::Session> {
    let answer = cx
        .call(&SET_SESSION_STATUS, moving(session, status))
        .await?;
    present("SetSessionStatus.session", answer.session)
}
