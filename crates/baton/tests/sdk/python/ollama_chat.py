"""The Ollama library's chat, generate and embed, with every simulated provider behind them."""

import json

import ollama
import pydantic
from harness import (BASE_URL, FOUND, KEY, STEPS, VENDORS, WEATHER, billed, check, hello, near, over, png, raised, run,
                     said, same, seen, sent, vector)

client = ollama.Client(host=BASE_URL, headers={"authorization": f"Bearer {KEY}"}, timeout=60)
tools = [{"type": "function", "function": {"name": "get_weather", "description": "Tells it", "parameters": WEATHER}}]


def user(content, **more):
    return [{"role": "user", "content": content, **more}]


@check()
def text(vendor, mark):
    reply = client.chat(
        model=VENDORS[vendor]["plain"], messages=[{"role": "system", "content": "Be kind."}, *user(hello(mark))],
        options={"temperature": 0.5, "num_predict": 200, "stop": ["ZZZ"]})
    same((reply.message.role, reply.message.content), ("assistant", said(vendor, hello(mark))))
    same((reply.done, reply.done_reason), (True, "stop"))
    read, _, written = billed(vendor, mark)
    same((reply.prompt_eval_count, reply.eval_count), (read, written))
    body = sent(vendor, mark)[0]["body"]
    options = body["options"] if vendor == "ollama" else body
    stops = "stop_sequences" if vendor == "anthropic" else "stop"
    same((options["temperature"], options[stops]), (0.5, ["ZZZ"]), "options")
    same("Be kind." in json.dumps(body), True, "system")


@check()
def timings(vendor, mark):
    reply = client.chat(model=VENDORS[vendor]["plain"], messages=user(hello(mark)))
    same(all(value and value > 0 for value in [reply.total_duration, reply.eval_duration]), True, reply)


@check()
def length(vendor, mark):
    reply = client.chat(model=VENDORS[vendor]["plain"], messages=user(hello(mark)), options={"num_predict": 3})
    same((reply.message.content, reply.done_reason), ("You said: Say", "length"))


@check()
def stream(vendor, mark):
    parts = list(client.chat(model=VENDORS[vendor]["plain"], messages=user(hello(mark)), stream=True))
    same("".join(part.message.content or "" for part in parts), said(vendor, hello(mark)))
    same([part.done for part in parts], [False] * (len(parts) - 1) + [True])
    same(len(parts) > 5, True, "piece by piece")
    read, _, written = billed(vendor, mark)
    same((parts[-1].done_reason, parts[-1].prompt_eval_count, parts[-1].eval_count), ("stop", read, written))


@check()
def generate(vendor, mark):
    reply = client.generate(model=VENDORS[vendor]["plain"], prompt=hello(mark))
    same((reply.response, reply.done_reason), (said(vendor, hello(mark)), "stop"))
    parts = list(client.generate(model=VENDORS[vendor]["plain"], prompt=hello(mark), stream=True))
    same("".join(part.response for part in parts), said(vendor, hello(mark)))


def calls(message):
    return [(call.function.name, dict(call.function.arguments)) for call in message.tool_calls or []]


def results(words):
    return [{"role": "tool", "tool_name": "get_weather", "content": word} for word in words]


@check()
def tool(vendor, mark):
    model, messages = VENDORS[vendor]["plain"], user(f"What is the weather in Paris? aloud {mark}")
    reply = client.chat(model=model, messages=messages, tools=tools)
    same((reply.message.content, calls(reply.message)), ("Let me look that up.", [("get_weather", {"city": "Paris"})]))
    reply = client.chat(model=model, messages=[*messages, reply.message, *results(["sunny"])], tools=tools)
    same((reply.message.content, reply.done_reason), (FOUND + "sunny", "stop"))


@check()
def parallel_tools(vendor, mark):
    model, messages = VENDORS[vendor]["plain"], user(f"What is the weather in Paris and Rome? {mark}")
    both = [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})]
    streamed = [call for part in client.chat(model=model, messages=messages, tools=tools, stream=True)
                for call in calls(part.message)]
    same(streamed, both)
    reply = client.chat(model=model, messages=messages, tools=tools)
    same(calls(reply.message), both)
    reply = client.chat(model=model, messages=[*messages, reply.message, *results(["sunny", "rainy"])], tools=tools)
    same(reply.message.content, FOUND + "sunny; rainy")


