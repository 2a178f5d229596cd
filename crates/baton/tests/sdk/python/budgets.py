"""What the libraries show of a spent budget and of a limit, and that none asks again for what will not succeed."""

import json
import urllib.request

import anthropic
import ollama
import openai
from harness import BASE_URL, KEY, VENDORS, check, hello, raised, run, same


def key(**fields):
    """A key with a budget or limits of its own."""
    body = json.dumps({"name": "limited", **fields}).encode()
    request = urllib.request.Request(f"{BASE_URL}/api/keys", body, {"authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)["key"]


def counting():
    """A list that grows with each request, and what makes it grow."""
    requests = []
    return requests, {"request": [lambda request: requests.append(request.url.path)]}


def user(content):
    return [{"role": "user", "content": content}]


def of_openai(vendor, mark, secret, **more):
    requests, hooks = counting()
    http = openai.DefaultHttpxClient(event_hooks=hooks)
    client = openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key=secret, http_client=http, **more)
    ask = lambda: client.chat.completions.create(  # noqa: E731
        model=VENDORS[vendor]["plain"], messages=user(hello(mark)), max_tokens=50)
    return requests, ask


def of_anthropic(vendor, mark, secret, **more):
    requests, hooks = counting()
    http = anthropic.DefaultHttpxClient(event_hooks=hooks)
    client = anthropic.Anthropic(base_url=BASE_URL, api_key=secret, http_client=http, **more)
    ask = lambda: client.messages.create(  # noqa: E731
        model=VENDORS[vendor]["plain"], messages=user(hello(mark)), max_tokens=50)
    return requests, ask


def of_ollama(vendor, mark, secret):
    requests, hooks = counting()
    client = ollama.Client(host=BASE_URL, headers={"authorization": f"Bearer {secret}"}, event_hooks=hooks)
    ask = lambda: client.chat(  # noqa: E731
        model=VENDORS[vendor]["plain"], messages=user(hello(mark)), options={"num_predict": 50})
    return requests, ask


# Less than any request may cost.
SPENT = {"budget": {"amount": "0.000000001", "period": "day"}}


@check()
def a_spent_budget_is_shown_and_not_tried_again(vendor, mark):
    requests, ask = of_openai(vendor, mark, key(**SPENT))
    error = raised(openai.RateLimitError, 429, ask, "openai")
    same((error.code, len(requests)), ("insufficient_quota", 1), "openai")
    requests, ask = of_anthropic(vendor, mark, key(**SPENT))
    error = raised(anthropic.PaymentRequiredError, 402, ask, "anthropic")
    same((error.body["error"]["type"], len(requests)), ("billing_error", 1), "anthropic")
    requests, ask = of_ollama(vendor, mark, key(**SPENT))
    error = raised(ollama.ResponseError, 429, ask, "ollama")
    same(("budget" in error.error, len(requests)), (True, 1), "ollama")


@check()
def a_limit_is_shown_with_the_time_to_come_back(vendor, mark):
    # The libraries would wait for that time and ask again, which is right.
    for start, kind, more in [(of_openai, openai.RateLimitError, {"max_retries": 0}),
                              (of_anthropic, anthropic.RateLimitError, {"max_retries": 0})]:
        requests, ask = start(vendor, mark, key(limits={"rpm": 1}), **more)
        ask()
        error = raised(kind, 429, ask, start.__name__)
        same(1 <= int(error.response.headers["retry-after"]) <= 61, True, "retry-after")
        same(error.response.headers["x-should-retry"], "true", "x-should-retry")
        same(len(requests), 2, start.__name__)
    requests, ask = of_ollama(vendor, mark, key(limits={"rpm": 1}))
    ask()
    error = raised(ollama.ResponseError, 429, ask, "ollama")
    same(("limit" in error.error, len(requests)), (True, 2), "ollama")


run()
