//! A connection that speaks HTTP/1, polled by whoever waits for its reply.
//!
//! hyper's connections are futures, usually each in a task of its own. Such a task is woken for every event of a stream and
//! then wakes the reader, which costs more than all the rest. Here the reader polls the connection itself.

use super::connect::Io;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::{TrySendError, http1};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tokio::task::coop::unconstrained;

/// The body of a request, which is whole before it is sent.
pub(super) type RequestBody = Full<Bytes>;

/// A connection, for one request at a time.
///
/// Nothing happens on it but when [`Self::send`] or [`Self::poll_data`] is polled. So the driver alone gets the waker of
/// the task; the channels between it and its user can't change meanwhile, and would only wake the task for what it is about to
/// see.
pub(super) struct Http1Connection {
    sender: http1::SendRequest<RequestBody>,
    /// `None` once the connection is closed.
    driver: Option<http1::Connection<Io, RequestBody>>,
}

impl Http1Connection {
    pub(super) async fn new(io: Io) -> hyper::Result<Self> {
        let (sender, driver) = http1::handshake(io).await?;
        Ok(Self { sender, driver: Some(driver) })
    }

    /// Sends a request and returns with the head of its reply.
    ///
    /// # Errors
    /// If there is no reply. The error has the request where nothing of it was sent.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        // Unconstrained, because with its budget used up the channel would ask for a waker that it does not have.
        let mut reply = pin!(unconstrained(self.sender.try_send_request(request)));
        let driver = &mut self.driver;
        poll_fn(|context| {
            drive(driver, context);
            reply.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        })
        .await
    }

    /// What comes next of the reply to the last request, if it is there.
    pub(super) fn poll_data(
        &mut self,
        body: &mut Incoming,
        context: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Bytes>>> {
        let quiet = &mut Context::from_waker(Waker::noop());
        let frame = match Pin::new(&mut *body).poll_frame(quiet) {
            Poll::Pending => {
                drive(&mut self.driver, context);
                std::task::ready!(Pin::new(body).poll_frame(quiet))
            }
            Poll::Ready(frame) => frame,
        };
        // What is no data is a trailer, which no provider uses.
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.into_data().unwrap_or_default())))
    }

    /// Whether the connection is open and nothing is under way on it. Whoever was waiting for it will not be woken.
    pub(super) fn settle(&mut self) -> bool {
        drive(&mut self.driver, &mut Context::from_waker(Waker::noop()));
        self.driver.is_some() && self.sender.is_ready()
    }
}

fn drive(driver: &mut Option<http1::Connection<Io, RequestBody>>, context: &mut Context<'_>) {
    let closed = driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(context).is_ready());
    if closed {
        // Dropping it answers a request that it did not take. Errors come up with the reply or its body.
        *driver = None;
    }
}
