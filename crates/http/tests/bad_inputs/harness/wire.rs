//! A bare connection, for bytes that no well-behaved client sends.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::Reply;

/// Longer than any bound of the service: whoever waits this long waits for ever.
const FOR_EVER: Duration = Duration::from_secs(20);

/// A connection.
pub(crate) struct Wire(TcpStream);

impl Wire {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Writes; a peer that has closed meanwhile is no failure of the test.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> bool {
        matches!(
            timeout(FOR_EVER, self.0.write_all(bytes)).await.unwrap(),
            Ok(())
        )
    }

    /// Writes the same bytes again and again until the peer takes no more of them: how many it took.
    pub(crate) async fn flood(&mut self, bytes: &[u8], most: usize) -> usize {
        let mut taken = 0;
        while taken < most {
            match timeout(Duration::from_secs(2), self.0.write(bytes)).await {
                Ok(Ok(count)) => taken += count,
                Ok(Err(_)) | Err(_) => break,
            }
        }
        taken
    }

    /// Says that nothing more will be written.
    pub(crate) async fn end(&mut self) {
        // It may be closed already.
        let _ = self.0.shutdown().await;
    }

    /// Whether there is something to read, or the end.
    pub(crate) async fn has_answer(&self) -> bool {
        timeout(Duration::from_millis(1), self.0.readable())
            .await
            .is_ok()
    }

    /// Reads to the end; a connection that the service keeps open is a failure.
    pub(crate) async fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        let reading = async {
            // A reset after the answer is an end as well: the service threw the rest of a request away.
            while let Ok(count @ 1..) = self.0.read(&mut part).await {
                bytes.extend(&part[..count]);
            }
        };
        assert!(
            timeout(FOR_EVER, reading).await.is_ok(),
            "the connection is never closed"
        );
        bytes
    }

    /// The one answer before the end of the connection.
    pub(crate) async fn reply(&mut self) -> Reply {
        let bytes = self.read_to_end().await;
        Reply::parse(&bytes)
            .unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&bytes)))
    }
}
