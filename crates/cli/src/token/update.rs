//! Update of a token.

use clap::Args;
use countersign_client::{Client, UpdateOptions};
use serde_json::Value;

use super::{
    expiry::expiry,
    fields::{self, Fields, editable},
    find,
    store::{Change, store},
};
use crate::{
    failure::{Failure, Outcome},
    output::{Format, remark},
};

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command"
)]
pub(crate) struct UpdateArgs {
    /// Id or name of the token
    pub(crate) token: String,
    /// New name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// New end: a time from now (90d, 12w, 6mo, 1y), a date or an instant
    #[arg(long, value_name = "WHEN")]
    pub(crate) expiry: Option<String>,
    /// Address or network, in place of all; may be given more than once
    #[arg(long = "address", value_name = "ADDRESS", conflicts_with_all = ["any_address", "add_address", "remove_address"])]
    pub(crate) addresses: Vec<String>,
    /// Let the token work from any address
    #[arg(long, conflicts_with_all = ["add_address", "remove_address"])]
    pub(crate) any_address: bool,
    /// Address or network to add; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) add_address: Vec<String>,
    /// Address or network to remove; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) remove_address: Vec<String>,
    /// Permission, in place of all; may be given more than once
    #[arg(long = "permission", value_name = "PERMISSION", conflicts_with_all = ["add_permission", "remove_permission"])]
    pub(crate) permissions: Vec<String>,
    /// Permission to add; may be given more than once
    #[arg(long, value_name = "PERMISSION")]
    pub(crate) add_permission: Vec<String>,
    /// Permission to remove; may be given more than once
    #[arg(long, value_name = "PERMISSION")]
    pub(crate) remove_permission: Vec<String>,
    /// Any field with its value, in JSON or as text; may be given more than once
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = fields::assignment)]
    pub(crate) set: Vec<fields::Assignment>,
    /// Version that the change was made from; the stored one by default
    #[arg(long, value_name = "VERSION")]
    pub(crate) if_version: Option<i64>,
    /// After a conflict, apply what does not clash to the stored version
    #[arg(long)]
    pub(crate) merge: bool,
    /// Allow that the caller itself is no longer admitted from its address
    #[arg(long)]
    pub(crate) allow_lockout: bool,
    /// Decide all, and store nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) async fn update(client: &Client, args: UpdateArgs, format: Format) -> Outcome {
    let record = find(client, &args.token).await?;
    let before = editable(record.raw());
    let fields = wanted(&args, &before)?;
    if fields.is_empty() {
        let nothing =
            "nothing is to be changed; `countersign token update --help` lists the fields";
        return Err(Failure::Usage(nothing.to_owned()));
    }
    let change = Change {
        version: args.if_version.unwrap_or(record.version),
        record,
        fields,
        options: UpdateOptions {
            dry_run: args.dry_run,
            allow_lockout: args.allow_lockout,
        },
        merge: args.merge,
    };
    let updated = store(client, change).await?;
    if args.dry_run {
        remark("this is what would be stored; nothing is");
    }
    format.write_one(updated.raw())
}

/// The new values of the fields that the arguments name.
fn wanted(args: &UpdateArgs, before: &Fields) -> Outcome<Fields> {
    let mut fields = Fields::new();
    if let Some(name) = &args.name {
        fields.insert("name".into(), name.clone().into());
    }
    if let Some(text) = &args.expiry {
        fields.insert("expiry".into(), expiry(text)?.into());
    }
    if args.any_address {
        fields.insert("allowedAddresses".into(), Value::Array(Vec::new()));
    }
    for (field, all, added, removed) in [
        (
            "allowedAddresses",
            &args.addresses,
            &args.add_address,
            &args.remove_address,
        ),
        (
            "permissions",
            &args.permissions,
            &args.add_permission,
            &args.remove_permission,
        ),
    ] {
        if !all.is_empty() {
            fields.insert(field.into(), all.clone().into());
        } else if !added.is_empty() || !removed.is_empty() {
            let list = edited(field, before.get(field), added, removed)?;
            fields.insert(field.into(), list.into());
        }
    }
    for set in &args.set {
        fields.insert(set.field.clone(), set.value.clone());
    }
    Ok(fields)
}

fn edited(
    field: &str,
    before: Option<&Value>,
    added: &[String],
    removed: &[String],
) -> Outcome<Vec<String>> {
    let before = before.and_then(Value::as_array).into_iter().flatten();
    let mut list: Vec<String> = before
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let had_some = !list.is_empty();
    if let Some(absent) = removed.iter().find(|entry| !list.contains(entry)) {
        return Err(crate::failure::mistake(format!(
            "{absent} is not among the {field}: {}",
            list.join(", ")
        )));
    }
    list.retain(|entry| !removed.contains(entry));
    for entry in added {
        if !list.contains(entry) {
            list.push(entry.clone());
        }
    }
    if had_some && list.is_empty() && field == "allowedAddresses" {
        let open =
            "the last address would go, after which any would do; use --any-address for that";
        return Err(crate::failure::mistake(open));
    }
    Ok(list)
}
