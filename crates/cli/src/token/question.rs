//! Judgement of a token on standard input.

use countersign_client::{Client, Open, Question, Verdict};

use crate::{
    args::QuestionArgs,
    failure::{Failure, Outcome},
    output::{Format, write_line},
    secret_source,
};

async fn judge(client: &Client, args: QuestionArgs) -> Outcome<(Open<Verdict>, Option<String>)> {
    let question = Question {
        token: secret_source::from_stdin("Token to be judged")?,
        permissions: args.permissions,
        address: args.address,
    };
    let verdict = client.verify(&question).await?;
    Ok((verdict, question.address))
}

fn outcome(verdict: &Verdict) -> Outcome {
    if verdict.active {
        Ok(())
    } else {
        Err(Failure::Inactive)
    }
}

pub(crate) async fn verify(client: &Client, args: QuestionArgs, format: Format) -> Outcome {
    let (verdict, _) = judge(client, args).await?;
    format.write_one(verdict.raw())?;
    outcome(&verdict)
}

pub(crate) async fn explain(client: &Client, args: QuestionArgs, format: Format) -> Outcome {
    let (verdict, address) = judge(client, args).await?;
    if format == Format::Table {
        write_line(&explanation(&verdict, address.as_deref()))?;
    } else {
        format.write_one(verdict.raw())?;
    }
    outcome(&verdict)
}

fn explanation(verdict: &Verdict, address: Option<&str>) -> String {
    let token = verdict.token.as_deref();
    let name = token
        .and_then(|token| token.name.as_deref())
        .unwrap_or("The token");
    let expiry = token
        .and_then(|token| token.expiry.as_deref())
        .unwrap_or("an unknown instant");
    let addresses = token
        .and_then(|token| token.allowed_addresses.as_deref())
        .unwrap_or_default();
    let text = match (verdict.code.as_str(), address) {
        ("ok", _) => return format!("{name}: the request would be admitted until {expiry}."),
        ("invalid-token", _) => {
            return "This tenant has no such token: it is mistyped, revoked, replaced, or of another tenant.\nIts form can be checked with `countersign decode`.".to_owned();
        }
        ("token-expired", _) => {
            format!("it ended at {expiry}, and cannot be revived; create another")
        }
        ("address-not-allowed", Some(address)) => {
            format!(
                "{address} is not among its addresses, {}",
                addresses.join(", ")
            )
        }
        ("address-not-allowed", None) => format!(
            "it works only from {}, and no address is given; use --address",
            addresses.join(", ")
        ),
        ("insufficient-scope", _) => format!("it lacks {}", verdict.missing.join(", ")),
        (other, _) => format!("the reason is {other}"),
    };
    crate::failure::sanitized(&format!("{name}: the request would be refused: {text}."))
}
