//! The files and the table in the document about proxies, which are what the tests run and check.

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use countersign_xtask::proxies::{Proxy, caddy, envoy, haproxy, nginx, traefik};

/// The proxies that the document knows, each under its heading and its name there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Caddy,
    Traefik,
    Envoy,
    HaProxy,
}

/// Where they differ, and may: a row of the document's table.
#[derive(Debug)]
pub(crate) struct Told {
    /// The status where nothing listens in the place of Countersign.
    pub(crate) stopped: u16,
    /// The status where Countersign does not answer, and after how long.
    pub(crate) frozen: (u16, Duration),
    /// Whether both say when to come again.
    pub(crate) retry_after: bool,
    pub(crate) websockets: bool,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Nginx,
        Self::Caddy,
        Self::Traefik,
        Self::Envoy,
        Self::HaProxy,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "Caddy",
            Self::Traefik => "Traefik",
            Self::Envoy => "Envoy",
            Self::HaProxy => "HAProxy",
        }
    }

    /// With the document's files, in which only the addresses are others, or with its recipe for
    /// preflights as well.
    pub(crate) fn start(
        self,
        countersign: SocketAddr,
        service: SocketAddr,
        edge: SocketAddr,
        preflights: bool,
    ) -> Proxy {
        let text = document();
        let section = text.split(&format!("\n## {}\n", self.name())).nth(1);
        let section = section.unwrap().split("\n## ").next().unwrap();
        let files = blocks(section);
        let files = if preflights {
            self.with_preflights(files)
        } else {
            files
        };
        let files: Vec<String> = files
            .iter()
            .map(|file| {
                let file = file
                    .replace("10.0.0.10:8080", &countersign.to_string())
                    .replace("10.0.0.20:9000", &service.to_string())
                    .replace("10.0.0.10, port_value: 8080", &in_yaml(countersign))
                    .replace("10.0.0.20, port_value: 9000", &in_yaml(service));
                assert!(!file.contains("10.0.0."), "{file}");
                file
            })
            .collect();
        let store = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let started = match (self, files.as_slice()) {
            (Self::Nginx, [site]) => {
                let site = once(site, "listen 80;", &format!("listen {edge};"));
                nginx(&site, edge)
            }
            (Self::Caddy, [file]) => {
                let site = format!("http://:{} {{\n\tbind {}\n", edge.port(), edge.ip());
                caddy(&once(file, ":80 {\n", &site), edge)
            }
            (Self::Traefik, [own, routes]) => {
                let own = once(own, r#"address: ":80""#, &format!("address: {edge}"));
                let own = once(&own, "/etc/traefik/tasks.yml", "tasks.yml");
                traefik(&own, routes, store, edge)
            }
            (Self::Envoy, [file]) => {
                let file = once(file, "0.0.0.0, port_value: 80}", &(in_yaml(edge) + "}"));
                envoy(&file, store, edge)
            }
            (Self::HaProxy, [script, file]) => {
                let file = once(file, "bind :80\n", &format!("bind {edge}\n"));
                let file = once(&file, "/etc/haproxy/countersign.lua", "countersign.lua");
                haproxy(&file, script, edge)
            }
            (_, files) => panic!("{} files for {self:?}", files.len()),
        };
        started.unwrap()
    }

    /// The files with the recipe put where the document says.
    fn with_preflights(self, mut files: Vec<String>) -> Vec<String> {
        let text = document();
        let section = text.split("\n## Preflights\n").nth(1).unwrap();
        let paragraph = |kind: Self| format!("\n{}: ", kind.name());
        let (_, recipe) = section.split_once(&paragraph(self)).unwrap();
        let others = Self::ALL
            .into_iter()
            .filter_map(|kind| recipe.find(&paragraph(kind)));
        let recipe = &recipe[..others.min().unwrap_or(recipe.len())];
        let recipe = blocks(recipe);
        let blocks: Vec<&str> = recipe.iter().map(String::as_str).collect();
        let last = files.pop().unwrap();
        files.push(match (self, blocks.as_slice()) {
            (Self::Nginx, [maps, answer]) => {
                let place = "location / {\n";
                format!(
                    "{maps}\n{}",
                    once(&last, place, &format!("{place}{answer}\n"))
                )
            }
            (Self::Caddy, [answer]) => once(&last, ":80 {\n", &format!(":80 {{\n{answer}\n")),
            (Self::Traefik, [middleware]) => {
                let place = "  middlewares:\n";
                let routes = once(&last, place, &format!("{place}{middleware}\n"));
                routes.replace("[bare, ", "[cross-origin, bare, ")
            }
            (Self::Envoy, [filter, policy]) => {
                let (filters, domains) = ("http_filters:\n", "domains: [\"*\"]\n");
                let file = once(&last, filters, &format!("{filters}{filter}\n"));
                once(&file, domains, &format!("{domains}{policy}\n"))
            }
            (Self::HaProxy, [answer]) => {
                let place = "    acl reading ";
                once(&last, place, &format!("{answer}\n{place}"))
            }
            (_, blocks) => panic!("{} blocks for {self:?}", blocks.len()),
        });
        files
    }

    pub(crate) fn told(self) -> Told {
        let text = document();
        let named = format!("| {} |", self.name());
        let row = text.lines().find(|line| line.starts_with(&named)).unwrap();
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, _, _, stopped, frozen, retry_after, websockets, _] = cells[..] else {
            panic!("{row}");
        };
        let (status, seconds) = frozen.split_once(" after ").unwrap();
        let seconds = seconds.trim_end_matches(" s").parse().unwrap();
        Told {
            stopped: stopped.parse().unwrap(),
            frozen: (status.parse().unwrap(), Duration::from_secs(seconds)),
            retry_after: retry_after == "yes",
            websockets: websockets == "yes",
        }
    }

    /// Whether it turns a request down by itself for what these lines hold, rather than take it out.
    pub(crate) fn may_refuse(self, lines: &[&str]) -> bool {
        lines.iter().any(|line| {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            let listed = name == "Connection";
            match self {
                Self::Envoy => name.contains('_') || listed,
                Self::Traefik => listed && value.contains("authorization"),
                Self::Nginx | Self::Caddy | Self::HaProxy => false,
            }
        })
    }
}

/// The blocks of code in a part of the document, each with the end of its last line.
fn blocks(text: &str) -> Vec<String> {
    let blocks = text.split("\n```").skip(1).step_by(2);
    blocks
        .map(|block| block.split_once('\n').unwrap().1.to_owned() + "\n")
        .collect()
}

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/proxies.md");
    fs::read_to_string(path).unwrap()
}

fn in_yaml(address: SocketAddr) -> String {
    format!("{}, port_value: {}", address.ip(), address.port())
}

fn once(text: &str, placeholder: &str, real: &str) -> String {
    assert_eq!(text.matches(placeholder).count(), 1, "{placeholder}");
    text.replace(placeholder, real)
}
