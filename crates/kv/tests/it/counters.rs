//! What holds of every place for counters, and of Redis alone.

use crate::{redis, settings};
use baton_kv::{Count, Counters, Lease, MemoryCounters, NotTaken, RedisCounters, RedisSettings, Take, Window};
use baton_model::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::Arc;
use std::time::Duration;

const MINUTE: Window = Window::Sliding(Duration::from_secs(60));
const FIRST: Timestamp = Timestamp(1_700_000_000_000_000);

fn second(number: i64) -> Timestamp {
    Timestamp(FIRST.0 + number * 1_000_000)
}

/// A period of a hundred seconds.
fn period(number: i64) -> Window {
    Window::Period { start: second(100 * number), end: Some(second(100 * (number + 1))) }
}

fn take(counter: &str, window: Window, limit: u64, amount: u64) -> Take {
    Take { counter: counter.into(), window, limit: Some(limit), amount }
}

async fn taken(counters: &dyn Counters, takes: &[Take], now: Timestamp) -> Lease {
    counters.take(takes, now).await.expect("there is room")
}

async fn seed(counters: &dyn Counters, counter: &str, window: Window, spent: u64, now: Timestamp) {
    counters.seed(&counter.into(), window, &[(now, spent)], now).await;
}

/// Every case, in counters that are empty at first.
async fn suite(counters: &dyn Counters) {
    all_or_none_is_taken(counters).await;
    what_is_not_there_must_be_seeded(counters).await;
    settling_corrects_what_was_taken(counters).await;
    a_period_begins_with_nothing(counters).await;
    a_lease_says_what_counters_say(counters).await;
    nothing_is_taken_of_a_period_that_is_over(counters).await;
    a_window_slides(counters).await;
    the_limit_that_has_room_last_is_named(counters).await;
    what_is_only_counted_refuses_nothing(counters).await;
    forgetting_keeps_what_is_held(counters).await;
}

async fn all_or_none_is_taken(counters: &dyn Counters) {
    let calls = take("calls", Window::Held, 2, 1);
    seed(counters, "money", period(0), 0, second(0)).await;
    let lease = taken(counters, &[calls.clone(), take("money", period(0), 100, 60)], second(0)).await;
    let refused = counters.take(&[calls.clone(), take("money", period(0), 100, 41)], second(1)).await;
    let count = Count { spent: 0, held: 60 };
    assert_eq!(refused.unwrap_err(), NotTaken::Exhausted { take: 1, count, room_at: Some(second(100)) });
    assert_eq!(counters.read("calls", Window::Held, second(1)).await, Some(Count { spent: 0, held: 1 }));
    counters.settle(lease, vec![0, 59]).await;
    assert_eq!(counters.read("calls", Window::Held, second(1)).await, Some(Count::default()));
    assert_eq!(counters.read("money", period(0), second(1)).await, Some(Count { spent: 59, held: 0 }));
}

async fn a_lease_says_what_counters_say(counters: &dyn Counters) {
    seed(counters, "said", period(0), 5, second(0)).await;
    seed(counters, "said:rate", MINUTE, 3, second(0)).await;
    let takes =
        [take("said:calls", Window::Held, 9, 1), take("said:rate", MINUTE, 9, 2), take("said", period(0), 90, 7)];
    let lease = taken(counters, &takes, second(1)).await;
    let counts = [Count { spent: 0, held: 1 }, Count { spent: 5, held: 0 }, Count { spent: 5, held: 7 }];
    assert_eq!(lease.counts(), counts);
    counters.settle(lease, vec![0, 2, 7]).await;
}

async fn nothing_is_taken_of_a_period_that_is_over(counters: &dyn Counters) {
    seed(counters, "over", period(0), 0, second(0)).await;
    let later = taken(counters, &[take("over", period(1), 10, 4)], second(100)).await;
    let past = counters.take(&[take("over", period(0), 10, 1)], second(99)).await;
    assert_eq!(past.unwrap_err(), NotTaken::Past(second(100)));
    counters.settle(later, vec![4]).await;
    assert_eq!(counters.read("over", period(1), second(101)).await, Some(Count { spent: 4, held: 0 }));
}

