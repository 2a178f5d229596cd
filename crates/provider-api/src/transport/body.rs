//! The body of a reply as it comes.

use super::connection::Http1Connection;
use super::origin::Origin;
use super::pool::Pool;
use bytes::{Bytes, BytesMut};
use futures::Stream;
use hyper::body::{Body as _, Incoming};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// From this size on a piece is given out although more is there.
const ENOUGH: usize = 16 << 10;

/// The body of a reply as the server sent it. Dropping it before its end cancels the request.
pub(super) struct RawBody {
    source: Source,
    /// What followed the last piece that was given out.
    next: Option<Option<hyper::Error>>,
    /// Whether nothing followed it yet.
    drained: bool,
}

enum Source {
    Http1(Http1Body),
    Http2(Incoming),
}

/// A body and its connection, which can be used again behind it.
pub(super) struct Http1Body {
    pub(super) incoming: Incoming,
    /// `None` once the reply is complete or has failed.
    pub(super) connection: Option<Box<Http1Connection>>,
    pub(super) pool: Pool,
    pub(super) origin: Origin,
}

// === impl RawBody ===

impl RawBody {
    pub(super) fn http1(mut body: Http1Body) -> Self {
        // A reply without a body is complete with its head.
        if body.incoming.is_end_stream() {
            body.release();
        }
        Self { source: Source::Http1(body), next: None, drained: false }
    }

    pub(super) fn http2(incoming: Incoming) -> Self {
        Self { source: Source::Http2(incoming), next: None, drained: false }
    }

    /// The next piece: everything that is there, in one. A server sends each event by itself; read, metered and written
    /// together they cost a fraction.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Bytes>>> {
        if let Some(next) = self.next.as_mut() {
            return Poll::Ready(next.take().map(Err));
        }
        let mut piece = Piece::default();
        // First without a waker: taking data out of a connection wakes whoever has polled it last, and this task would be
        // polled once more for nothing. With one if more can't be expected.
        let mut quiet = !std::mem::take(&mut self.drained);
        loop {
            let polled = match quiet {
                true => self.source.poll_data(&mut Context::from_waker(Waker::noop())),
                false => self.source.poll_data(context),
            };
            match polled {
                Poll::Ready(Some(Ok(data))) => piece.push(data),
                Poll::Ready(Some(Err(error))) => self.next = Some(Some(error)),
                Poll::Ready(None) => self.next = Some(None),
                Poll::Pending if !piece.is_empty() => {
                    self.drained = true;
                    return piece.finish();
                }
                Poll::Pending if quiet => quiet = false,
                Poll::Pending => return Poll::Pending,
            }
            if piece.len() >= ENOUGH {
                return piece.finish();
            }
            if let Some(next) = self.next.as_mut() {
                return if piece.is_empty() { Poll::Ready(next.take().map(Err)) } else { piece.finish() };
            }
        }
    }
}

impl Stream for RawBody {
    type Item = hyper::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_piece(context)
    }
}

impl Source {
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Bytes>>> {
        match self {
            Self::Http1(body) => body.poll_data(context),
            Self::Http2(incoming) => {
                let frame = std::task::ready!(Pin::new(incoming).poll_frame(context));
                Poll::Ready(frame.map(|frame| frame.map(|frame| frame.into_data().unwrap_or_default())))
            }
        }
    }
}

impl Http1Body {
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Bytes>>> {
        let Some(connection) = &mut self.connection else { return Poll::Ready(None) };
        let next = connection.poll_data(&mut self.incoming, context);
        match next {
            Poll::Ready(Some(Ok(_))) if self.incoming.is_end_stream() => self.release(),
            Poll::Ready(None) => self.release(),
            // Closed at once, and not when the last of its reply has been passed on.
            Poll::Ready(Some(Err(_))) => self.connection = None,
            _ => {}
        }
        next
    }

    /// Gives the connection back for the next request.
    fn release(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.put(self.origin.clone(), connection);
        }
    }
}

/// Data put together, without a copy if it is all of one.
#[derive(Default)]
struct Piece {
    first: Bytes,
    joined: BytesMut,
}

impl Piece {
    fn push(&mut self, data: Bytes) {
        if self.is_empty() {
            self.first = data;
            return;
        }
        if self.joined.is_empty() {
            // Room for several events, and no more than a few that are small would need.
            self.joined.reserve((4 * (self.first.len() + data.len())).min(2 * ENOUGH));
            self.joined.extend_from_slice(&self.first);
        }
        self.joined.extend_from_slice(&data);
    }

    fn len(&self) -> usize {
        self.first.len().max(self.joined.len())
    }

    fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    fn finish<E>(self) -> Poll<Option<Result<Bytes, E>>> {
        Poll::Ready(Some(Ok(if self.joined.is_empty() { self.first } else { self.joined.freeze() })))
    }
}
