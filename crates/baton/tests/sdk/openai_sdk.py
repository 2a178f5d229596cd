"""What a program sees that uses the official OpenAI SDK: run with the address of a `baton demo` and its key."""

import json
import sys

import openai

base_url, key = sys.argv[1:]
client = openai.OpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=0, timeout=60)
hello = [{"role": "user", "content": "Say hello"}]
tools = [{
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}]


def expect(condition, what):
    if not condition:
        sys.exit(f"FAIL {what}")


for model in ["gpt", "claude", "llama"]:
    reply = client.chat.completions.create(model=model, messages=hello)
    expect("Say hello" in reply.choices[0].message.content, f"{model}: text")
    expect(reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens, f"{model}: usage")

    pieces, usage = [], None
    stream = client.chat.completions.create(
        model=model, messages=hello, stream=True, stream_options={"include_usage": True})
    for chunk in stream:
        usage = chunk.usage or usage
        pieces += [choice.delta.content or "" for choice in chunk.choices]
    expect("".join(pieces) == reply.choices[0].message.content, f"{model}: streamed text")
    expect(usage == reply.usage or usage.total_tokens == reply.usage.total_tokens, f"{model}: streamed usage")

    messages = [{"role": "user", "content": "What is the weather in Paris and Rome?"}]
    reply = client.chat.completions.create(model=model, messages=messages, tools=tools)
    calls = reply.choices[0].message.tool_calls
    expect([json.loads(call.function.arguments)["city"] for call in calls] == ["Paris", "Rome"], f"{model}: tool calls")
    messages.append(reply.choices[0].message.model_dump(exclude_none=True))
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in calls]
    reply = client.chat.completions.create(model=model, messages=messages, tools=tools)
    expect("sunny" in reply.choices[0].message.content, f"{model}: tool results")

vectors = client.embeddings.create(model="embed", input=["a", "b"])
expect(len(vectors.data) == 2 and isinstance(vectors.data[1].embedding[0], float), "embeddings")
expect("claude" in [model.id for model in client.models.list()], "models")


def refused(what, kind, status, call):
    try:
        call()
    except kind as error:
        expect(error.status_code == status, f"{what}: status {error.status_code}")
        expect(error.response.headers["x-request-id"], f"{what}: request id")
    else:
        sys.exit(f"FAIL {what}: no error")


def chat(model, **more):
    return lambda: client.chat.completions.create(model=model, messages=hello, **more)


refused("unknown model", openai.NotFoundError, 404, chat("nobody"))
refused("wrong capability", openai.BadRequestError, 400, chat("embed"))
refused("too long", openai.BadRequestError, 400, lambda: client.chat.completions.create(
    model="tiny", messages=[{"role": "user", "content": "word " * 200}]))
refused("broken provider", openai.InternalServerError, 502, chat("broken"))
refused("wrong key", openai.AuthenticationError, 401, lambda: openai.OpenAI(
    base_url=f"{base_url}/v1", api_key="wrong", max_retries=0).models.list())
print("ok")