async fn what_is_not_there_must_be_seeded(counters: &dyn Counters) {
    let takes = [take("here", Window::Held, 5, 1), take("a", period(0), 9, 1), take("b", MINUTE, 9, 1)];
    assert_eq!(counters.take(&takes, second(0)).await.unwrap_err(), NotTaken::Unknown(vec![1, 2]));
    assert_eq!(counters.read("a", period(0), second(0)).await, None);
    seed(counters, "a", period(0), 3, second(0)).await;
    seed(counters, "b", MINUTE, 4, second(0)).await;
    // Once: another node may have seeded it a moment before.
    seed(counters, "a", period(0), 3, second(0)).await;
    let lease = taken(counters, &takes, second(0)).await;
    assert_eq!(counters.read("a", period(0), second(0)).await, Some(Count { spent: 3, held: 1 }));
    assert_eq!(counters.read("b", MINUTE, second(0)).await, Some(Count { spent: 5, held: 0 }));
    counters.settle(lease, Vec::new()).await;
    assert_eq!(counters.read("b", MINUTE, second(0)).await, Some(Count { spent: 4, held: 0 }));
}

async fn settling_corrects_what_was_taken(counters: &dyn Counters) {
    seed(counters, "tokens", MINUTE, 0, second(0)).await;
    let lease = taken(counters, &[take("tokens", MINUTE, 100, 100)], second(0)).await;
    assert!(counters.take(&[take("tokens", MINUTE, 100, 1)], second(1)).await.is_err());
    counters.settle(lease, vec![30]).await;
    taken(counters, &[take("tokens", MINUTE, 100, 70)], second(1)).await;
    // More than was taken: a provider that bills more than it was asked for.
    seed(counters, "over", period(0), 0, second(0)).await;
    let lease = taken(counters, &[take("over", period(0), 10, 10)], second(0)).await;
    counters.settle(lease, vec![25]).await;
    assert_eq!(counters.read("over", period(0), second(0)).await, Some(Count { spent: 25, held: 0 }));
}

async fn a_period_begins_with_nothing(counters: &dyn Counters) {
    seed(counters, "turn", period(0), 7, second(0)).await;
    let late = taken(counters, &[take("turn", period(0), 10, 3)], second(99)).await;
    let lease = taken(counters, &[take("turn", period(1), 10, 10)], second(100)).await;
    // It was taken in the period before, and is spent there.
    counters.settle(late, vec![3]).await;
    assert_eq!(counters.read("turn", period(1), second(101)).await, Some(Count { spent: 0, held: 10 }));
    counters.settle(lease, vec![4]).await;
    assert_eq!(counters.read("turn", period(1), second(101)).await, Some(Count { spent: 4, held: 0 }));
}

