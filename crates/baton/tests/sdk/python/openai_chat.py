"""The OpenAI SDK's chat completions and embeddings, with every simulated provider behind them."""

import base64
import json

import openai
import pydantic
from harness import (BASE_URL, FOUND, KEY, STEPS, VENDORS, WEATHER, billed, check, hello, near, over, png, raised, run,
                     said, same, seen, sent, vector)

client = openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key=KEY, max_retries=0, timeout=60)
tools = [{"type": "function", "function": {"name": "get_weather", "description": "Tells it", "parameters": WEATHER}}]


def user(content):
    return [{"role": "user", "content": content}]


@check()
def text(vendor, mark):
    reply = client.chat.completions.create(
        model=VENDORS[vendor]["plain"],
        messages=[{"role": "developer", "content": "Be kind."}, *user(hello(mark))],
        temperature=0.5, max_completion_tokens=200, stop=["ZZZ"])
    choice = reply.choices[0]
    same((choice.message.role, choice.message.content), ("assistant", said(vendor, hello(mark))))
    same((choice.finish_reason, choice.message.tool_calls, choice.message.refusal), ("stop", None, None))
    read, cached, written = billed(vendor, mark)
    same((reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens),
         (read, written, read + written))
    body = sent(vendor, mark)[0]["body"]
    options = body["options"] if vendor == "ollama" else body
    limit = {"openai": "max_completion_tokens", "anthropic": "max_tokens", "ollama": "num_predict"}[vendor]
    stops = "stop_sequences" if vendor == "anthropic" else "stop"
    same((options["temperature"], options[limit], options[stops]), (0.5, 200, ["ZZZ"]), "options")
    same("Be kind." in json.dumps(body), True, "system")


@check()
def length(vendor, mark):
    reply = client.chat.completions.create(
        model=VENDORS[vendor]["plain"], messages=user(hello(mark)), max_completion_tokens=3)
    same((reply.choices[0].message.content, reply.choices[0].finish_reason), ("You said: Say", "length"))


@check()
def stream(vendor, mark):
    pieces, reasons, usage = [], [], None
    for chunk in client.chat.completions.create(model=VENDORS[vendor]["plain"], messages=user(hello(mark)),
                                                stream=True, stream_options={"include_usage": True}):
        same(chunk.object, "chat.completion.chunk")
        usage = chunk.usage or usage
        pieces += [choice.delta.content for choice in chunk.choices if choice.delta.content]
        reasons += [choice.finish_reason for choice in chunk.choices if choice.finish_reason]
    same("".join(pieces), said(vendor, hello(mark)))
    same(len(pieces) > 5, True, "piece by piece")
    same(reasons, ["stop"])
    read, _, written = billed(vendor, mark)
    same((usage.prompt_tokens, usage.completion_tokens), (read, written))


