//! The door for services that hold somebody's token and want to know what it is worth: one question or a hundred.

use std::{borrow::Cow, net::IpAddr};

use axum::{
    extract::{RawQuery, Request, State},
    http::StatusCode,
};
use countersign_domain::{
    AllowedAddresses, Credential, PartialToken, PermissionSet, Secret, TenantId, Timestamp,
    TokenId, UserId, Version,
};
use futures_util::future::try_join_all;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    super::{Answer, answer},
    Question, Verdict, age, judge,
};
use crate::{
    body::{self, Fields, Json},
    caller::{Caller, ReadTokens},
    params::Params,
    problem::{Code, Fault, Problem, may_hold_secret},
    services::App,
};

/// How many questions a request holds at most.
const MOST: usize = 100;

/// A question about a token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TokenQuestion)]
pub(crate) struct QuestionBody<'a> {
    /// The secret that somebody presented.
    #[serde(borrow)]
    #[schema(value_type = String)]
    token: Cow<'a, str>,
    /// What it has to hold, all of these.
    #[serde(default)]
    #[schema(required = false, max_items = 100)]
    permissions: Vec<String>,
    /// Where it was presented from. Left out, the address is not known, and a token with a list is refused.
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = String, required = false)]
    address: Option<IpAddr>,
}

/// One question, or up to 100 in an array.
#[derive(ToSchema)]
#[schema(as = TokenQuestions)]
#[expect(dead_code, reason = "describes a body that is read otherwise")]
#[serde(untagged)]
pub(crate) enum QuestionsBody<'a> {
    One(QuestionBody<'a>),
    Many(Vec<QuestionBody<'a>>),
}

/// What is known of a token at a check: its record without what a check does not need.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CheckedToken)]
struct Facts<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: TokenId,
    #[schema(value_type = i64, minimum = 1)]
    version: Version,
    #[schema(value_type = String, format = DateTime)]
    creation_date: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_modified_date: Timestamp,
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// The name of the token and of its user.
    name: &'a str,
    /// What may be shown of the secret that was presented.
    #[schema(value_type = String)]
    partial_token: PartialToken,
    #[schema(value_type = String, format = DateTime)]
    expiry: Timestamp,
    #[schema(value_type = Vec<String>)]
    allowed_addresses: &'a AllowedAddresses,
    #[schema(value_type = Vec<String>)]
    permissions: &'a PermissionSet,
}

/// What a token is worth.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TokenVerdict)]
pub(crate) struct VerdictRecord<'a> {
    /// Whether a request with it would be let through.
    active: bool,
    /// `ok`, or the code of the problem that such a request would meet.
    #[schema(
        pattern = "^(ok|invalid-token|token-expired|address-not-allowed|insufficient-scope|token-unreadable)$"
    )]
    code: &'static str,
    /// Its tenant, which is the caller's; left out with `invalid-token` and `token-unreadable`, as is all
    /// that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "uuid")]
    tenant_id: Option<TenantId>,
    /// When the secret that was presented stops working, where another has replaced it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    retirement_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    token: Option<Facts<'a>>,
    /// Those of the wanted permissions that it lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    missing: Vec<&'a str>,
}

/// One answer, or as many as there were questions.
#[derive(ToSchema)]
#[schema(as = TokenVerdicts)]
#[expect(dead_code, reason = "describes an answer that is written otherwise")]
#[serde(untagged)]
pub(crate) enum VerdictsBody<'a> {
    One(VerdictRecord<'a>),
    Many(Vec<VerdictRecord<'a>>),
}

/// Verify API tokens
///
/// What a token is worth that somebody presented to the caller. The answer is 200 whatever it says. Tokens of other
/// tenants are as unknown as any. An array of questions gets an array of answers in the same order.
#[utoipa::path(
    post, path = "/api-tokens/verify", operation_id = "verifyTokens", tag = "checks",
    request_body(content = inline(QuestionsBody), example = json!({"permissions": ["api.tasks.read"], "token": "csg_…"})),
    responses((status = 200, body = inline(VerdictsBody), headers(
        ("Age" = u64, description = "How many seconds ago the facts were looked up that were judged by, where this node held them; of several, the oldest"),
    )), (status = 400), (status = 408), (status = 413), (status = 415)),
    extensions(("x-required-permission" = json!("api.api-tokens.read"))),
)]
pub(crate) async fn verify(
    State(app): State<App>,
    caller: Caller<ReadTokens>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Answer {
    Params::none(query.as_deref())?;
    let (head, body) = request.into_parts();
    let body = body::read(&head.headers, body).await?;
    if body.trim_ascii_start().first() == Some(&b'[') {
        let questions = many(&body)?;
        // At once, so that a store that has to be asked is asked for all of them together.
        let judging = questions
            .iter()
            .map(|question| judged(&app, &caller, question));
        let verdicts = try_join_all(judging).await?;
        let records: Vec<_> = verdicts.iter().zip(&questions).map(record).collect();
        return answer(StatusCode::OK, age(&verdicts), &records);
    }
    let question = one(&body)?;
    let verdict = judged(&app, &caller, &question).await?;
    let record = record((&verdict, &question));
    answer(StatusCode::OK, age(std::slice::from_ref(&verdict)), &record)
}

async fn judged<'a>(
    app: &App,
    caller: &Caller<ReadTokens>,
    question: &'a QuestionBody<'_>,
) -> Result<Verdict<'a>, Problem> {
    let question = Question {
        token: &question.token,
        address: question.address,
        permissions: &question.permissions,
    };
    judge(app, caller, &question).await
}

