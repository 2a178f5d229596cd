//! Servers of one's own can be had, stopped and started again.

use baton_servers::{nats, postgres, redis};
use std::net::TcpStream;

#[test]
fn a_database_is_ones_own_and_goes() {
    let database = postgres::database();
    database.sql("CREATE TABLE t (x int)");
    assert_eq!(database.sql("SELECT count(*) FROM t"), "0");
}

#[test]
fn an_own_postgresql_keeps_what_was_committed() {
    let server = postgres::PostgresServer::start(&["max_connections=5"]);
    let database = postgres::database_on(&server.url());
    database.sql("CREATE TABLE t AS SELECT 7 AS x");
    server.stop();
    server.restart();
    assert_eq!(database.sql("SELECT x FROM t"), "7");
    assert_eq!(database.sql("SHOW max_connections"), "5");
}

#[test]
fn own_redis_and_nats_stop_and_start() {
    let mut redis = redis::RedisServer::start(&["--requirepass", "secret"]);
    let mut nats = nats::NatsServer::start(true);
    let ports =
        [redis.url(), nats.url()].map(|url| url.rsplit_once(':').map(|(_, port)| port.to_owned()).unwrap_or_default());
    let replies = |port: &str| TcpStream::connect(format!("127.0.0.1:{port}")).is_ok();
    assert!(ports.iter().all(|port| replies(port)));
    redis.stop();
    nats.stop();
    assert!(!ports.iter().any(|port| replies(port)));
    redis.restart();
    nats.restart();
    assert!(ports.iter().all(|port| replies(port)));
}
