//! Batched reads of records by their ids, with which every change begins.

use countersign_application::ports::StoreError;
use countersign_domain::{TenantId, TokenId, TokenView};

use crate::{
    batcher::{BatchQuery, PATIENCE},
    client::StatementClient,
    error::StatementError,
    rows::{Micros, Texts, TokenRow, tokens},
};

/// The query for the record of a live token.
#[derive(Debug)]
pub(crate) struct TokenBatch;

impl BatchQuery for TokenBatch {
    // The statement of the change comes next, which keeps the server busy.
    const WORKERS: u32 = 1;

    type Key = (TenantId, TokenId);
    type Row = TokenRow;
    type Answer = TokenView;

    async fn ask(
        link: &StatementClient,
        keys: &[Self::Key],
    ) -> Result<Vec<TokenRow>, StatementError> {
        if let [(tenant, token)] = keys {
            let one = link.query_within(PATIENCE, || {
                tokens!(
                    "t.tenant_id = $1 AND t.id = $2 AND t.revoked_at IS NULL",
                    tenant.as_uuid(),
                    token.as_uuid()
                )
            });
            return one.await;
        }
        let (tenants, tokens): (Vec<_>, Vec<_>) = keys
            .iter()
            .map(|(tenant, token)| (tenant.as_uuid().to_string(), token.as_uuid().to_string()))
            .unzip();
        let [tenants, tokens] = [tenants, tokens].map(|ids| format!("{{{}}}", ids.join(",")));
        // The planner does not know the result of a subquery: a plan for these lists costs it no
        // less than one for all lists, which it therefore keeps. Planning would take longer than
        // the rest.
        let rows = link.query_within(PATIENCE, || {
            tokens!(
                "t.tenant_id = ANY ((SELECT $1::text::uuid[])::uuid[]) AND t.id = ANY ((SELECT $2::text::uuid[])::uuid[])
                 AND t.revoked_at IS NULL",
                tenants,
                tokens
            )
        });
        rows.await
    }

    fn key(row: &TokenRow) -> Option<Self::Key> {
        Some((
            TenantId::from_uuid(row.tenant_id),
            TokenId::from_uuid(row.id),
        ))
    }

    fn read(row: &TokenRow) -> Result<TokenView, StoreError> {
        row.clone().try_into()
    }
}
