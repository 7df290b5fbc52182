//! Parser of server-sent events, which arrive in pieces of any size (WHATWG HTML, section 9.2.6).

/// The maximum length of a line; a longer one does not come from Countersign.
const LONGEST: usize = 64 * 1024;

/// An event of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct SseEvent {
    /// Its name; empty for a comment, which serves as a heartbeat.
    pub(super) name: String,
    pub(super) data: String,
    /// The position after it, if the event has one.
    pub(super) id: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct SseReader {
    line: Vec<u8>,
    /// Whether the last byte was a carriage return: a line feed after it belongs to the same line
    /// end.
    returned: bool,
    event: SseEvent,
}

/// A line is longer than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventTooLong;

impl SseReader {
    /// Returns the events that end within this piece, and an empty one for each comment.
    pub(super) fn read(&mut self, piece: &[u8]) -> Result<Vec<SseEvent>, EventTooLong> {
        let mut events = Vec::new();
        for &byte in piece {
            let after_return = std::mem::replace(&mut self.returned, byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ if self.line.len() >= LONGEST => return Err(EventTooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(events)
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
            "" => return Some(SseEvent::default()),
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str, id: Option<&str>) -> SseEvent {
        SseEvent {
            name: name.into(),
            data: data.into(),
            id: id.map(Into::into),
        }
    }

    #[test]
    fn events_are_the_same_in_pieces_of_any_size() {
        let text = "event: ready\nid: 7\n\n: alive\r\nevent:change\rdata: a\rdata:b\r\r\nretry: 5\n\
                    data\n\nunknown: x\n\nevent: cut";
        let expected = [
            event("ready", "", Some("7")),
            event("", "", None),
            event("change", "a\nb", None),
        ];
        for size in 1..text.len() {
            let mut reader = SseReader::default();
            let pieces = text.as_bytes().chunks(size);
            let events: Vec<_> = pieces
                .flat_map(|piece| reader.read(piece).unwrap())
                .collect();
            assert_eq!(events, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut reader = SseReader::default();
        assert!(reader.read(&vec![b'x'; LONGEST]).is_ok());
        assert_eq!(reader.read(b"x"), Err(EventTooLong));
    }
}
