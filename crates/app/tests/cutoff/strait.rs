//! A connection path from one node to the server on which only the feed can be held up. A
//! connection that carries a statement of the feed, or its notifications, is silent from then on,
//! as if its packets were lost; all others continue, so that look-ups are answered as before.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// The words that a statement of the feed has, and no other statement of the service.
const OF_THE_FEED: [&str; 2] = ["pg_current_snapshot", "LISTEN "];

/// What a client asks before it says who it is: whether the server speaks TLS, or GSSAPI (PostgreSQL, "Message Formats").
const ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];

pub(crate) struct Strait {
    pub(crate) port: u16,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    closed: AtomicBool,
    sunk: AtomicUsize,
}

/// One connection.
struct Boat {
    gate: Arc<Gate>,
    /// It hears notifications.
    listens: AtomicBool,
    sunk: AtomicBool,
}

impl Strait {
    /// A way to the server on that port.
    pub(crate) fn to(server: u16) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let port = listener.local_addr().unwrap().port();
        let gate = Arc::<Gate>::default();
        let closing = Arc::clone(&gate);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let boat = Arc::new(Boat {
                    gate: Arc::clone(&closing),
                    listens: AtomicBool::new(false),
                    sunk: AtomicBool::new(false),
                });
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
                        return;
                    };
                    for end in [&client, &server] {
                        end.set_nodelay(true).unwrap();
                    }
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    let back = tokio::spawn(Arc::clone(&boat).back(from_server, to_client));
                    // However it ended, nobody is there any more.
                    let _ = boat.there(from_client, to_server).await;
                    back.abort();
                });
            }
        });
        Self { port, gate }
    }

    /// From now on the feed hears nothing.
    pub(crate) fn close(&self) {
        self.gate.closed.store(true, Ordering::SeqCst);
    }

    /// The feed hears again, on new connections.
    pub(crate) fn open(&self) {
        self.gate.closed.store(false, Ordering::SeqCst);
    }

    /// How many connections were held up so far.
    pub(crate) fn sunk(&self) -> usize {
        self.gate.sunk.load(Ordering::SeqCst)
    }
}

impl Boat {
    /// Whether this connection is lost, now that it carries something of the feed.
    fn sinks(&self) -> bool {
        if self.gate.closed.load(Ordering::SeqCst) && !self.sunk.swap(true, Ordering::SeqCst) {
            self.gate.sunk.fetch_add(1, Ordering::SeqCst);
        }
        self.sunk.load(Ordering::SeqCst)
    }

    /// From the node to the server, message by message, until the node hangs up.
    async fn there(
        &self,
        mut client: OwnedReadHalf,
        mut server: OwnedWriteHalf,
    ) -> std::io::Result<()> {
        loop {
            let length = client.read_u32().await?;
            let rest = body(&mut client, length).await?;
            server
                .write_all(&[&length.to_be_bytes()[..], &rest].concat())
                .await?;
            let asked = u32::from_be_bytes(*rest.first_chunk().unwrap());
            if !ENCRYPTION.contains(&asked) {
                break;
            }
        }
        let mut feed = HashSet::new();
        loop {
            let kind = client.read_u8().await?;
            let length = client.read_u32().await?;
            let rest = body(&mut client, length).await?;
            let mut texts = rest.split(|byte| *byte == 0);
            let mut text = || String::from_utf8_lossy(texts.next().unwrap()).into_owned();
            let of_the_feed = |sql: &str| OF_THE_FEED.iter().any(|words| sql.contains(words));
            let carries = match kind {
                b'P' => {
                    let (name, sql) = (text(), text());
                    let ours = of_the_feed(&sql);
                    if ours {
                        feed.insert(name);
                    } else {
                        feed.remove(&name);
                    }
                    ours
                }
                b'B' => feed.contains(&(text(), text()).1),
                b'Q' => {
                    let sql = text();
                    if sql.contains("LISTEN ") {
                        self.listens.store(true, Ordering::SeqCst);
                    }
                    of_the_feed(&sql)
                }
                _ => false,
            };
            if (carries && self.sinks()) || self.sunk.load(Ordering::SeqCst) {
                continue;
            }
            // In one piece: in several, each would wait for the server's word that it has the one before.
            let message = [&[kind][..], &length.to_be_bytes(), &rest].concat();
            server.write_all(&message).await?;
        }
    }

    /// From the server to the node.
    async fn back(self: Arc<Self>, mut server: OwnedReadHalf, mut client: OwnedWriteHalf) {
        let mut piece = [0; 16 * 1024];
        while let Ok(size @ 1..) = server.read(&mut piece).await {
            let silent = self.listens.load(Ordering::SeqCst) && self.sinks();
            if silent || self.sunk.load(Ordering::SeqCst) {
                continue;
            }
            if client.write_all(&piece[..size]).await.is_err() {
                return;
            }
        }
    }
}

/// What comes behind a length that counts itself.
async fn body(client: &mut OwnedReadHalf, length: u32) -> std::io::Result<Vec<u8>> {
    let mut rest = vec![0; length as usize - 4];
    client.read_exact(&mut rest).await?;
    Ok(rest)
}
