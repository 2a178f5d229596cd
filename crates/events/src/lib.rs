//! Events on their way from the database: the relay to the bus, and webhooks.
