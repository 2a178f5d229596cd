"""The Anthropic SDK's messages, with every simulated provider behind them."""

import base64
import json

import anthropic
import pydantic
from harness import (BASE_URL, FOUND, KEY, STEPS, VENDORS, WEATHER, billed, check, hello, over, png, raised, run, said,
                     same, seen, sent)

client = anthropic.Anthropic(base_url=BASE_URL, api_key=KEY, max_retries=0, timeout=60)
tools = [{"name": "get_weather", "description": "Tells it", "input_schema": WEATHER}]
thinking = {"type": "enabled", "budget_tokens": 1024}
REDACT = ("ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_"
          "46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB")


def user(content):
    return [{"role": "user", "content": content}]


def usage_of(usage):
    read = usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    return read, usage.cache_read_input_tokens or 0, usage.output_tokens


@check()
def text(vendor, mark):
    reply = client.messages.create(
        model=VENDORS[vendor]["plain"], max_tokens=200, system="Be kind.", messages=user(hello(mark)), stop_sequences=["ZZZ"],
        extra_body={"top_p": 0.5})
    same([(block.type, block.text) for block in reply.content], [("text", said(vendor, hello(mark)))])
    same((reply.type, reply.role, reply.stop_reason, reply.stop_sequence), ("message", "assistant", "end_turn", None))
    same(usage_of(reply.usage), billed(vendor, mark))
    body = sent(vendor, mark)[0]["body"]
    options = body["options"] if vendor == "ollama" else body
    stops = "stop_sequences" if vendor == "anthropic" else "stop"
    same((options["top_p"], options[stops]), (0.5, ["ZZZ"]), "options")
    same("Be kind." in json.dumps(body), True, "system")


@check()
def length_and_stop(vendor, mark):
    reply = client.messages.create(model=VENDORS[vendor]["plain"], max_tokens=3, messages=user(hello(mark)))
    same((reply.content[0].text, reply.stop_reason), ("You said: Say", "max_tokens"))


@check()
def stream(vendor, mark):
    kinds = []
    with client.messages.stream(model=VENDORS[vendor]["plain"], max_tokens=200, messages=user(hello(mark))) as events:
        for event in events:
            kinds.append(event.type)
        reply = events.get_final_message()
    same([(block.type, block.text) for block in reply.content], [("text", said(vendor, hello(mark)))])
    same(reply.stop_reason, "end_turn")
    same(usage_of(reply.usage), billed(vendor, mark))
    same(kinds.count("text") > 5, True, "piece by piece")
    same((kinds[0], kinds[-1]), ("message_start", "message_stop"))


def calls(reply):
    return [(block.name, block.input) for block in reply.content if block.type == "tool_use"]


def results(reply, words):
    ids = [block.id for block in reply.content if block.type == "tool_use"]
    same(len(set(ids)), len(words), "ids differ")
    return user([{"type": "tool_result", "tool_use_id": id, "content": word} for id, word in zip(ids, words)])


@check()
def tool(vendor, mark):
    asked = dict(model=VENDORS[vendor]["plain"], max_tokens=200, tools=tools)
    messages = user(f"What is the weather in Paris? aloud {mark}")
    reply = client.messages.create(messages=messages, **asked)
    same((reply.stop_reason, reply.content[0].text, calls(reply)),
         ("tool_use", "Let me look that up.", [("get_weather", {"city": "Paris"})]))
    messages += [{"role": "assistant", "content": reply.content}, *results(reply, ["sunny"])]
    reply = client.messages.create(messages=messages, **asked)
    same((reply.content[0].text, reply.stop_reason), (FOUND + "sunny", "end_turn"))


@check("openai", "anthropic")
def tool_choice(vendor, mark):
    def called(choice):
        return len(calls(client.messages.create(
            model=VENDORS[vendor]["plain"], max_tokens=200, messages=user(hello(mark)), tools=tools,
            tool_choice=choice)))
    same([called({"type": kind}) for kind in ["none", "auto", "any"]], [0, 0, 1])
    same(called({"type": "tool", "name": "get_weather", "disable_parallel_tool_use": True}), 1)


@check()
def parallel_tools(vendor, mark):
    asked = dict(model=VENDORS[vendor]["plain"], max_tokens=200, tools=tools)
    messages = user(f"What is the weather in Paris and Rome? {mark}")
    with client.messages.stream(messages=messages, **asked) as events:
        streamed = events.get_final_message()
    both = [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})]
    same((calls(streamed), streamed.stop_reason), (both, "tool_use"))
    reply = client.messages.create(messages=messages, **asked)
    same(calls(reply), both)
    messages += [{"role": "assistant", "content": reply.content}, *results(reply, ["sunny", "rainy"])]
    same(client.messages.create(messages=messages, **asked).content[0].text, FOUND + "sunny; rainy")


def loop(vendor, mark, question, kind, streamed):
    """Three steps with a thought and a call each, all of which go back as they came."""
    asked = dict(model=VENDORS[vendor]["thinks"], max_tokens=2000, tools=tools, thinking=thinking)
    messages, thoughts = user(question + mark), []
    for city in ["Paris", "Rome", "Oslo"]:
        if streamed:
            with client.messages.stream(messages=messages, **asked) as events:
                reply = events.get_final_message()
        else:
            reply = client.messages.create(messages=messages, **asked)
        same([block.type for block in reply.content], [kind, "tool_use"])
        same(calls(reply), [("get_weather", {"city": city})])
        thoughts.append(reply.content[0].model_dump(exclude_none=True))
        content = [block.model_dump(exclude_none=True) for block in reply.content]
        messages += [{"role": "assistant", "content": content}, *results(reply, [f"sun in {city}"])]
    reply = client.messages.create(messages=messages, **asked)
    same(reply.content[-1].text, FOUND + "sun in Paris; sun in Rome; sun in Oslo")
    if vendor == "anthropic":
        turns = [turn for turn in sent(vendor, mark)[-1]["body"]["messages"] if turn["role"] == "assistant"]
        same([turn["content"][0] for turn in turns], thoughts, "thoughts that went back")


