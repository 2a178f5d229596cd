"""Wrong requests by the SDKs where Baton translates: what their users are told."""

import anthropic
import openai
from harness import BASE_URL, KEY, VENDORS, check, raised, run, same, sent

openai_client = openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key=KEY, max_retries=0, timeout=60)
anthropic_client = anthropic.Anthropic(base_url=BASE_URL, api_key=KEY, max_retries=0, timeout=60)
DEEP = {"type": "string"}
for _ in range(200):
    DEEP = {"type": "object", "properties": {"a": DEEP}}


def user(content):
    return [{"role": "user", "content": content}]


@check("anthropic", "ollama")
def chats(vendor, mark):
    def tool(parameters):
        return {"tools": [{"type": "function", "function": {"name": "a", "parameters": parameters}}]}

    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": 7}}
    roles = "must be system, developer, user, assistant or tool"
    for more, param, message in [
        ({"messages": []}, "messages", "messages: must be an array that is not empty, got []"),
        ({"messages": [{"role": "wizard", "content": mark}]}, "messages[0].role", f"messages[0].role: {roles}"),
        (tool(7), "tools[0].function.parameters", "tools[0].function.parameters: must be an object"),
        ({"response_format": form}, "response_format.json_schema.schema",
         "response_format.json_schema.schema: must be an object"),
        ({"max_tokens": -1}, "max_tokens", "max_tokens: must be a positive integer, got -1"),
    ]:
        error = raised(openai.BadRequestError, 400, lambda: openai_client.chat.completions.create(
            **{"model": VENDORS[vendor]["plain"], "messages": user(mark), **more}), message)
        same((error.body["message"], error.param, error.type), (message, param, "invalid_request_error"))
    deep = raised(openai.BadRequestError, 400, lambda: openai_client.chat.completions.create(
        model=VENDORS[vendor]["plain"], messages=user(mark), **tool(DEEP)), "deep")
    same(deep.body["message"].startswith("the body is nested deeper than 128 levels at byte "), True, deep.body)
    same(sent(vendor, mark), [], "nobody was called")


@check("openai", "ollama")
def messages(vendor, mark):
    for more, message in [
        ({"messages": []}, "messages: must be an array that is not empty, got []"),
        ({"messages": [{"role": "wizard", "content": mark}]}, "messages[0].role: must be user or assistant"),
        ({"tools": [{"name": "a", "input_schema": 7}]}, "tools[0].input_schema: must be an object"),
        ({"max_tokens": -1}, "max_tokens: must be a positive integer, got -1"),
    ]:
        error = raised(anthropic.BadRequestError, 400, lambda: anthropic_client.messages.create(
            **{"model": VENDORS[vendor]["plain"], "max_tokens": 50, "messages": user(mark), **more}), message)
        same(error.body["error"], {"type": "invalid_request_error", "message": message})
    same(sent(vendor, mark), [], "nobody was called")


@check()
def a_null_character_arrives(vendor, mark):
    reply = openai_client.chat.completions.create(
        model=VENDORS[vendor]["plain"], messages=user(f"a\0b {mark}"))
    same(f"a\0b {mark}" in reply.choices[0].message.content, True, reply.choices[0].message.content)


run()
