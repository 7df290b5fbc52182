//! The settings in the environment. A misspelt variable would leave its setting at the default, for
//! example at an empty SQLite file with a new root token, so a variable that is not a setting stops
//! the start.

use std::{env, ffi::OsStr, net::SocketAddr};

use clap::Arg;

use super::suggestion::nearest;

const PREFIX: &str = "COUNTERSIGN_";

/// The environment variable of a setting.
pub(super) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_uppercase().replace('-', "_"))
}

/// Adds the variable to the flag. An empty variable counts as unset, and one that is not UTF-8 is
/// reported by [`mistakes`], because clap would not name it.
pub(super) fn with_variable(arg: Arg, name: &str) -> Arg {
    let variable = variable(name);
    match env::var_os(&variable) {
        Some(value) if value.is_empty() || value.to_str().is_none() => arg,
        _ => arg.env(variable),
    }
}

/// The mistakes in variables whose names begin like those of settings.
pub(super) fn mistakes(settings: &[&str]) -> Vec<String> {
    let known: Vec<String> = settings.iter().map(|name| variable(name)).collect();
    let ours = |name: &OsStr| name.as_encoded_bytes().starts_with(PREFIX.as_bytes());
    let mut mistakes: Vec<String> = env::vars_os()
        .filter(|(name, value)| ours(name) && !value.is_empty())
        .filter_map(|(name, value)| mistake(&name.to_string_lossy(), value.to_str(), &known))
        .collect();
    // The system's order is arbitrary.
    mistakes.sort();
    mistakes
}

/// The mistake in a variable; `None` for a valid setting, and for the variables of Kubernetes. The
/// value is not repeated, because it may be a password.
fn mistake(name: &str, value: Option<&str>, known: &[String]) -> Option<String> {
    if known.iter().any(|known| known == name) {
        return value
            .is_none()
            .then(|| format!("the environment variable {name} is not UTF-8"));
    }
    // One environment may serve the service and its command line.
    if countersign_cli::VARIABLES.contains(&name) {
        return None;
    }
    if is_service_discovery(name, value.unwrap_or_default()) {
        return None;
    }
    let hint = match nearest(name, known) {
        near if near.is_empty() => "`countersign --help` lists all".to_owned(),
        near => format!("the nearest are {}", near.join(", ")),
    };
    Some(format!(
        "the environment variable {name} is no setting; {hint}"
    ))
}

/// Whether Kubernetes sets the variable in every pod, for a Service whose name begins with
/// `countersign`:
/// <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>.
fn is_service_discovery(name: &str, value: &str) -> bool {
    let of_a_port = |(_, port): (&str, &str)| {
        let mut parts = port.split('_');
        parts
            .next()
            .is_some_and(|number| number.parse::<u16>().is_ok())
            && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
            && matches!(parts.next(), None | Some("PROTO" | "PORT" | "ADDR"))
            && parts.next().is_none()
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.rsplit_once("_PORT_").is_some_and(of_a_port)
        // The name alone could be a mistaken setting.
        || name.ends_with("_PORT") && is_address(value)
}

/// Whether the value is an address such as `tcp://10.96.0.12:8080`.
fn is_address(value: &str) -> bool {
    value.split_once("://").is_some_and(|(protocol, address)| {
        matches!(protocol, "tcp" | "udp" | "sctp") && address.parse::<SocketAddr>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table;

    #[test]
    fn what_kubernetes_sets_is_no_mistake() {
        for (name, value) in [
            ("COUNTERSIGN_SERVICE_HOST", "10.96.0.12"),
            ("COUNTERSIGN_SERVICE_PORT", "8080"),
            ("COUNTERSIGN_SERVICE_PORT_HTTP_ALT", "8080"),
            ("COUNTERSIGN_PORT", "tcp://10.96.0.12:8080"),
            ("COUNTERSIGN_PORT", "udp://[fd00::12]:8080"),
            ("COUNTERSIGN_PORT_8080_TCP", "tcp://10.96.0.12:8080"),
            ("COUNTERSIGN_PORT_8080_TCP_PROTO", "tcp"),
            ("COUNTERSIGN_PORT_8080_UDP_PORT", "8080"),
            ("COUNTERSIGN_PORT_8080_SCTP_ADDR", "10.96.0.12"),
            ("COUNTERSIGN_CONSOLE_SERVICE_HOST", "10.96.0.13"),
            ("COUNTERSIGN_METRICS_PORT_9090_TCP_ADDR", "10.96.0.14"),
            ("COUNTERSIGN_LISTEN_PORT", "tcp://10.96.0.15:80"),
        ] {
            assert_eq!(mistake(name, Some(value), &[]), None, "{name}");
        }
    }

    #[test]
    fn what_looks_like_it_and_is_not_is_a_mistake() {
        for (name, value) in [
            ("COUNTERSIGN_PORT", "8080"),
            ("COUNTERSIGN_LISTEN_PORT", "8080"),
            ("COUNTERSIGN_DATABASE_PORT", "tcp://db:5432"),
            ("COUNTERSIGN_PORT_http_TCP", "tcp://10.96.0.12:8080"),
            ("COUNTERSIGN_PORT_8080_TCP_ADDR_2", "10.96.0.12"),
            ("COUNTERSIGN_HOST", "10.96.0.12"),
            ("COUNTERSIGN_", "x"),
        ] {
            assert!(mistake(name, Some(value), &[]).is_some(), "{name}");
        }
    }

    #[test]
    fn a_variable_of_the_command_line_is_no_mistake_and_no_setting() {
        let settings: Vec<String> = table::rows()
            .iter()
            .map(|row| variable(row.name()))
            .collect();
        for name in countersign_cli::VARIABLES {
            assert_eq!(mistake(name, Some("x"), &[]), None, "{name}");
            assert!(!settings.iter().any(|setting| setting == name), "{name}");
        }
    }

    #[test]
    fn no_setting_is_named_like_what_kubernetes_sets() {
        for row in table::rows() {
            let name = variable(row.name());
            assert!(
                !is_service_discovery(&name, "tcp://10.96.0.12:80"),
                "{name}"
            );
        }
    }

    #[test]
    fn a_mistake_names_the_nearest_settings_and_never_the_value() {
        let known = ["database-url", "listen"].map(variable);
        let told = mistake("COUNTERSIGN_DATABASE_URL_FILE", Some("hunter2"), &known).unwrap();
        assert!(
            told.contains("nearest are COUNTERSIGN_DATABASE_URL"),
            "{told}"
        );
        assert!(!told.contains("hunter2"), "{told}");
        assert!(mistake("COUNTERSIGN_LISTEN", None, &known).is_some());
        assert_eq!(mistake("COUNTERSIGN_LISTEN", Some("x"), &known), None);
    }
}
