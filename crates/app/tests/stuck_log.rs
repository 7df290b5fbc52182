//! A reader of the log that stands still: no request waits for it, and the log says how many lines
//! it missed.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines, Read as _, Write as _},
    net::TcpStream,
    process::{Child, ChildStderr, Stdio},
    time::{Duration, Instant},
};

use common::bare;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(1);

/// A service whose standard error is read only when a test does.
struct Service {
    process: Child,
    log: Lines<BufReader<ChildStderr>>,
    address: String,
    root: String,
    _folder: TempDir,
}

impl Drop for Service {
    fn drop(&mut self) {
        // A failed test leaves no process behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    fn start(format: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = bare(folder.path())
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", format])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut lines = log.by_ref().map(Result::unwrap);
        let listening = lines.find(|line| line.contains("listening")).unwrap();
        let (_, port) = listening.split_once("127.0.0.1:").unwrap();
        let port: String = port.chars().take_while(char::is_ascii_digit).collect();
        let root = fs::read_to_string(folder.path().join("countersign.db.root-token"));
        Self {
            process,
            log,
            address: format!("127.0.0.1:{port}"),
            root: root.unwrap().trim().to_owned(),
            _folder: folder,
        }
    }

    /// The answer to a request with the root token, which has to come within a second.
    fn ask(&self, path: &str) -> String {
        let begin = Instant::now();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             X-Countersign-Permission: api.api-tokens.read\r\nAuthorization: Bearer {}\r\n\r\n",
            self.root
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(begin.elapsed() < LIMIT, "{path}: {:?}", begin.elapsed());
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        answer
    }

    fn lost(&self) -> u64 {
        let page = self.ask("/metrics");
        let name = "countersign_log_lines_lost_total ";
        let line = page.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse().unwrap()
    }

    /// Admitted requests, until lines are lost: each leaves a long line. Refused ones would leave
    /// few, because their lines are limited.
    fn fill(&self) {
        let id = "i".repeat(120);
        let ask = format!(
            "GET /api/v1/api-tokens/current HTTP/1.1\r\nHost: x\r\nX-Request-Id: {id}\r\n\
             Authorization: Bearer {}\r\n\r\n",
            self.root
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let mut answers = BufReader::new(stream.try_clone().unwrap()).lines();
        for _ in 0..400 {
            stream.write_all(ask.repeat(50).as_bytes()).unwrap();
            let statuses = answers.by_ref().map(Result::unwrap);
            let admitted = statuses.filter(|line| line.contains("HTTP/1.1 200"));
            assert_eq!(admitted.take(50).count(), 50);
            self.ask("/health/live");
            self.ask("/auth");
            if self.lost() > 100 {
                return;
            }
        }
        panic!("no line was lost");
    }

    fn terminate(&mut self) -> Duration {
        let begin = Instant::now();
        kill(
            Pid::from_raw(self.process.id().cast_signed()),
            Signal::SIGTERM,
        )
        .unwrap();
        assert!(self.process.wait().unwrap().success());
        begin.elapsed()
    }
}

#[test]
fn nobody_waits_for_a_log_that_is_not_read() {
    for format in ["json", "human"] {
        let mut service = Service::start(format);
        service.fill();
        let lost = service.lost();
        let took = service.terminate();
        println!("{format}: {lost} lines lost, the end took {took:?}");
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

#[test]
fn whoever_reads_again_hears_how_many_lines_were_lost() {
    for format in ["json", "human"] {
        let mut service = Service::start(format);
        service.fill();
        let lost = service.lost();
        let mut lines = service.log.by_ref().map(Result::unwrap);
        let line = lines
            .find(|line| line.contains("log lines were lost"))
            .unwrap();
        let (_, number) = line.split_once("lines").unwrap();
        let number: String = number.chars().filter(char::is_ascii_digit).collect();
        assert!(line.contains("WARN"), "{line}");
        assert!(number.parse::<u64>().unwrap() >= lost, "{lost}: {line}");
        kill(
            Pid::from_raw(service.process.id().cast_signed()),
            Signal::SIGTERM,
        )
        .unwrap();
        let end = service.log.by_ref().map(Result::unwrap).last().unwrap();
        assert!(end.contains("stopped"), "the last line comes out: {end}");
        assert!(service.process.wait().unwrap().success());
    }
}