fn record<'a>((verdict, question): (&'a Verdict<'a>, &'a QuestionBody<'_>)) -> VerdictRecord<'a> {
    let credential = verdict.known.as_ref().map(|known| &*known.credential);
    // Known facts are behind a secret that is well-formed.
    let partial = Secret::parse(&question.token)
        .ok()
        .map(|secret| secret.partial());
    VerdictRecord {
        active: verdict.code == "ok",
        code: verdict.code,
        tenant_id: credential.map(|credential| credential.tenant),
        retirement_date: credential.and_then(|credential| credential.retires),
        token: credential.zip(partial).map(facts),
        missing: verdict.missing.iter().map(|name| shown(name)).collect(),
    }
}

/// A wanted permission as it is repeated; what may be a secret, put there by mistake, is not.
fn shown(name: &str) -> &str {
    if may_hold_secret(name) {
        "csg_…"
    } else {
        name
    }
}

fn facts((credential, partial_token): (&Credential, PartialToken)) -> Facts<'_> {
    Facts {
        id: credential.token,
        version: credential.version,
        creation_date: credential.created,
        last_modified_date: credential.modified,
        user_id: credential.user,
        name: &credential.user_name,
        partial_token,
        expiry: credential.expiry,
        allowed_addresses: &credential.addresses,
        permissions: &credential.permissions,
    }
}

/// One question. What is right is read at once; what is not is read again with an eye for all that is wrong.
fn one(body: &[u8]) -> Result<QuestionBody<'_>, Problem> {
    // An array would be taken for an object's values without their names.
    if body.trim_ascii_start().first() == Some(&b'{')
        && let Ok(question) = serde_json::from_slice::<QuestionBody<'_>>(body)
        && question.permissions.len() <= MOST
    {
        return Ok(question);
    }
    careful(body)
}

fn many(body: &[u8]) -> Result<Vec<QuestionBody<'_>>, Problem> {
    let text = body::check(body)?;
    let Ok(Json::List(items)) = Json::of(text) else {
        // Begins like an array and is none: the object's reader says what is wrong.
        return careful(body).map(|question| vec![question]);
    };
    if items.len() > MOST {
        let detail = format!("at most {MOST} questions can be asked at once");
        return Err(
            Problem::new(Code::InvalidBody, detail.as_str()).with_faults(vec![Fault::at(
                "",
                "too-many-values",
                detail,
            )]),
        );
    }
    let (mut questions, mut wrong) = (Vec::with_capacity(items.len()), None::<Problem>);
    for (index, item) in items.iter().enumerate() {
        match one(item.get().as_bytes()) {
            Ok(question) => questions.push(question),
            Err(problem) => {
                let problem = problem.within(&format!("/{index}"));
                wrong = Some(match wrong {
                    None => problem,
                    Some(earlier) => earlier.and(problem),
                });
            }
        }
    }
    wrong.map_or(Ok(questions), Err)
}

/// An address that is there: null is none.
fn told<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IpAddr>, D::Error> {
    IpAddr::deserialize(deserializer).map(Some)
}

fn wanted(raw: &RawValue, pointer: &str, faults: &mut Vec<Fault>) -> Option<Vec<String>> {
    let names = body::texts(raw, pointer, faults)?;
    if names.len() > MOST {
        let detail = format!("at most {MOST} permissions can be asked for");
        faults.push(Fault::at(pointer, "too-many-values", detail));
    }
    Some(names)
}

fn careful(body: &[u8]) -> Result<QuestionBody<'static>, Problem> {
    let mut fields = Fields::of(body)?;
    let token = fields.required("token", body::text);
    let permissions = fields.optional("permissions", wanted);
    let address = fields.optional("address", body::address);
    fields.finish()?;
    Ok(QuestionBody {
        // Where it is missing, that was noted as a fault above.
        token: Cow::Owned(token.ok_or_else(Problem::internal)?),
        permissions: permissions.unwrap_or_default(),
        address,
    })
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
