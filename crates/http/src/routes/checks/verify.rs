//! Verification for services to which a token was presented: one question or a hundred.

mod record;

use std::{borrow::Cow, net::IpAddr};

use axum::{
    extract::{RawQuery, Request, State},
    http::StatusCode,
};
use countersign_domain::{Operation as _, ReadTokens};
use futures_util::future::try_join_all;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use self::record::{VerdictRecord, VerdictsBody, record};
use super::{
    super::{Answer, answer},
    Question, Verdict, age, judge,
};
use crate::{
    body::{self, Fields, Json},
    caller::Caller,
    params::Params,
    problem::{Code, FieldError, Problem},
    state::ApiState,
};

/// The maximum number of questions in a request.
const MOST: usize = 100;

/// A question about a token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TokenQuestion)]
pub(crate) struct QuestionBody<'a> {
    /// The presented secret.
    #[serde(borrow)]
    #[schema(value_type = String)]
    token: Cow<'a, str>,
    /// The permissions that the token needs, all of them.
    #[serde(default)]
    #[schema(required = false, max_items = 100)]
    permissions: Vec<String>,
    /// The address that the token was presented from. If it is left out, the address is unknown,
    /// and a token with a list of addresses is refused.
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

/// Verify an API token
///
/// Judges a token that was presented to the caller. The answer is 200 whatever the verdict is.
/// Tokens of other tenants count as unknown. `verifyTokenBatch` takes many questions at once.
#[utoipa::path(
    post, path = "/api-tokens/verify", operation_id = "verifyToken", tag = "checks",
    request_body(content = inline(QuestionsBody), example = json!({"permissions": ["api.tasks.read"], "token": "csg_…"})),
    responses((status = 200, body = inline(VerdictsBody), headers(
        ("Age" = u64, description = "How many seconds ago the facts were looked up that were judged by, where this node held them; of several, the oldest"),
    )), (status = 400), (status = 408), (status = 413), (status = 415)),
    extensions(("x-required-permission" = json!(ReadTokens::PERMISSION))),
)]
pub(crate) async fn verify(
    State(app): State<ApiState>,
    caller: Caller<ReadTokens>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Answer {
    Params::none(query.as_deref())?;
    let (head, body) = request.into_parts();
    let body = body::read(&head.headers, body).await?;
    if body.trim_ascii_start().first() == Some(&b'[') {
        return verify_many(&app, &caller, &body).await;
    }
    let question = one(&body)?;
    let verdict = judged(&app, &caller, &question).await?;
    let record = record((&verdict, &question));
    answer(StatusCode::OK, age(std::slice::from_ref(&verdict)), &record)
}

/// Verify API tokens
///
/// Like `verifyToken`, for up to 100 tokens: the answers are in the order of the questions.
#[utoipa::path(
    post, path = "/api-tokens/verify/batch", operation_id = "verifyTokenBatch", tag = "checks",
    request_body(content = Vec<QuestionBody>, example = json!([{"permissions": ["api.tasks.read"], "token": "csg_…"}])),
    responses((status = 200, body = Vec<VerdictRecord>, headers(
        ("Age" = u64, description = "How many seconds ago the oldest of the facts were looked up that were judged by, where this node held them"),
    )), (status = 400), (status = 408), (status = 413), (status = 415)),
    extensions(("x-required-permission" = json!(ReadTokens::PERMISSION))),
)]
pub(in crate::routes) async fn batch(
    State(app): State<ApiState>,
    caller: Caller<ReadTokens>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Answer {
    Params::none(query.as_deref())?;
    let (head, body) = request.into_parts();
    let body = body::read(&head.headers, body).await?;
    verify_many(&app, &caller, &body).await
}

async fn verify_many(app: &ApiState, caller: &Caller<ReadTokens>, body: &[u8]) -> Answer {
    let questions = many(body)?;
    // Concurrently, so that look-ups in the store share one statement.
    let judging = questions
        .iter()
        .map(|question| judged(app, caller, question));
    let verdicts = try_join_all(judging).await?;
    let records: Vec<_> = verdicts.iter().zip(&questions).map(record).collect();
    answer(StatusCode::OK, age(&verdicts), &records)
}

async fn judged<'a>(
    app: &ApiState,
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

/// Parses one question. A correct one is parsed at once; otherwise it is parsed again to find all
/// mistakes.
fn one(body: &[u8]) -> Result<QuestionBody<'_>, Problem> {
    // serde would accept an array as an object's values without their names.
    if body.trim_ascii_start().first() == Some(&b'{')
        && let Ok(question) = serde_json::from_slice::<QuestionBody<'_>>(body)
        && question.permissions.len() <= MOST
    {
        return Ok(question);
    }
    careful(body)
}

fn many(body: &[u8]) -> Result<Vec<QuestionBody<'_>>, Problem> {
    let read = Json::of(body::check(body)?);
    let read = read.map_err(|error| Problem::new(Code::MalformedJson, error.to_string()))?;
    let Json::List(items) = read else {
        return Err(body::no_array(&read));
    };
    if items.len() > MOST {
        let detail = format!("at most {MOST} questions can be asked at once");
        return Err(Problem::new(Code::InvalidBody, detail.as_str())
            .with_faults(vec![FieldError::at("", "too-many-values", detail)]));
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

/// Parses an address that is present: null is not an address.
fn told<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IpAddr>, D::Error> {
    IpAddr::deserialize(deserializer).map(Some)
}

fn wanted(raw: &RawValue, pointer: &str, faults: &mut Vec<FieldError>) -> Option<Vec<String>> {
    let names = body::texts(raw, pointer, faults)?;
    if names.len() > MOST {
        let detail = format!("at most {MOST} permissions can be asked for");
        faults.push(FieldError::at(pointer, "too-many-values", detail));
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
        // A missing value was recorded as a fault above.
        token: Cow::Owned(token.ok_or_else(Problem::internal)?),
        permissions: permissions.unwrap_or_default(),
        address,
    })
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