@check()
def loop_with_thinking(vendor, mark):
    loop(vendor, mark, STEPS, "thinking", streamed=False)


@check()
def loop_with_streamed_thinking(vendor, mark):
    loop(vendor, mark, STEPS, "thinking", streamed=True)


@check("anthropic")
def loop_with_redacted_thinking(vendor, mark):
    loop(vendor, mark, f"{REDACT} {STEPS}", "redacted_thinking", streamed=False)
    loop(vendor, mark, f"{REDACT} {STEPS}", "redacted_thinking", streamed=True)


@check("anthropic")
def a_changed_thought_is_refused(vendor, mark):
    content = [{"type": "thinking", "thinking": "never thought", "signature": "forged"}, {"type": "text", "text": "x"}]
    messages = [*user(mark), {"role": "assistant", "content": content}, *user("more")]
    error = raised(anthropic.BadRequestError, 400, lambda: client.messages.create(
        model="claude", max_tokens=2000, thinking=thinking, messages=messages))
    same("Invalid `signature`" in str(error), True, str(error))


@check()
def image(vendor, mark):
    picture = png(100 + len(vendor))
    data = base64.b64encode(picture).decode()
    content = [{"type": "text", "text": hello(mark)},
               {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}]
    reply = client.messages.create(model=VENDORS[vendor]["plain"], max_tokens=200, messages=user(content))
    same(seen(picture) in reply.content[0].text, True, reply.content[0].text)


class Place(pydantic.BaseModel):
    name: str
    people: int


class Report(pydantic.BaseModel):
    city: Place
    sunny: bool
    notes: list[str]


@check()
def structured_output(vendor, mark):
    reply = client.messages.parse(
        model=VENDORS[vendor]["plain"], max_tokens=200, messages=user(hello(mark)), output_format=Report)
    same(reply.parsed_output, Report(city=Place(name="simulated", people=1), sunny=True, notes=["simulated"]))


@check("anthropic")
def cache(vendor, mark):
    system = [{"type": "text", "text": mark + " word" * 1200, "cache_control": {"type": "ephemeral"}}]
    for _ in range(2):
        reply = client.messages.create(model="claude", max_tokens=50, system=system, messages=user("Hello"))
        same(usage_of(reply.usage), billed(vendor, mark))
    same(reply.usage.cache_read_input_tokens > 1000, True, "it was cached")


@check()
def errors(vendor, mark):
    def ask(model, **more):
        return lambda: client.messages.create(**{"model": model, "max_tokens": 50, "messages": user(hello(mark)), **more})

    plain = VENDORS[vendor]["plain"]
    limited = raised(anthropic.RateLimitError, 429, ask(f"{vendor}-fail-429"), "429")
    same(int(limited.response.headers["retry-after"]) >= 1, True, "retry-after")
    same(limited.body["error"]["type"], "rate_limit_error")
    busy = raised(anthropic.OverloadedError, 529, ask(f"{vendor}-fail-529"), "529")
    same((busy.body["error"]["type"], busy.response.headers["x-should-retry"]), ("overloaded_error", "true"))
    # A provider of the same format is told of in its own words, with its own status.
    own = vendor == "anthropic"
    broken = raised(anthropic.InternalServerError, 500 if own else 502, ask(f"{vendor}-fail-500"), "500")
    same((broken.body["error"]["type"], broken.response.headers["x-should-retry"]), ("api_error", "false"))
    kind, status = (anthropic.AuthenticationError, 401) if own else (anthropic.InternalServerError, 502)
    raised(kind, status, ask(f"{vendor}-fail-401"), "the provider's key")
    raised(anthropic.BadRequestError, 400, ask(f"{vendor}-fail-context"), "context")
    raised(anthropic.BadRequestError, 400, ask(plain, tools="hammer"), "tools")
    raised(anthropic.BadRequestError, 400, ask(plain, messages=[]), "no message")
    if own:  # Of a result without a call a text is made, where a request is translated.
        raised(anthropic.BadRequestError, 400, ask(plain, messages=user(
            [{"type": "tool_result", "tool_use_id": "x", "content": "x"}])), "result without call")
    missing = raised(anthropic.NotFoundError, 404, ask("nobody"), "unknown model")
    same(missing.body["error"]["type"], "not_found_error")
    stranger = anthropic.Anthropic(base_url=BASE_URL, api_key="wrong", max_retries=0)
    raised(anthropic.AuthenticationError, 401, lambda: stranger.messages.create(
        model=plain, max_tokens=50, messages=user("x")), "wrong key")


@check()
def error_in_a_stream(vendor, mark):
    pieces = []
    try:
        with client.messages.stream(
                model=f"{vendor}-error-mid-stream", max_tokens=200, messages=user(hello(mark))) as events:
            for piece in events.text_stream:
                pieces.append(piece)
    except anthropic.APIStatusError as error:
        same("".join(pieces), "You said:")
        same(error.body["type"], "error")
    else:
        raise AssertionError("the stream ended as if nothing had happened")


@check()
def cancel(vendor, mark):
    with client.messages.stream(model=f"{vendor}-hang-mid-stream", max_tokens=200, messages=user(hello(mark))) as events:
        next(iter(events.text_stream))
    same(over(vendor, mark)["disconnected"], True, "the provider was left")


run()
