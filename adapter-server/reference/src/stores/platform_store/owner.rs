//! Whom things belong to that are made.

use crate::db::Tx;
use crate::stores::session_store::SESSIONS;
use everruns_core::principal::PrincipalSummary;
use everruns_core::typed_id::PrincipalId;
use mortise_adapter_server::Scope;
use mortise_proto::StoreError;
use uuid::Uuid;

/// Whom things belong to that are made.
pub(super) struct Owner {
    pub(super) organization_id: String,
    pub(super) owner_principal_id: PrincipalId,
    pub(super) resolved_owner_user_id: Option<Uuid>,
    pub(super) owner: Option<PrincipalSummary>,
    pub(super) effective_owner: Option<PrincipalSummary>,
}

/// The owner of the session whose turn calls. A host that calls for no session, as it
/// must to make an org's first one, sends the nil id: what is made is then the org's.
pub(super) async fn of_caller(scope: &Scope, tx: &mut Tx) -> Result<Owner, StoreError> {
    let id = scope.session_id.ok_or_else(|| {
        StoreError::invalid_field(
            "context.session_id",
            "is empty; send the id of the calling session, or the nil id if there is none",
        )
    })?;
    if id.uuid().is_nil() {
        return Ok(Owner {
            organization_id: scope.org_public_id.clone(),
            owner_principal_id: PrincipalId::from_seed(tx.org_id().unsigned_abs().into()),
            resolved_owner_user_id: None,
            owner: None,
            effective_owner: None,
        });
    }
    let session = SESSIONS.existing(tx, id).await?;
    Ok(Owner {
        organization_id: session.organization_id,
        owner_principal_id: session.owner_principal_id,
        resolved_owner_user_id: session.resolved_owner_user_id,
        owner: session.owner,
        effective_owner: session.effective_owner,
    })
}
