//! Servers that record every byte they are sent.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A server on a port of its own.
pub struct Recorder {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

/// Ends a recorder: the last connection that it takes.
const END: &[u8] = b"END\n";

impl Recorder {
    /// Replies to every request so, byte for byte.
    pub fn replying(reply: &str) -> Self {
        let reply = reply.to_owned();
        Self::start(move |mut stream, seen| {
            let request = read_request(&mut stream);
            seen.lock().unwrap().extend_from_slice(&request);
            let _ = stream.write_all(reply.as_bytes());
            request != END
        })
    }

    /// Passes every connection on to that address and back.
    pub fn in_front_of(address: &str) -> Self {
        let address = address.to_owned();
        Self::start(move |stream, seen| {
            let Ok(upstream) = TcpStream::connect(&address) else { return true };
            let (back, from) = (upstream.try_clone().unwrap(), stream.try_clone().unwrap());
            // Recorded before it is passed on: what was replied to is in the record.
            std::thread::spawn(move || copy(from, upstream, &|bytes| seen.lock().unwrap().extend_from_slice(bytes)));
            std::thread::spawn(move || copy(back, stream, &|_| {}));
            true
        })
    }

    fn start(serve: impl Fn(TcpStream, Arc<Mutex<Vec<u8>>>) -> bool + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        let thread = std::thread::spawn(move || {
            // One connection after the other, so that none is unread when the last has been served.
            for stream in listener.incoming().map_while(Result::ok) {
                if !serve(stream, Arc::clone(&record)) {
                    return;
                }
            }
        });
        Self { address, seen, thread }
    }

    /// Its address, for an argument or a variable.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was sent so far.
    pub fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    /// Forgets what it was sent.
    pub fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }

    /// Ends one that replies by itself; everything that it was sent, connections without a byte included.
    pub fn end(self) -> String {
        TcpStream::connect(self.address).unwrap().write_all(END).unwrap();
        self.thread.join().unwrap();
        let seen = self.seen.lock().unwrap();
        String::from_utf8_lossy(seen.strip_suffix(END).unwrap()).into_owned()
    }
}

/// A request with its body, or however much of it comes.
fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut piece) {
        request.extend_from_slice(&piece[..length]);
        if request == END || is_complete(&request) {
            break;
        }
    }
    if request.is_empty() { b"a connection without a byte\n".to_vec() } else { request }
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn copy(mut from: TcpStream, mut to: TcpStream, record: &dyn Fn(&[u8])) {
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        record(&piece[..length]);
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
