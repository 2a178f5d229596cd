"""The OpenAI SDK's responses, with every simulated provider behind them."""

import base64
import json

import openai
import pydantic
from harness import (BASE_URL, FOUND, KEY, STEPS, VENDORS, WEATHER, billed, check, hello, png, raised, run, said, same,
                     seen, sent)

client = openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key=KEY, max_retries=0, timeout=60)
tools = [{"type": "function", "name": "get_weather", "description": "Tells it", "parameters": WEATHER, "strict": False}]


def user(content):
    return [{"role": "user", "content": content}]


def used(response):
    usage = response.usage
    same(usage.total_tokens, usage.input_tokens + usage.output_tokens, "total")
    return usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens


@check()
def text(vendor, mark):
    response = client.responses.create(
        model=VENDORS[vendor]["plain"], instructions="Be kind.", input=hello(mark), temperature=0.5)
    same((response.object, response.status, response.output_text), ("response", "completed", said(vendor, hello(mark))))
    same(used(response), billed(vendor, mark))
    same("Be kind." in json.dumps(sent(vendor, mark)[0]["body"]), True, "instructions")


@check()
def stream(vendor, mark):
    with client.responses.stream(model=VENDORS[vendor]["plain"], input=hello(mark)) as events:
        events = list(events)
    same((events[0].type, events[-1].type), ("response.created", "response.completed"))
    same([event.sequence_number for event in events], list(range(len(events))), "numbers")
    pieces = [event.delta for event in events if event.type == "response.output_text.delta"]
    same("".join(pieces), said(vendor, hello(mark)))
    same(len(pieces) > 5, True, "piece by piece")
    same(events[-1].response.output_text, said(vendor, hello(mark)))
    same(used(events[-1].response), billed(vendor, mark))


def calls(response):
    return [(item.name, json.loads(item.arguments)) for item in response.output if item.type == "function_call"]


def results(response, words):
    ids = [item.call_id for item in response.output if item.type == "function_call"]
    same(len(set(ids)), len(words), "ids differ")
    return [{"type": "function_call_output", "call_id": id, "output": word} for id, word in zip(ids, words)]


@check()
def parallel_tools(vendor, mark):
    asked = dict(model=VENDORS[vendor]["plain"], tools=tools)
    said_first = user(f"What is the weather in Paris and Rome? {mark}")
    both = [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})]
    with client.responses.stream(input=said_first, **asked) as events:
        same(calls(events.get_final_response()), both, "streamed")
    response = client.responses.create(input=said_first, **asked)
    same(calls(response), both)
    response = client.responses.create(
        input=[*said_first, *response.output, *results(response, ["sunny", "rainy"])], **asked)
    same(response.output_text, FOUND + "sunny; rainy")


@check("anthropic")
def loop_with_thinking(vendor, mark):
    asked = dict(model="claude", tools=tools, reasoning={"effort": "low"}, include=["reasoning.encrypted_content"],
                 store=False)
    items = user(STEPS + mark)
    for city in ["Paris", "Rome", "Oslo"]:
        response = client.responses.create(input=items, **asked)
        same([item.type for item in response.output], ["reasoning", "function_call"])
        same(calls(response), [("get_weather", {"city": city})])
        items += [*response.output, *results(response, [f"sun in {city}"])]
    same(client.responses.create(input=items, **asked).output_text, FOUND + "sun in Paris; sun in Rome; sun in Oslo")
    turns = [turn for turn in sent(vendor, mark)[-1]["body"]["messages"] if turn["role"] == "assistant"]
    same([turn["content"][0]["type"] for turn in turns], ["thinking"] * 3, "thoughts that went back")


@check()
def image(vendor, mark):
    picture = png(50 + len(vendor))
    url = "data:image/png;base64," + base64.b64encode(picture).decode()
    content = [{"type": "input_text", "text": hello(mark)}, {"type": "input_image", "image_url": url, "detail": "auto"}]
    response = client.responses.create(model=VENDORS[vendor]["plain"], input=user(content))
    same(seen(picture) in response.output_text, True, response.output_text)


class Report(pydantic.BaseModel):
    sunny: bool
    notes: list[str]


@check()
def structured_output(vendor, mark):
    response = client.responses.parse(model=VENDORS[vendor]["plain"], input=hello(mark), text_format=Report)
    same(response.output_parsed, Report(sunny=True, notes=["simulated"]))


@check()
def errors(vendor, mark):
    def ask(model, input=hello(mark), by=client, **more):
        return lambda: by.responses.create(model=model, input=input, **more)

    plain = VENDORS[vendor]["plain"]
    raised(openai.RateLimitError, 429, ask(f"{vendor}-fail-429"), "429")
    long = raised(openai.BadRequestError, 400, ask(f"{vendor}-fail-context"), "context")
    same(long.code, "context_length_exceeded")
    missing = raised(openai.NotFoundError, 404, ask("nobody"), "unknown model")
    same((missing.code, missing.param, missing.type), ("model_not_found", "model", "invalid_request_error"))
    stranger = openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key="wrong", max_retries=0)
    raised(openai.AuthenticationError, 401, ask(plain, by=stranger), "wrong key")
    # An admin's unknown response may be one that OpenAI keeps, so it goes on to OpenAI, which says 400.
    error, status = (openai.BadRequestError, 400) if vendor == "openai" else (openai.NotFoundError, 404)
    lost = raised(error, status, ask(plain, previous_response_id="resp_none"), "unknown response")
    same(lost.param, "previous_response_id")


@check()
def kept(vendor, mark):
    plain = VENDORS[vendor]["plain"]
    first = client.responses.create(model=plain, input=hello(mark), instructions="Be kind.")
    same(client.responses.retrieve(first.id).output_text, first.output_text)
    [item] = client.responses.input_items.list(first.id).data
    # The simulated OpenAI shows items as they came.
    same(item.content if vendor == "openai" else item.content[0].text, hello(mark))
    second = client.responses.create(model=plain, input="And then?", previous_response_id=first.id)
    same((second.previous_response_id, second.output_text), (first.id, said(vendor, "And then?")))
    if vendor != "openai":
        told = [message["role"] for message in sent(vendor, mark)[-1]["body"]["messages"]]
        same(told, ["user", "assistant", "user"], "the whole conversation, and no instructions of before")
        listed = client.responses.input_items.list(second.id, limit=1, order="asc")
        same([item.content[0].text for item in listed], [hello(mark), said(vendor, hello(mark)), "And then?"], "pages")
    client.responses.delete(first.id)
    raised(openai.NotFoundError, 404, lambda: client.responses.retrieve(first.id), "deleted")


@check("anthropic")
def thoughts_are_kept(vendor, mark):
    asked = dict(model="claude", tools=tools, reasoning={"effort": "low"})
    response = client.responses.create(input=user(STEPS + mark), **asked)
    for city in ["Paris", "Rome", "Oslo"]:
        same(calls(response), [("get_weather", {"city": city})])
        response = client.responses.create(
            input=results(response, [f"sun in {city}"]), previous_response_id=response.id, **asked)
    same(response.output_text, FOUND + "sun in Paris; sun in Rome; sun in Oslo")
    turns = [turn for turn in sent(vendor, mark)[-1]["body"]["messages"] if turn["role"] == "assistant"]
    same([turn["content"][0]["type"] for turn in turns], ["thinking"] * 3, "thoughts that went back")


run()