def arguments(message):
    return [(call.type, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls]


def results(message, words):
    same(len({call.id for call in message.tool_calls}), len(words), "ids differ")
    return [{"role": "tool", "tool_call_id": call.id, "content": word}
            for call, word in zip(message.tool_calls, words)]


def called(city):
    return "function", "get_weather", {"city": city}


@check()
def tool(vendor, mark):
    model, messages = VENDORS[vendor]["plain"], user(f"What is the weather in Paris? aloud {mark}")
    reply = client.chat.completions.create(model=model, messages=messages, tools=tools)
    message = reply.choices[0].message
    same((reply.choices[0].finish_reason, message.content, arguments(message)),
         ("tool_calls", "Let me look that up.", [called("Paris")]))
    messages += [message, *results(message, ["sunny"])]
    reply = client.chat.completions.create(model=model, messages=messages, tools=tools)
    same((reply.choices[0].message.content, reply.choices[0].finish_reason), (FOUND + "sunny", "stop"))


@check("openai", "anthropic")
def tool_choice(vendor, mark):
    def calls(choice):
        reply = client.chat.completions.create(model=VENDORS[vendor]["plain"], messages=user(hello(mark)),
                                               tools=tools, tool_choice=choice, parallel_tool_calls=False)
        return reply.choices[0].message.tool_calls
    same(calls("none"), None)
    same(calls("auto"), None)
    same(len(calls("required")), 1)
    same(calls({"type": "function", "function": {"name": "get_weather"}})[0].function.name, "get_weather")


@check()
def parallel_tools(vendor, mark):
    model, messages = VENDORS[vendor]["plain"], user(f"What is the weather in Paris and Rome? {mark}")
    with client.chat.completions.stream(model=model, messages=messages, tools=tools) as events:
        message = events.get_final_completion().choices[0].message
    same(arguments(message), [called("Paris"), called("Rome")])
    whole = client.chat.completions.create(model=model, messages=messages, tools=tools).choices[0].message
    same(arguments(whole), arguments(message), "whole and streamed")
    # Each result is told by its id, so their order may be any.
    answers = results(whole, ["sunny", "rainy"])
    messages += [whole.model_dump(exclude_none=True), *answers]
    reply = client.chat.completions.create(model=model, messages=messages, tools=tools)
    same(reply.choices[0].message.content, FOUND + "sunny; rainy")


def loop(vendor, mark, back, streamed=False):
    """Three steps with a call each; `back` is how a reply goes into the conversation."""
    model, messages = VENDORS[vendor]["thinks"], user(STEPS + mark)
    for city in ["Paris", "Rome", "Oslo"]:
        asked = dict(model=model, messages=messages, tools=tools, reasoning_effort="low")
        if streamed:
            with client.chat.completions.stream(**asked) as events:
                message = events.get_final_completion().choices[0].message
        else:
            message = client.chat.completions.create(**asked).choices[0].message
        same(arguments(message), [called(city)])
        thought = getattr(message, "reasoning_content", None)
        same(bool(thought) and thought.startswith("The user wants an answer to this: "), True, "thought")
        messages += [back(message), *results(message, [f"sun in {city}"])]
    reply = client.chat.completions.create(model=model, messages=messages, tools=tools, reasoning_effort="low")
    same(reply.choices[0].message.content, FOUND + "sun in Paris; sun in Rome; sun in Oslo")
    turns = [turn for turn in sent(vendor, mark)[-1]["body"]["messages"] if turn["role"] == "assistant"]
    same(len(turns), 3)
    if vendor == "anthropic":
        same([turn["content"][0]["type"] for turn in turns], ["thinking"] * 3, "thoughts that went back")


@check()
def loop_with_thinking_kept(vendor, mark):
    loop(vendor, mark, lambda message: message.model_dump(exclude_none=True))


@check()
def loop_with_thinking_kept_from_streams(vendor, mark):
    loop(vendor, mark, lambda message: message.model_dump(exclude_none=True), streamed=True)


@check()
def loop_with_thinking_dropped(vendor, mark):
    loop(vendor, mark, lambda message: {"role": "assistant", "tool_calls": [
        {"id": call.id, "type": "function",
         "function": {"name": call.function.name, "arguments": call.function.arguments}}
        for call in message.tool_calls]})


@check()
def image(vendor, mark):
    picture = png(len(vendor))
    url = "data:image/png;base64," + base64.b64encode(picture).decode()
    content = [{"type": "text", "text": hello(mark)}, {"type": "image_url", "image_url": {"url": url}}]
    reply = client.chat.completions.create(model=VENDORS[vendor]["plain"], messages=user(content))
    same(seen(picture) in reply.choices[0].message.content, True, reply.choices[0].message.content)


class Place(pydantic.BaseModel):
    name: str
    people: int


class Report(pydantic.BaseModel):
    city: Place
    sunny: bool
    notes: list[str]


@check()
def structured_output(vendor, mark):
    reply = client.chat.completions.parse(
        model=VENDORS[vendor]["plain"], messages=user(hello(mark)), response_format=Report)
    same(reply.choices[0].message.parsed,
         Report(city=Place(name="simulated", people=1), sunny=True, notes=["simulated"]))


@check("openai", "ollama")
def embeddings(vendor, mark):
    texts = ["one " + mark, "two"]
    decoded = client.embeddings.create(model=f"embed-{vendor}", input=texts)  # The SDK asks for base64.
    floats = client.embeddings.create(model=f"embed-{vendor}", input=texts, encoding_format="float")
    for place, words in enumerate(texts):
        near(decoded.data[place].embedding, vector(words), "base64")
        near(floats.data[place].embedding, vector(words), "floats")
    same([item.index for item in decoded.data], [0, 1])
    same(decoded.usage.prompt_tokens, billed(vendor, mark)[0])
    near(client.embeddings.create(model=f"embed-{vendor}", input="x", dimensions=4).data[0].embedding, vector("x", 4))


@check("openai", "anthropic")
def cache(vendor, mark):
    system = {"role": "system", "content": mark + " word" * 1200}
    for _ in range(2):
        reply = client.chat.completions.create(
            model=VENDORS[vendor]["plain"], messages=[system, *user("Hello")], max_completion_tokens=50)
        read, cached, _ = billed(vendor, mark)
        same((reply.usage.prompt_tokens, reply.usage.prompt_tokens_details.cached_tokens), (read, cached))
    if vendor == "openai":
        same(cached > 1000, True, "it was cached")


@check()
def errors(vendor, mark):
    def chat(model, **more):
        return lambda: client.chat.completions.create(model=model, messages=user(hello(mark)), **more)

    plain = VENDORS[vendor]["plain"]
    limited = raised(openai.RateLimitError, 429, chat(f"{vendor}-fail-429"), "429")
    same(int(limited.response.headers["retry-after"]) >= 1, True, "retry-after")
    # A provider of the same format is told of in its own words, with its own status.
    own = vendor == "openai"
    for fault, status in [("fail-503", 503), ("fail-529", 529 if own else 503)]:
        busy = raised(openai.InternalServerError, status, chat(f"{vendor}-{fault}"), fault)
        same((busy.response.headers["x-should-retry"], busy.response.headers["retry-after"]), ("true", "1"), fault)
    broken = raised(openai.InternalServerError, 500 if own else 502, chat(f"{vendor}-fail-500"), "500")
    same(broken.response.headers["x-should-retry"], "false")
    kind, status = (openai.AuthenticationError, 401) if own else (openai.InternalServerError, 502)
    raised(kind, status, chat(f"{vendor}-fail-401"), "the provider's key")
    long = raised(openai.BadRequestError, 400, chat(f"{vendor}-fail-context"), "context")
    same(long.code, "context_length_exceeded")
    raised(openai.BadRequestError, 400, chat(plain, temperature="hot"), "temperature")
    raised(openai.BadRequestError, 400, lambda: client.chat.completions.create(model=plain, messages=[]), "no message")
    if own:  # Of a result without a call a text is made, where a request is translated.
        raised(openai.BadRequestError, 400, lambda: client.chat.completions.create(
            model=plain, messages=[{"role": "tool", "tool_call_id": "x", "content": "x"}]), "result without call")
    missing = raised(openai.NotFoundError, 404, chat("nobody"), "unknown model")
    same(missing.code, "model_not_found")
    stranger = openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key="wrong", max_retries=0)
    raised(openai.AuthenticationError, 401, lambda: stranger.chat.completions.create(
        model=plain, messages=user("x")), "wrong key")
    if vendor == "anthropic":
        raised(openai.BadRequestError, 400, lambda: client.embeddings.create(model=plain, input="x"), "embeddings")


@check()
def error_in_a_stream(vendor, mark):
    pieces = []
    try:
        for chunk in client.chat.completions.create(
                model=f"{vendor}-error-mid-stream", messages=user(hello(mark)), stream=True):
            pieces += [choice.delta.content for choice in chunk.choices if choice.delta.content]
    except openai.APIError as error:
        same(type(error), openai.APIError)
        same("".join(pieces), "You said:")
    else:
        raise AssertionError("the stream ended as if nothing had happened")


@check()
def cancel(vendor, mark):
    chunks = client.chat.completions.create(model=f"{vendor}-hang-mid-stream", messages=user(hello(mark)), stream=True)
    next(chunk for chunk in chunks if chunk.choices and chunk.choices[0].delta.content)
    chunks.close()
    same(over(vendor, mark)["disconnected"], True, "the provider was left")


run()
