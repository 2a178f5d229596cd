//! Budgets that requests give to their runs.

use crate::bench::with;
use crate::policies::{bench, bounded, detail};
use baton_engine::Call;
use baton_engine::policy::RunBudget;
use baton_model::{Code, Nanos};

/// A call of a run that has this budget.
fn of_run(run: &str, budget: RunBudget) -> Call {
    with(bounded(), |call| {
        call.identity.attribution.tags = vec![format!("run:{run}")];
        call.routing.run_budget = Some(budget);
    })
}

#[tokio::test]
async fn a_request_gives_its_run_a_budget() {
    let bench = bench(Vec::new(), Vec::new()).await;
    let two = RunBudget { requests: Some(2), ..RunBudget::default() };
    for _ in 0..2 {
        bench.ask(of_run("r", two)).await.unwrap();
    }
    let refused = bench.ask(of_run("r", two)).await.err().unwrap();
    assert_eq!((refused.code, detail(&refused, "policy")), (Code::BudgetExceeded, "\"run\""));
    assert_eq!(detail(&refused, "scope"), r#"{"key":"key_1","run":"r"}"#);
    // Another run, the run of another key, and one that gives itself more.
    bench.ask(of_run("s", two)).await.unwrap();
    bench.ask(with(of_run("r", two), |call| call.identity.attribution.key = Some("key_2".into()))).await.unwrap();
    bench.ask(of_run("r", RunBudget { requests: Some(3), ..RunBudget::default() })).await.unwrap();
}

#[tokio::test]
async fn a_run_budget_counts_money_and_tokens() {
    let bench = bench(Vec::new(), Vec::new()).await;
    // A chat comes to 20,000 or 15 tokens, and reserves half as much again: the third of a run does not fit.
    let money = RunBudget { cost: Some(Nanos(55_000)), ..RunBudget::default() };
    let tokens = RunBudget { tokens: Some(50), ..RunBudget::default() };
    for (run, budget, fits) in [("money", money, 2), ("tokens", tokens, 2)] {
        for _ in 0..fits {
            bench.ask(of_run(run, budget)).await.unwrap();
        }
        assert_eq!(bench.ask(of_run(run, budget)).await.err().unwrap().code, Code::BudgetExceeded, "{run}");
    }
    // What was spent before its first budget counts too, as the ledger has it.
    for _ in 0..2 {
        bench.ask(with(of_run("late", money), |call| call.routing.run_budget = None)).await.unwrap();
    }
    assert_eq!(bench.ask(of_run("late", money)).await.err().unwrap().code, Code::BudgetExceeded);
}
