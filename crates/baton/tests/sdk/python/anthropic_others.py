"""The Anthropic SDK's counts, models and batches."""

import json

import anthropic
from harness import BASE_URL, KEY, VENDORS, check, hello, raised, run, same, sent

client = anthropic.Anthropic(base_url=BASE_URL, api_key=KEY, max_retries=0, timeout=60)


def user(content):
    return [{"role": "user", "content": content}]


@check()
def count_tokens(vendor, mark):
    def count(prompt):
        return client.messages.count_tokens(model=VENDORS[vendor]["plain"], messages=user(prompt)).input_tokens
    same(0 < count(mark) < count(mark + " word" * 50), True, "more words are more tokens")
    same(len(sent(vendor, mark)), 2 if vendor == "anthropic" else 0, "who counted")
    raised(anthropic.BadRequestError, 400, lambda: client.messages.count_tokens(
        model=VENDORS[vendor]["plain"], messages=[]), "no message")


@check()
def models(vendor, mark):
    plain = VENDORS[vendor]["plain"]
    ids = [model.id for model in client.models.list(limit=2)]  # The SDK walks the pages.
    same((ids.count(plain), len(set(ids)) == len(ids)), (1, True))
    model = client.models.retrieve(plain)
    same((model.id, model.type), (plain, "model"))
    missing = raised(anthropic.NotFoundError, 404, lambda: client.models.retrieve("nobody"), "unknown model")
    same(missing.body["error"]["type"], "not_found_error")


@check()
def tool_runner(vendor, mark):
    """The runner asks for a thread that the server holds, and sends all of it again where there is none."""
    asked = []

    @anthropic.beta_tool
    def weather(city: str) -> str:
        """Tells the weather of a city."""
        asked.append(city)
        return "sunny"

    runner = client.beta.messages.tool_runner(
        model=VENDORS[vendor]["plain"], max_tokens=500, tools=[weather], messages=user(f"Please use weather now. {mark}"))
    replies = list(runner)
    same((len(asked), replies[0].stop_reason, replies[-1].stop_reason), (1, "tool_use", "end_turn"))
    # A model that was told the result was told the question too.
    last = json.dumps(sent(vendor, mark)[-1])
    same(("sunny" in last, mark in last), (True, True), "the whole conversation was sent")


@check("anthropic")
def batches(vendor, mark):
    def request(model):
        return {"custom_id": mark, "params": {"model": model, "max_tokens": 50, "messages": user(hello(mark))}}

    made = client.messages.batches.create(requests=[request("claude")])
    same((made.type, made.processing_status), ("message_batch", "in_progress"))
    same(client.messages.batches.retrieve(made.id).processing_status, "ended")
    same(made.id in [batch.id for batch in client.messages.batches.list()], True, "listed")
    same([(line.custom_id, line.result.type, line.result.message.model)
          for line in client.messages.batches.results(made.id)], [(mark, "succeeded", VENDORS[vendor]["upstream"])])
    same(client.messages.batches.cancel(made.id).processing_status, "canceling")
    same(client.messages.batches.delete(made.id).id, made.id)
    raised(anthropic.NotFoundError, 404, lambda: client.messages.batches.retrieve(made.id), "deleted")
    raised(anthropic.BadRequestError, 400, lambda: client.messages.batches.create(requests=[request("gpt")]), "elsewhere")


run()
