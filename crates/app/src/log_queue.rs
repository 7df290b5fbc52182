//! Queue of log lines for standard error, whose reader may stand still: a log shipper that is
//! stuck, a terminal after Ctrl-S. So lines are copied into a bounded queue, and one thread, which
//! may block, writes them. A line that finds no room is lost and counted.

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    mem,
    os::fd::AsFd as _,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

/// The maximum size of waiting lines in bytes, beside as many that are being written: about 3,000
/// lines each.
const ROOM: usize = 1024 * 1024;
/// Room beyond that for the line that reports lost lines.
const SPARE: usize = 4096;
/// A larger buffer is freed after it was written.
const USUAL: usize = 64 * 1024;
/// The pause of the thread after each write, in which lines gather without waking it.
const REST: Duration = Duration::from_millis(1);
/// The time for which the process waits at its end for unwritten lines.
const PATIENCE: Duration = Duration::from_secs(1);
/// The target of the line that reports lost lines.
const LOST: &str = "countersign::log";

static QUEUE: OnceLock<Arc<Queue>> = OnceLock::new();

/// Starts the thread; from now on lines go to standard error for the rest of the process.
///
/// # Errors
/// Fails if the system has no thread or descriptor.
pub(crate) fn start() -> io::Result<Lines> {
    let queue = Arc::clone(QUEUE.get_or_init(Arc::default));
    // A descriptor of its own: while it blocks, nobody else waits for the lock of the standard
    // library's.
    let out = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let writer = Arc::clone(&queue);
    thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || writer.write_on(out))?;
    Ok(Lines(queue))
}

/// The number of lost lines.
pub(crate) fn lost() -> u64 {
    QUEUE.get().map_or(0, |queue| queue.lost())
}

/// Waits until all lines are written, but at most a second, because nobody may read them.
pub(crate) fn finish() {
    if let Some(queue) = QUEUE.get() {
        queue.drained_within(PATIENCE);
    }
}

/// The writer for the log's layer.
#[derive(Debug, Clone)]
pub(crate) struct Lines(Arc<Queue>);

/// One line.
pub(crate) struct Line<'a> {
    queue: &'a Queue,
    room: usize,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line {
            queue: &self.0,
            room: ROOM,
        }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        let spare = if metadata.target() == LOST { SPARE } else { 0 };
        Line {
            queue: &self.0,
            room: ROOM + spare,
        }
    }
}

impl Write for Line<'_> {
    /// Takes a whole line; the layer writes each at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.queue.push(line, self.room);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The waiting lines.
#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    drained: Condvar,
    lost: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<u8>,
    /// Whether the thread is writing: it looks for further lines by itself when it is done.
    writing: bool,
}

impl Queue {
    fn push(&self, line: &[u8], room: usize) {
        let mut state = self.lock();
        if state.lines.len() + line.len() > room {
            drop(state);
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.lines.extend_from_slice(line);
        let writing = state.writing;
        drop(state);
        if !writing {
            self.filled.notify_one();
        }
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn drained_within(&self, limit: Duration) {
        let unwritten = |state: &mut State| state.writing || !state.lines.is_empty();
        drop(
            self.drained
                .wait_timeout_while(self.lock(), limit, unwritten),
        );
    }

    /// Writes for ever.
    fn write_on(&self, mut out: impl Write) {
        let (mut batch, mut told) = (Vec::new(), 0);
        loop {
            self.next(&mut batch);
            let unwritten = write(&mut out, &batch);
            let lines = unwritten.split_inclusive(|byte| *byte == b'\n').count() as u64;
            self.lost.fetch_add(lines, Ordering::Relaxed);
            let lost = self.lost();
            // Only if somebody reads: otherwise this line would be lost too, and cause the next.
            if lines == 0 && lost > told {
                tracing::warn!(
                    target: LOST,
                    lines = lost - told,
                    "log lines were lost: standard error was not read in time"
                );
                told = lost;
            }
            batch.clear();
            batch.shrink_to(USUAL);
            thread::sleep(REST);
        }
    }

    /// Swaps the empty batch for the waiting lines, as soon as there are any.
    fn next(&self, batch: &mut Vec<u8>) {
        let mut state = self.lock();
        if state.lines.is_empty() {
            state.writing = false;
            self.drained.notify_all();
        }
        while state.lines.is_empty() {
            let wait_for_change = self.filled.wait(state);
            state = wait_for_change.unwrap_or_else(PoisonError::into_inner);
        }
        state.writing = true;
        mem::swap(&mut state.lines, batch);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes, and returns the part that could not be written.
fn write<'a>(out: &mut impl Write, mut bytes: &'a [u8]) -> &'a [u8] {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => break,
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Another process that shares the pipe may have made it non-blocking.
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(REST * 10),
            Err(_) => break,
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_in_order_and_what_finds_no_room_is_counted() {
        let queue = Arc::new(Queue::default());
        let line = [[b'a'; 1023].as_slice(), b"\n"].concat();
        for _ in 0..ROOM / line.len() {
            queue.push(&line, ROOM);
        }
        assert_eq!(queue.lost(), 0);
        queue.push(&line, ROOM);
        assert_eq!(queue.lost(), 1);
        queue.push(b"spare\n", ROOM + SPARE);
        assert_eq!(queue.lost(), 1);
        let (mut reader, out) = io::pipe().unwrap();
        let writer = Arc::clone(&queue);
        thread::spawn(move || writer.write_on(out));
        let mut read = vec![0; ROOM + 6];
        io::Read::read_exact(&mut reader, &mut read).unwrap();
        assert!(read.ends_with(b"aa\nspare\n"));
        queue.drained_within(Duration::from_mins(1));
        assert!(queue.lock().lines.is_empty());
    }

    #[test]
    fn the_end_does_not_wait_for_who_does_not_read_and_who_is_gone_costs_lines() {
        let queue = Arc::new(Queue::default());
        let (reader, out) = io::pipe().unwrap();
        queue.push(&vec![b'\n'; ROOM], ROOM);
        let writer = Arc::clone(&queue);
        thread::spawn(move || writer.write_on(out));
        // The pipe holds less than that, so without a limit this would wait for ever.
        queue.drained_within(Duration::from_millis(50));
        assert_eq!(queue.lost(), 0);
        drop(reader);
        queue.drained_within(Duration::from_mins(1));
        let lost = usize::try_from(queue.lost()).unwrap();
        assert!(
            lost > 0 && lost < ROOM,
            "what the pipe held was written: {lost}"
        );
    }
}
