//! A way to a server that the test can cut and lead elsewhere.

use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// The port behind it, if there is a way; a change cuts every connection.
    target: watch::Sender<Option<u16>>,
    accepted: Arc<Mutex<usize>>,
}

impl Proxy {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            target: watch::Sender::new(Some(port)),
            accepted: Arc::default(),
        };
        let (mut target, accepted) = (proxy.target.subscribe(), proxy.accepted.clone());
        tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                *accepted.lock().unwrap() += 1;
                let Some(port) = *target.borrow_and_update() else { continue };
                let mut target = target.clone();
                tokio::spawn(async move {
                    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else {
                        return;
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        _ = target.changed() => {}
                    }
                });
            }
        });
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// How many have come.
    pub(crate) fn accepted(&self) -> usize {
        *self.accepted.lock().unwrap()
    }

    pub(crate) fn cut(&self) {
        self.target.send_replace(None);
    }

    pub(crate) fn lead_to(&self, port: u16) {
        self.target.send_replace(Some(port));
    }
}
