//! A server in between, which can lose what passes through it as a network does.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

/// What becomes of what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Everything arrives.
    Honest,
    /// A statement arrives, but not its answer: at the answer's first byte both connections end.
    SwallowAnswers,
    /// Nothing arrives any more, and nothing ends.
    Silent,
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    mood: watch::Sender<Mood>,
    executions: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mood, watched) = watch::channel(Mood::Honest);
        let executions = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&executions);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut links = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                links.spawn(link(client, server, watched.clone(), Arc::clone(&counter)));
            }
        });
        Self {
            port,
            mood,
            executions,
            _tasks: tasks,
        }
    }

    pub(crate) fn turn(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// How many statements went through since last asked. Each is asked to be carried out by an Execute message, and
    /// each round trip that carries one out has one.
    pub(crate) fn executions(&self) -> usize {
        self.executions.swap(0, Ordering::SeqCst)
    }
}

async fn link(
    client: TcpStream,
    server: u16,
    mood: watch::Receiver<Mood>,
    executions: Arc<AtomicUsize>,
) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    let doomed = AtomicBool::new(false);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // Either end takes the other with it.
    tokio::select! {
        () = forth(from_client, to_server, mood.clone(), &executions, &doomed) => {}
        () = back(from_server, to_client, mood, &doomed) => {}
    }
}

async fn forth(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    mut mood: watch::Receiver<Mood>,
    executions: &AtomicUsize,
    doomed: &AtomicBool,
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = client.read(&mut buffer).await {
        let _ = mood.wait_for(|mood| *mood != Mood::Silent).await;
        let count = executes(&buffer[..length]);
        executions.fetch_add(count, Ordering::SeqCst);
        if count > 0 && *mood.borrow() == Mood::SwallowAnswers {
            doomed.store(true, Ordering::SeqCst);
        }
        if server.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

async fn back(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    mut mood: watch::Receiver<Mood>,
    doomed: &AtomicBool,
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = server.read(&mut buffer).await {
        let _ = mood.wait_for(|mood| *mood != Mood::Silent).await;
        if doomed.load(Ordering::SeqCst) || client.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Execute messages (PostgreSQL, "Message Formats") in whole messages; the startup, which has no type byte, has none.
fn executes(mut messages: &[u8]) -> usize {
    let mut count = 0;
    while let [kind, a, b, c, d, ..] = *messages {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let Some(rest) = messages.get(1 + length..) else {
            break;
        };
        count += usize::from(kind == b'E');
        messages = rest;
    }
    count
}
