//! Changes that the owner of the tables can make without a trace, and how a file of heads that is
//! kept elsewhere reveals them.

use std::{fs, path::PathBuf};

use sha2::{Digest as _, Sha256};

use super::{
    Site, Verdict,
    common::{BOTH, On},
    hex,
};

impl Site {
    fn file(&self, name: &str) -> PathBuf {
        self.node.server.folder().join(name)
    }

    fn witness(&self) {
        self.verify(&["--heads", "heads"]).is_intact();
    }

    fn since(&self) -> Verdict {
        self.verify(&["--since", "heads"])
    }
}

#[tokio::test]
async fn a_revoked_token_that_was_revived_is_named() {
    for on in BOTH {
        let mut site = Site::new(on);
        let made = site.node.create("Leaked").await;
        let (id, secret) = (
            made["id"].as_str().unwrap(),
            made["token"].as_str().unwrap(),
        );
        site.revoke(id).await;
        assert_eq!(site.asks(secret).await.0, 401);
        site.witness();
        assert!(site.node.server.terminate().unwrap().success());

        // The newest event goes, and all rows become what they were before it.
        let (key, user) = (site.id(id), site.id(made["userId"].as_str().unwrap()));
        let search = match on {
            On::Postgres => {
                "INSERT INTO token_search SELECT tenant_id, id, name_key, permissions FROM api_tokens \
                 WHERE revoked_at IS NULL ON CONFLICT DO NOTHING;"
            }
            On::Sqlite => "",
        };
        site.as_owner(&format!(
            "DELETE FROM audit_events WHERE token_id = {key} AND version_after = 2; \
             UPDATE api_tokens SET version = 1, revoked_at = NULL, modified_at = created_at, modified_by = created_by, \
             chain_head = (SELECT hash FROM audit_events WHERE token_id = {key}) WHERE id = {key}; \
             UPDATE users SET closed_at = NULL WHERE id = {user}; \
             INSERT INTO token_uses (tenant_id, token_id) SELECT tenant_id, id FROM api_tokens WHERE id = {key}; {search}"
        ));
        site.node.server.restart().unwrap();
        assert_eq!(site.asks(secret).await.0, 200, "{on:?}: it is alive again");
        site.verify(&[]).is_intact();
        site.since()
            .names(&["went back: ", "had version 2 and has version 1", id]);

        // As before, once it has grown again.
        assert_eq!(site.node.rename(id, 1, "Harmless").await.status(), 200);
        site.verify(&[]).is_intact();
        site.since().names(&["rewritten: ", "version 2", id]);
    }
}

#[tokio::test]
async fn a_token_that_was_removed_is_named() {
    for on in BOTH {
        let site = Site::new(on);
        let made = site.node.create("Evidence").await;
        site.node.create("Other").await;
        let id = made["id"].as_str().unwrap();
        site.witness();
        let (key, user) = (site.id(id), site.id(made["userId"].as_str().unwrap()));
        let search = match on {
            On::Postgres => format!("DELETE FROM token_search WHERE token_id = {key};"),
            On::Sqlite => String::new(),
        };
        site.as_owner(&format!(
            "DELETE FROM token_secrets WHERE token_id = {key}; DELETE FROM token_uses WHERE token_id = {key}; {search} \
             DELETE FROM audit_events WHERE token_id = {key}; DELETE FROM api_tokens WHERE id = {key}; \
             DELETE FROM users WHERE id = {user}"
        ));
        site.verify(&[]).is_intact();
        let before = fs::read(site.file("heads")).unwrap();
        let verdict = site.verify(&["--since", "heads", "--heads", "heads"]);
        verdict.names(&["gone: ", "had version 1", id]);
        assert_eq!(verdict.said.lines().count(), 1);
        assert_eq!(
            fs::read(site.file("heads")).unwrap(),
            before,
            "the evidence stays"
        );
    }
}

#[tokio::test]
async fn what_merely_grew_is_intact_and_the_digest_is_the_files() {
    for on in BOTH {
        let site = Site::new(on);
        let made = site.node.create("Growing").await;
        let id = made["id"].as_str().unwrap();
        let mut digests = Vec::new();
        for version in [1, 2] {
            let look = ["--since", "heads", "--heads", "heads"];
            let look = if version == 1 { &look[2..] } else { &look };
            let verdict = site.verify(look);
            verdict.is_intact();
            let text = fs::read(site.file("heads")).unwrap();
            let sum = hex(&Sha256::digest(&text));
            assert!(
                verdict.said.ends_with(&format!("\nheads: {sum}\n")),
                "{verdict:?}"
            );
            // Looking changes nothing, and keeping is not needed for it.
            assert_eq!(site.verify(&[]).said, verdict.said);
            let text = String::from_utf8(text).unwrap();
            assert_eq!(text.lines().count(), 4, "{text}");
            assert!(text.contains(&format!(" {id} {version} ")), "{text}");
            assert!(!text.contains(made["token"].as_str().unwrap()));
            digests.push(sum);
            match version {
                1 => drop(site.rotate(id, 1).await),
                _ => site.revoke(id).await,
            }
        }
        digests.dedup();
        assert_eq!(digests.len(), 2);
        site.since().is_intact();
        let left: Vec<_> = fs::read_dir(site.node.server.folder())
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
            .filter(|name| name.starts_with(".tmp"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[tokio::test]
async fn a_file_that_says_nothing_is_no_witness() {
    let site = Site::new(On::Sqlite);
    site.node.create("Second").await;
    site.witness();
    let text = fs::read_to_string(site.file("heads")).unwrap();
    let lines: Vec<_> = text.lines().collect();
    for (why, touched) in [
        ("cut", format!("{}\n", lines[..2].join("\n"))),
        (
            "without a line",
            format!("{}\n{}\n{}\n", lines[0], lines[2], lines[3]),
        ),
        (
            "reordered",
            format!("{}\n{}\n{}\n{}\n", lines[0], lines[2], lines[1], lines[3]),
        ),
        ("another's", "id,version\n".to_owned()),
        ("empty", String::new()),
    ] {
        fs::write(site.file("touched"), touched).unwrap();
        let verdict = site.verify(&["--since", "touched"]);
        assert_eq!(
            (verdict.code, &*verdict.said),
            (Some(3), ""),
            "{why}: {verdict:?}"
        );
        assert!(verdict.remarked.contains("heads") || verdict.remarked.contains("earlier"));
    }
    for nowhere in [["--since", "none"], ["--heads", "none/heads"]] {
        let verdict = site.verify(&nowhere);
        assert_eq!(verdict.code, Some(3), "{nowhere:?}");
        assert!(verdict.remarked.contains("none"), "{verdict:?}");
    }
}
