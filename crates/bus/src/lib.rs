//! Events out and commands in: CloudEvents over this process, Redis Streams or NATS JetStream.
