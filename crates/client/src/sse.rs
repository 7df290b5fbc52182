//! Parser of server-sent events (WHATWG HTML, section 9.2.6).

/// The maximum length of a line; a longer one does not come from Countersign.
const LONGEST: usize = 64 * 1024;

/// An event of the stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SseEvent {
    pub(crate) name: String,
    pub(crate) data: String,
    /// The position after it, if it has one.
    pub(crate) id: Option<String>,
}

/// Collects lines from pieces of any size. Countersign ends lines with a line feed.
#[derive(Debug, Default)]
pub(crate) struct SseReader {
    line: Vec<u8>,
    event: SseEvent,
}

impl SseReader {
    /// The events that end within this piece; `None` if a line is too long.
    pub(crate) fn read(&mut self, piece: &[u8]) -> Option<Vec<SseEvent>> {
        let mut events = Vec::new();
        for &byte in piece {
            match byte {
                b'\n' => events.extend(self.end_line()),
                b'\r' => {}
                _ if self.line.len() >= LONGEST => return None,
                _ => self.line.push(byte),
            }
        }
        Some(events)
    }

    fn end_line(&mut self) -> Option<SseEvent> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return (event != SseEvent::default()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" => self.event.data.push_str(value),
            "id" => self.event.id = Some(value.to_owned()),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_in_pieces_of_any_size() {
        let text = "event: ready\nid: 7\ndata: {}\n\n: comment\n\nevent:change\r\ndata: a\r\n\r\n";
        for size in 1..=text.len() {
            let mut reader = SseReader::default();
            let pieces = text.as_bytes().chunks(size);
            let events: Vec<_> = pieces
                .flat_map(|piece| reader.read(piece).unwrap())
                .collect();
            let names: Vec<_> = events
                .iter()
                .map(|event| (&*event.name, &*event.data))
                .collect();
            assert_eq!(
                names,
                [("ready", "{}"), ("change", "a")],
                "in pieces of {size}"
            );
            assert_eq!(events[0].id.as_deref(), Some("7"));
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        assert!(
            SseReader::default()
                .read(&vec![b'x'; LONGEST + 1])
                .is_none()
        );
    }
}
