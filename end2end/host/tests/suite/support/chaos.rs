//! A network that is as bad as it gets: connections are refused, delayed, torn in the middle of a
//! frame, and made twice.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    task::JoinHandle,
    time::sleep,
};

/// Of a hundred connections so many are refused, and so many made twice.
const REFUSED: u32 = 10;
const DOUBLED: u32 = 20;

/// Of a hundred pieces so many come late, and up to so much.
const LATE: u32 = 10;
const LATEST_MS: u64 = 30;

/// How long a connection lives, in milliseconds.
const LIFE_MS: std::ops::Range<u64> = 5..1_200;

/// How much longer than the connection itself its double may live.
const AFTERLIFE_MS: u64 = 300;

pub(crate) struct Chaos {
    pub(crate) address: String,
    weather: Arc<Weather>,
    task: JoinHandle<()>,
}

struct Weather {
    target: String,
    rng: Mutex<Rng>,
    calm: watch::Sender<bool>,
    torn: AtomicUsize,
    doubled: AtomicUsize,
}

impl Drop for Chaos {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Chaos {
    pub(crate) async fn start(target: &str, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let weather = Arc::new(Weather {
            target: target.to_owned(),
            rng: Mutex::new(Rng::with_seed(seed)),
            calm: watch::Sender::new(false),
            torn: AtomicUsize::new(0),
            doubled: AtomicUsize::new(0),
        });
        let sky = Arc::clone(&weather);
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(Arc::clone(&sky).serve(client));
            }
        });
        Self { address, weather, task }
    }

    /// Ends every connection; those made from now on are left alone.
    pub(crate) fn calm(&self) {
        self.weather.calm.send_replace(true);
    }

    /// How many connections were torn, and how many made twice.
    pub(crate) fn damage(&self) -> (usize, usize) {
        let Weather { torn, doubled, .. } = &*self.weather;
        (torn.load(Ordering::Relaxed), doubled.load(Ordering::Relaxed))
    }
}

impl Weather {
    /// A generator of a connection's own.
    fn fork(&self) -> Rng {
        self.rng.lock().unwrap().fork()
    }

    async fn serve(self: Arc<Self>, client: TcpStream) {
        let mut rng = self.fork();
        let calm = *self.calm.borrow();
        if !calm && rng.u32(..100) < REFUSED {
            return;
        }
        let Ok(server) = TcpStream::connect(&self.target).await else { return };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        if calm {
            let up = pass_on(from_client, to_server, None, None);
            let down = pass_on(from_server, to_client, None, None);
            tokio::select! { () = up => {}, () = down => {} }
            return;
        }
        let double = (rng.u32(..100) < DOUBLED).then(|| self.double(rng.fork()));
        let up = pass_on(from_client, to_server, Some(rng.fork()), double);
        let down = pass_on(from_server, to_client, Some(rng.fork()), None);
        let mut calm = self.calm.subscribe();
        tokio::select! {
            () = up => return,
            () = down => return,
            () = sleep(Duration::from_millis(rng.u64(LIFE_MS))) => {}
            _ = calm.wait_for(|calm| *calm) => {}
        }
        self.torn.fetch_add(1, Ordering::Relaxed);
    }

    /// A second connection to the server, which is sent everything the first one is.
    fn double(&self, mut rng: Rng) -> mpsc::UnboundedSender<Vec<u8>> {
        self.doubled.fetch_add(1, Ordering::Relaxed);
        let (sender, mut pieces) = mpsc::unbounded_channel::<Vec<u8>>();
        let target = self.target.clone();
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(target).await else { return };
            let (mut from_server, mut to_server) = server.into_split();
            let send = async {
                while let Some(piece) = pieces.recv().await {
                    sleep(Duration::from_millis(rng.u64(..LATEST_MS))).await;
                    if to_server.write_all(&piece).await.is_err() {
                        return;
                    }
                }
                sleep(Duration::from_millis(rng.u64(..AFTERLIFE_MS))).await;
            };
            let mut nobody = tokio::io::sink();
            tokio::select! {
                () = send => {}
                _ = tokio::io::copy(&mut from_server, &mut nobody) => {}
            }
        });
        sender
    }
}

/// Passes bytes on, some of them late and in pieces that are not those they came in.
async fn pass_on(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut rng: Option<Rng>,
    double: Option<mpsc::UnboundedSender<Vec<u8>>>,
) {
    let mut bytes = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let mut piece = &bytes[..count];
        if let Some(double) = &double {
            // It may have ended before.
            let _ = double.send(piece.to_vec());
        }
        if let Some(rng) = &mut rng
            && rng.u32(..100) < LATE
        {
            let (first, rest) = piece.split_at(rng.usize(..count));
            if to.write_all(first).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(rng.u64(..LATEST_MS))).await;
            piece = rest;
        }
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
}