def loop(vendor, mark, streamed):
    """Three steps with a thought and a call each. The format has no place for a signature."""
    model, messages = VENDORS[vendor]["thinks"], user(STEPS + mark)
    for city in ["Paris", "Rome", "Oslo"]:
        if streamed:
            parts = [part.message for part in client.chat(
                model=model, messages=messages, tools=tools, think=True, stream=True)]
            thinking = "".join(part.thinking or "" for part in parts)
            message = ollama.Message(role="assistant", content="", thinking=thinking, tool_calls=[
                call for part in parts for call in part.tool_calls or []])
        else:
            message = client.chat(model=model, messages=messages, tools=tools, think=True).message
        same(calls(message), [("get_weather", {"city": city})])
        same((message.thinking or "").startswith("The user wants an answer to this: "), True, "thought")
        messages += [message, *results([f"sun in {city}"])]
    reply = client.chat(model=model, messages=messages, tools=tools, think=True)
    same(reply.message.content, FOUND + "sun in Paris; sun in Rome; sun in Oslo")
    if vendor == "anthropic":
        turns = [turn for turn in sent(vendor, mark)[-1]["body"]["messages"] if turn["role"] == "assistant"]
        same([turn["content"][0]["type"] for turn in turns], ["thinking"] * 3, "thoughts that went back")




@check()
def loop_with_thinking(vendor, mark):
    loop(vendor, mark, streamed=False)


@check()
def loop_with_streamed_thinking(vendor, mark):
    loop(vendor, mark, streamed=True)


@check()
def image(vendor, mark):
    picture = png(200 + len(vendor))
    reply = client.chat(model=VENDORS[vendor]["plain"], messages=user(hello(mark), images=[picture]))
    same(seen(picture) in reply.message.content, True, reply.message.content)


class Place(pydantic.BaseModel):
    name: str
    people: int


class Report(pydantic.BaseModel):
    city: Place
    sunny: bool
    notes: list[str]


@check()
def structured_output(vendor, mark):
    reply = client.chat(
        model=VENDORS[vendor]["plain"], messages=user(hello(mark)), format=Report.model_json_schema())
    same(Report.model_validate_json(reply.message.content),
         Report(city=Place(name="simulated", people=1), sunny=True, notes=["simulated"]))


@check("openai", "ollama")
def embeddings(vendor, mark):
    texts = ["one " + mark, "two"]
    reply = client.embed(model=f"embed-{vendor}", input=texts)
    for found, words in zip(reply.embeddings, texts):
        near(found, vector(words))
    same(reply.prompt_eval_count, billed(vendor, mark)[0])


@check()
def errors(vendor, mark):
    def chat(model, **more):
        return lambda: client.chat(**{"model": model, "messages": user(hello(mark)), **more})

    plain = VENDORS[vendor]["plain"]
    # A provider of the same format is told of in its own words, with its own status.
    broken, refused = (500, 401) if vendor == "ollama" else (502, 502)
    for fault, status in [("fail-429", 429), ("fail-503", 503), ("fail-500", broken), ("fail-401", refused),
                          ("fail-context", 400)]:
        raised(ollama.ResponseError, status, chat(f"{vendor}-{fault}"), fault)
    raised(ollama.ResponseError, 404, chat("nobody"), "unknown model")
    raised(ollama.ResponseError, 401, lambda: ollama.Client(
        host=BASE_URL, headers={"authorization": "Bearer wrong"}).chat(model=plain, messages=user("x")), "wrong key")
    if vendor == "anthropic":
        raised(ollama.ResponseError, 400, lambda: client.embed(model=plain, input="x"), "embeddings")


@check()
def error_in_a_stream(vendor, mark):
    pieces = []
    try:
        for part in client.chat(model=f"{vendor}-error-mid-stream", messages=user(hello(mark)), stream=True):
            pieces.append(part.message.content or "")
    except ollama.ResponseError as error:
        same("".join(pieces), "You said:")
        same(bool(error.error), True, "it says what")
    else:
        raise AssertionError("the stream ended as if nothing had happened")


@check()
def cancel(vendor, mark):
    parts = client.chat(model=f"{vendor}-hang-mid-stream", messages=user(hello(mark)), stream=True)
    next(part for part in parts if part.message.content)
    parts.close()
    same(over(vendor, mark)["disconnected"], True, "the provider was left")


run()