async fn a_window_slides(counters: &dyn Counters) {
    seed(counters, "rate", MINUTE, 0, second(0)).await;
    taken(counters, &[take("rate", MINUTE, 3, 2)], second(0)).await;
    taken(counters, &[take("rate", MINUTE, 3, 1)], second(30)).await;
    let refused = counters.take(&[take("rate", MINUTE, 3, 1)], second(59)).await.unwrap_err();
    let NotTaken::Exhausted { room_at: Some(room_at), count, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(count, Count { spent: 3, held: 0 });
    // A 64th of the window later at most.
    assert!(room_at > second(60) && room_at <= second(62), "{room_at:?}");
    assert!(counters.take(&[take("rate", MINUTE, 3, 1)], Timestamp(room_at.0 - 1)).await.is_err());
    taken(counters, &[take("rate", MINUTE, 3, 2)], room_at).await;
    // Never: it is more than the limit.
    let refused = counters.take(&[take("rate", MINUTE, 3, 4)], second(500)).await.unwrap_err();
    assert!(matches!(refused, NotTaken::Exhausted { room_at: None, .. }));
}

async fn the_limit_that_has_room_last_is_named(counters: &dyn Counters) {
    seed(counters, "soon", MINUTE, 5, second(0)).await;
    seed(counters, "later", period(0), 5, second(0)).await;
    let takes = [take("soon", MINUTE, 5, 1), take("later", period(0), 5, 1)];
    let named = |refused| match refused {
        Err(NotTaken::Exhausted { take, room_at, .. }) => (take, room_at),
        other => panic!("{other:?}"),
    };
    assert_eq!(named(counters.take(&takes, second(0)).await), (1, Some(second(100))));
    let held = taken(counters, &[take("full", Window::Held, 1, 1)], second(0)).await;
    let takes = [take("full", Window::Held, 1, 1), take("later", period(0), 5, 1)];
    assert_eq!(named(counters.take(&takes, second(0)).await), (0, None));
    counters.settle(held, Vec::new()).await;
}

async fn what_is_only_counted_refuses_nothing(counters: &dyn Counters) {
    seed(counters, "soft", period(0), 0, second(0)).await;
    let soft = Take { limit: None, ..take("soft", period(0), 0, 1_000) };
    let lease = taken(counters, &[soft], second(0)).await;
    counters.settle(lease, vec![900]).await;
    assert_eq!(counters.read("soft", period(0), second(0)).await, Some(Count { spent: 900, held: 0 }));
}

async fn forgetting_keeps_what_is_held(counters: &dyn Counters) {
    seed(counters, "wrong", period(0), 50, second(0)).await;
    let lease = taken(counters, &[take("wrong", period(0), 100, 10)], second(0)).await;
    counters.forget("wrong").await;
    assert_eq!(counters.read("wrong", period(0), second(0)).await, None);
    seed(counters, "wrong", period(0), 20, second(0)).await;
    assert_eq!(counters.read("wrong", period(0), second(0)).await, Some(Count { spent: 20, held: 10 }));
    counters.settle(lease, vec![10]).await;
    assert_eq!(counters.read("wrong", period(0), second(0)).await, Some(Count { spent: 30, held: 0 }));
}

#[tokio::test]
async fn counters_in_memory() {
    suite(&MemoryCounters::new(1_000)).await;
}

#[tokio::test]
async fn counters_in_redis() {
    suite(&RedisCounters::new(redis(settings()).await, "node")).await;
}

/// Many at once: exactly as many as there is room for.
async fn race(counters: Arc<dyn Counters>) {
    seed(&*counters, "race", period(0), 0, second(0)).await;
    let clients: Vec<_> = (0..64)
        .map(|_| {
            let counters = Arc::clone(&counters);
            tokio::spawn(async move {
                let mut served = 0;
                for _ in 0..10 {
                    let takes = [take("race", period(0), 100, 1), take("other", Window::Held, 64, 1)];
                    if let Ok(lease) = counters.take(&takes, second(1)).await {
                        counters.settle(lease, vec![1]).await;
                        served += 1;
                    }
                }
                served
            })
        })
        .collect();
    let mut served = 0;
    for client in clients {
        served += client.await.unwrap();
    }
    assert_eq!(served, 100);
    assert_eq!(counters.read("race", period(0), second(1)).await, Some(Count { spent: 100, held: 0 }));
    assert_eq!(counters.read("other", Window::Held, second(1)).await, Some(Count::default()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_in_memory() {
    race(Arc::new(MemoryCounters::new(1_000))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_in_redis() {
    race(Arc::new(RedisCounters::new(redis(settings()).await, "node"))).await;
}

/// What a dead node held of calls under way is free again.
#[tokio::test]
async fn what_a_dead_node_held_is_free() {
    let settings = settings();
    let open = async |node: &str| RedisCounters::new(redis(settings.clone()).await, node);
    let (one, two) = (open("one").await, open("two").await);
    let _lost = taken(&one, &[take("calls", Window::Held, 3, 2)], second(0)).await;
    assert!(two.take(&[take("calls", Window::Held, 3, 2)], second(0)).await.is_err());
    // As if it had said nothing for as long as its key lives.
    drop(one);
    command(&settings, "DEL", &format!("{}:node:one", settings.prefix)).await;
    taken(&two, &[take("calls", Window::Held, 3, 3)], second(0)).await;
}

/// What a dead node held of money may have been billed: it counts as spent until its successor has it in the ledger.
#[tokio::test]
async fn what_a_dead_node_held_of_money_is_not_forgiven() {
    let settings = settings();
    let open = async |node: &str| RedisCounters::new(redis(settings.clone()).await, node);
    let (one, two) = (open("one").await, open("two").await);
    seed(&one, "budget", period(0), 10, second(0)).await;
    let settled = taken(&one, &[take("budget", period(0), 100, 20)], second(0)).await;
    one.settle(settled, vec![15]).await;
    let _lost = taken(&one, &[take("budget", period(0), 100, 30)], second(0)).await;
    let own = taken(&two, &[take("budget", period(0), 100, 5)], second(0)).await;
    // A counter that ends soon does not end what is known of the other.
    seed(&one, "soon", period(0), 0, second(0)).await;
    let _also_lost = taken(&one, &[take("soon", period(0), 100, 1)], second(99)).await;
    let holds = format!("{}:node:one:holds", settings.prefix);
    assert!(lifetime(&settings, &holds).await > 24 * 3_600_000);
    drop(one);
    command(&settings, "DEL", &format!("{}:node:one", settings.prefix)).await;
    assert_eq!(two.read("budget", period(0), second(1)).await, Some(Count { spent: 55, held: 5 }));
    assert!(two.take(&[take("budget", period(0), 100, 41)], second(1)).await.is_err());
    // Its successor has put into the ledger what it did: the counter is read from there, and what others hold stays.
    let successor = open("three").await;
    assert!(successor.succeed("one").await);
    let unknown = successor.take(&[take("budget", period(0), 100, 1)], second(2)).await.unwrap_err();
    assert_eq!(unknown, NotTaken::Unknown(vec![0]));
    seed(&successor, "budget", period(0), 40, second(2)).await;
    assert_eq!(two.read("budget", period(0), second(2)).await, Some(Count { spent: 40, held: 5 }));
    two.settle(own, vec![5]).await;
    assert_eq!(two.read("budget", period(0), second(3)).await, Some(Count { spent: 45, held: 0 }));
    // Nothing is left of it.
    assert_eq!(matching(&settings, &format!("{}:node:one*", settings.prefix)).await, [""; 0]);
    assert_eq!(matching(&settings, &format!("{}:node:two:holds", settings.prefix)).await, [""; 0]);
}

/// In the next period, what a dead node held in the one before is nothing.
#[tokio::test]
async fn what_a_dead_node_held_ends_with_the_period() {
    let settings = settings();
    let open = async |node: &str| RedisCounters::new(redis(settings.clone()).await, node);
    let (one, two) = (open("one").await, open("two").await);
    seed(&one, "budget", period(0), 0, second(0)).await;
    let _lost = taken(&one, &[take("budget", period(0), 100, 30)], second(0)).await;
    drop(one);
    command(&settings, "DEL", &format!("{}:node:one", settings.prefix)).await;
    let later = second(100);
    taken(&two, &[take("budget", period(1), 100, 100)], later).await;
}

/// What Redis has lost is not begun at zero.
#[tokio::test]
async fn what_redis_has_lost_is_unknown() {
    let settings = settings();
    let counters = RedisCounters::new(redis(settings.clone()).await, "node");
    seed(&counters, "budget", period(0), 90, second(0)).await;
    let lease = taken(&counters, &[take("budget", period(0), 100, 5)], second(0)).await;
    command(&settings, "DEL", &format!("{}:counter:budget", settings.prefix)).await;
    let again = [take("budget", period(0), 100, 5)];
    assert_eq!(counters.take(&again, second(0)).await.unwrap_err(), NotTaken::Unknown(vec![0]));
    // What comes of the lease is in the ledger, from which the counter is seeded.
    counters.settle(lease, vec![5]).await;
    assert_eq!(counters.take(&again, second(0)).await.unwrap_err(), NotTaken::Unknown(vec![0]));
    seed(&counters, "budget", period(0), 95, second(0)).await;
    taken(&counters, &again, second(0)).await;
}

/// After a flush, what comes of a call that was under way counts all the same, and once.
#[tokio::test]
async fn what_was_under_way_at_a_flush_is_not_forgiven() {
    let settings = settings();
    let counters = RedisCounters::new(redis(settings.clone()).await, "node");
    seed(&counters, "budget", period(0), 90, second(0)).await;
    let lease = taken(&counters, &[take("budget", period(0), 100, 5)], second(0)).await;
    for key in matching(&settings, &format!("{}:*", settings.prefix)).await {
        command(&settings, "DEL", &key).await;
    }
    seed(&counters, "budget", period(0), 90, second(0)).await;
    counters.settle(lease, vec![4]).await;
    assert_eq!(counters.read("budget", period(0), second(1)).await, Some(Count { spent: 94, held: 0 }));
}

/// In milliseconds.
async fn lifetime(settings: &RedisSettings, key: &str) -> i64 {
    let client = ::redis::Client::open(settings.url.as_str()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    ::redis::cmd("PTTL").arg(key).query_async(&mut connection).await.unwrap()
}

async fn matching(settings: &RedisSettings, pattern: &str) -> Vec<String> {
    let client = ::redis::Client::open(settings.url.as_str()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    ::redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.unwrap()
}

async fn command(settings: &RedisSettings, name: &str, key: &str) {
    let client = ::redis::Client::open(settings.url.as_str()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    ::redis::cmd(name).arg(key).query_async::<()>(&mut connection).await.unwrap();
}

/// No more counters than there is room for, and none goes that holds something.
#[tokio::test]
async fn counters_in_memory_are_bounded() {
    let counters = MemoryCounters::new(160);
    let held = taken(&counters, &[take("held", Window::Held, 1, 1)], second(0)).await;
    for number in 0..2_000_i64 {
        seed(&counters, &format!("each {number}"), period(0), 0, second(number)).await;
    }
    assert!(counters.len() <= 176, "{}", counters.len());
    assert!(counters.take(&[take("held", Window::Held, 1, 1)], second(0)).await.is_err());
    counters.settle(held, Vec::new()).await;
}

/// Something that is done with counters.
#[derive(Debug, Clone)]
enum Step {
    /// Takes of these counters so much, so many milliseconds later.
    Take {
        of: Vec<(usize, u64)>,
        later: i64,
    },
    /// Settles one of the leases; each amount comes to so many tenths.
    Settle {
        lease: usize,
        tenths: u64,
    },
    Forget(usize),
}

const COUNTERS: usize = 4;

/// The counters of the property: a window, two periods of different length, and calls under way.
fn wanted(counter: usize, amount: u64, now: Timestamp) -> Take {
    let of_length = |seconds: i64| {
        let start = now.0.div_euclid(seconds * 1_000_000) * seconds * 1_000_000;
        Window::Period { start: Timestamp(start), end: Some(Timestamp(start + seconds * 1_000_000)) }
    };
    match counter {
        0 => take("window", Window::Sliding(Duration::from_secs(10)), 50, amount),
        1 => take("short", of_length(5), 40, amount),
        2 => take("long", of_length(60), 120, amount),
        _ => take("calls", Window::Held, 60, amount),
    }
}

fn step() -> impl Strategy<Value = Step> {
    let of = proptest::collection::btree_map(0..COUNTERS, 0_u64..30, 1..=COUNTERS);
    prop_oneof![
        6 => (of, 0_i64..3_000).prop_map(|(of, later)| Step::Take { of: of.into_iter().collect(), later }),
        4 => (0_usize..8, 0_u64..15).prop_map(|(lease, tenths)| Step::Settle { lease, tenths }),
        1 => (0..COUNTERS).prop_map(Step::Forget),
    ]
}

/// Does the steps in one place; says what came of each.
async fn run(counters: &dyn Counters, steps: &[Step]) -> Vec<String> {
    let (mut now, mut leases, mut outcomes) = (FIRST, Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Take { of, later } => {
                now = Timestamp(now.0 + later * 1_000);
                let takes: Vec<Take> = of.iter().map(|(counter, amount)| wanted(*counter, *amount, now)).collect();
                let outcome = counters.take(&takes, now).await;
                outcomes.push(format!("{:?}", outcome.as_ref().map(Lease::counts)));
                match outcome {
                    Ok(lease) => leases.push((lease, takes)),
                    Err(NotTaken::Unknown(places)) => {
                        for place in places {
                            counters.seed(&takes[place].counter, takes[place].window, &[(now, 7)], now).await;
                        }
                    }
                    Err(_) => {}
                }
            }
            Step::Settle { lease, tenths } if !leases.is_empty() => {
                let (lease, takes) = leases.remove(lease % leases.len());
                counters.settle(lease, takes.iter().map(|take| take.amount * tenths / 10).collect()).await;
            }
            Step::Settle { .. } => {}
            Step::Forget(counter) => counters.forget(&wanted(*counter, 0, now).counter).await,
        }
        for counter in 0..COUNTERS {
            let take = wanted(counter, 0, now);
            let count = counters.read(&take.counter, take.window, now).await;
            outcomes.push(format!("{} {count:?}", take.counter));
        }
    }
    outcomes
}

/// Redis and memory say the same after every step.
#[test]
fn both_places_say_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let steps = proptest::collection::vec(step(), 1..40);
    let checked = runner.run(&steps, |steps| {
        runtime.block_on(async {
            let shared = RedisCounters::new(redis(settings()).await, "node");
            let here = MemoryCounters::new(1_000);
            prop_assert_eq!(run(&here, &steps).await, run(&shared, &steps).await);
            Ok(())
        })
    });
    checked.unwrap();
}

/// Whatever is taken, and however it is settled: no more than the limit within any window, and room where there must be.
#[test]
fn a_window_is_never_exceeded_and_leaves_no_room_unused() {
    const LIMIT: u64 = 20;
    const LENGTH: i64 = 10_000_000;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let window = Window::Sliding(Duration::from_micros(10_000_000));
    let takes = proptest::collection::vec((1_u64..8, 0_i64..2_000_000), 1..120);
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let checked = runner.run(&takes, |takes| {
        runtime.block_on(async {
            let counters = MemoryCounters::new(10);
            counters.seed(&"w".into(), window, &[], FIRST).await;
            let (mut now, mut log): (_, Vec<(i64, u64)>) = (FIRST.0, Vec::new());
            for (amount, later) in takes {
                now += later;
                let within = |length: i64| -> u64 {
                    log.iter().filter(|(at, _)| *at > now - length).map(|(_, amount)| amount).sum()
                };
                let granted = counters.take(&[take("w", window, LIMIT, amount)], Timestamp(now)).await.is_ok();
                if granted {
                    prop_assert!(within(LENGTH) + amount <= LIMIT);
                } else {
                    // A 64th longer at most, and a microsecond for its rounding.
                    prop_assert!(within(LENGTH + LENGTH.div_euclid(64) + 2) + amount > LIMIT);
                }
                if granted {
                    log.push((now, amount));
                }
            }
            Ok(())
        })
    });
    checked.unwrap();
}
