//! One keep-alive connection with at most one request under way.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream as Blocking};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::answer::{self, Answer};

/// What of a wrong answer is shown.
const SHOWN: usize = 600;

#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    pub(super) out: Vec<u8>,
    sent: usize,
    inbox: Vec<u8>,
    /// When the request under way was sent, or due; `None` where none is.
    pub(super) since: Option<Instant>,
    /// The value that it was made of.
    pub(super) value: usize,
}

impl Connection {
    pub(super) fn open(address: SocketAddr, registry: &Registry, token: Token) -> Result<Self> {
        let stream = Blocking::connect_timeout(&address, Duration::from_secs(5))
            .with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            out: Vec::with_capacity(1024),
            sent: 0,
            inbox: Vec::with_capacity(4096),
            since: None,
            value: 0,
        })
    }

    /// Sends what is in `out`, as far as the socket takes it.
    pub(super) fn send(&mut self) -> Result<()> {
        while self.sent < self.out.len() {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(0) => bail!("the connection takes nothing any more"),
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("cannot send"),
            }
        }
        Ok(())
    }

    /// Reads what there is; `true` when the answer is whole and as expected.
    pub(super) fn receive(&mut self, expect: u16) -> Result<bool> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => bail!("the server ended a connection"),
                Ok(length) => {
                    self.inbox.extend_from_slice(&buffer[..length]);
                    // Less than there was room for: the socket is empty, and asking it again would cost a call.
                    if length < buffer.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("cannot receive"),
            }
        }
        let Some(Answer { status, length }) = answer::first(&self.inbox)? else {
            return Ok(false);
        };
        let shown = || String::from_utf8_lossy(&self.inbox[..length.min(SHOWN)]).into_owned();
        ensure!(
            status / 100 == expect,
            "answered {status} and not {expect}xx:\n{}",
            shown()
        );
        ensure!(length == self.inbox.len(), "more than one answer came");
        self.inbox.clear();
        self.out.clear();
        self.sent = 0;
        Ok(true)
    }
}
