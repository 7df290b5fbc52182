//! Exposition formats of the metrics: `OpenMetrics`, which the library writes, or the older one of
//! Prometheus, which tools without `OpenMetrics` ask for as `text/plain`.

use std::fmt::Write as _;

use axum::http::{HeaderMap, header};

/// A text format of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposition {
    /// `OpenMetrics` 1.0.
    OpenMetrics,
    /// The Prometheus text format 0.0.4.
    Prometheus,
}

/// The maximum number of media ranges that are parsed; no client needs more.
const MOST_RANGES: usize = 32;

impl Exposition {
    /// The format that the request's `Accept` prefers (RFC 9110, section 12.5.1); `OpenMetrics` if
    /// it has no preference, or accepts neither.
    pub(crate) fn preferred(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT).iter();
        let ranges = values.filter_map(|value| value.to_str().ok());
        let ranges: Vec<Range<'_>> = ranges
            .flat_map(|value| value.split(','))
            .take(MOST_RANGES)
            .filter_map(Range::parse)
            .collect();
        if quality(&ranges, Self::Prometheus) > quality(&ranges, Self::OpenMetrics) {
            Self::Prometheus
        } else {
            Self::OpenMetrics
        }
    }

    /// The `Content-Type` of the answer.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    const fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::OpenMetrics => ("application", "openmetrics-text", "1.0.0"),
            Self::Prometheus => ("text", "plain", "0.0.4"),
        }
    }
}

/// One media range of `Accept`.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    version: Option<&'a str>,
    quality: f32,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let (mut version, mut quality) = (None, 1.0);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            if name.eq_ignore_ascii_case("q") {
                quality = value.parse().ok()?;
            } else if name.eq_ignore_ascii_case("version") {
                version = Some(value.trim_matches('"'));
            }
        }
        Some(Self {
            kind,
            subtype,
            version,
            quality,
        })
    }

    /// The precision with which the range names the format; `None` if it does not.
    fn precision(&self, format: Exposition) -> Option<u8> {
        let (kind, subtype, version) = format.parts();
        if self.version.is_some_and(|wanted| wanted != version) {
            return None;
        }
        let is = |range: &str, own: &str| range.eq_ignore_ascii_case(own);
        match (self.kind, self.subtype) {
            (first, second) if is(first, kind) && is(second, subtype) => {
                Some(2 + u8::from(self.version.is_some()))
            }
            (first, "*") if is(first, kind) => Some(1),
            ("*", "*") => Some(0),
            _ => None,
        }
    }
}

/// The quality that the most precise of the ranges gives the format.
fn quality(ranges: &[Range<'_>], format: Exposition) -> f32 {
    let fitting = ranges
        .iter()
        .filter_map(|range| Some((range.precision(format)?, range.quality)));
    fitting
        .max_by_key(|(precision, _)| *precision)
        .map_or(0.0, |(_, quality)| quality)
}

/// Converts a page from `OpenMetrics` to Prometheus' older text. There a family has the name of its
/// samples, which `OpenMetrics` lengthens for counters and infos, and there are no units and no
/// end.
pub(crate) fn to_prometheus(page: &str) -> String {
    let mut text = String::with_capacity(page.len() + page.len() / 16);
    let mut help = None;
    for line in page.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(_), Some(words)) => help = Some(words),
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                let (ending, kind) = match kind {
                    "counter" => ("_total", "counter"),
                    "info" => ("_info", "gauge"),
                    "unknown" => ("", "untyped"),
                    kind => ("", kind),
                };
                // Writing to a string cannot fail.
                if let Some(help) = help.take() {
                    let _ = writeln!(text, "# HELP {name}{ending} {help}");
                }
                let _ = writeln!(text, "# TYPE {name}{ending} {kind}");
            }
            (Some("#"), ..) => {}
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_follows_the_preference() {
        use Exposition::{OpenMetrics, Prometheus};
        // These include what Prometheus 2 and 3, Telegraf and curl send.
        for (accept, format) in [
            ("*/*", OpenMetrics),
            ("", OpenMetrics),
            ("application/json", OpenMetrics),
            ("text/plain", Prometheus),
            ("TEXT/Plain; charset=utf-8", Prometheus),
            ("text/plain;version=0.0.4", Prometheus),
            ("text/*", Prometheus),
            ("text/plain;version=0.0.4;q=1,*/*;q=0.1", Prometheus),
            (
                "text/plain;q=0.5, application/openmetrics-text",
                OpenMetrics,
            ),
            (
                "application/openmetrics-text;q=0.2, text/plain;q=0.7",
                Prometheus,
            ),
            ("application/openmetrics-text; version=1.0.0", OpenMetrics),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,\
                 */*;q=0.2",
                OpenMetrics,
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,\
                 text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                 text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                OpenMetrics,
            ),
            (
                "text/plain;version=1.0.0;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,\
                 text/plain;version=0.0.4;q=0.3",
                OpenMetrics,
            ),
            ("application/openmetrics-text;q=0, */*", Prometheus),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(Exposition::preferred(&headers), format, "{accept}");
        }
        assert_eq!(Exposition::preferred(&HeaderMap::new()), OpenMetrics);
    }

    #[test]
    fn families_have_the_names_of_their_samples() {
        let page = "# HELP a_seconds Help \\n of a.\n# TYPE a_seconds counter\n\
                    # UNIT a_seconds seconds\na_seconds_total 1\n\
                    # HELP b Build.\n# TYPE b info\nb_info{v=\"# HELP\"} 1\n\
                    # TYPE c histogram\nc_sum 1.0\nc_count 1\nc_bucket{le=\"+Inf\"} 1\n\
                    # TYPE d unknown\nd 2\n# EOF\n";
        let text = "# HELP a_seconds_total Help \\n of a.\n# TYPE a_seconds_total counter\n\
                    a_seconds_total 1\n\
                    # HELP b_info Build.\n# TYPE b_info gauge\nb_info{v=\"# HELP\"} 1\n\
                    # TYPE c histogram\nc_sum 1.0\nc_count 1\nc_bucket{le=\"+Inf\"} 1\n\
                    # TYPE d untyped\nd 2\n";
        assert_eq!(to_prometheus(page), text);
    }
}
