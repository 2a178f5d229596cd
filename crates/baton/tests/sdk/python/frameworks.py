"""What is built upon the SDKs, one smoke test each: LangChain, pydantic-ai and LlamaIndex call a tool and tell its result,
with every simulated provider behind them."""

import os

os.environ["LANGSMITH_TRACING"] = "false"

from harness import BASE_URL, FOUND, KEY, VENDORS, check, run, same  # noqa: E402
from langchain_anthropic import ChatAnthropic  # noqa: E402
from langchain_core.messages import HumanMessage, ToolMessage  # noqa: E402
from langchain_ollama import ChatOllama  # noqa: E402
from langchain_openai import ChatOpenAI  # noqa: E402
from llama_index.core.llms import ChatMessage  # noqa: E402
from llama_index.llms.ollama import Ollama  # noqa: E402
from pydantic_ai import Agent  # noqa: E402
from pydantic_ai.models.anthropic import AnthropicModel  # noqa: E402
from pydantic_ai.models.openai import OpenAIChatModel  # noqa: E402
from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: E402
from pydantic_ai.providers.openai import OpenAIProvider  # noqa: E402


def get_weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sun in {city}"


def question(mark):
    return f"What is the weather in Paris and Rome? {mark}"


ANSWER = FOUND + "sun in Paris; sun in Rome"


def langchain(model, mark):
    model = model.bind_tools([get_weather])
    messages = [HumanMessage(question(mark))]
    whole = None
    for chunk in model.stream(messages):
        whole = chunk if whole is None else whole + chunk
    same([call["args"] for call in whole.tool_calls], [{"city": "Paris"}, {"city": "Rome"}])
    messages += [whole, *(ToolMessage(get_weather(**call["args"]), tool_call_id=call["id"]) for call in whole.tool_calls)]
    same(model.invoke(messages).text, ANSWER)


@check()
def langchain_openai(vendor, mark):
    langchain(ChatOpenAI(model=VENDORS[vendor]["plain"], base_url=f"{BASE_URL}/v1", api_key=KEY), mark)


@check()
def langchain_anthropic(vendor, mark):
    langchain(ChatAnthropic(model=VENDORS[vendor]["plain"], base_url=BASE_URL, api_key=KEY, max_tokens=500), mark)


@check()
def langchain_ollama(vendor, mark):
    headers = {"headers": {"authorization": f"Bearer {KEY}"}}
    langchain(ChatOllama(model=VENDORS[vendor]["plain"], base_url=BASE_URL, client_kwargs=headers), mark)


def pydantic_ai(model, mark):
    result = Agent(model, tools=[get_weather], instructions="Be kind.").run_sync(question(mark))
    same(result.output, ANSWER)


@check()
def pydantic_ai_openai(vendor, mark):
    provider = OpenAIProvider(base_url=f"{BASE_URL}/v1", api_key=KEY)
    pydantic_ai(OpenAIChatModel(VENDORS[vendor]["plain"], provider=provider), mark)


@check()
def pydantic_ai_anthropic(vendor, mark):
    provider = AnthropicProvider(base_url=BASE_URL, api_key=KEY)
    pydantic_ai(AnthropicModel(VENDORS[vendor]["plain"], provider=provider), mark)


@check()
def llama_index(vendor, mark):
    from ollama import Client

    client = Client(host=BASE_URL, headers={"authorization": f"Bearer {KEY}"})
    model = Ollama(model=VENDORS[vendor]["plain"], client=client, context_window=4096, request_timeout=60)
    prompt = f"Say hello {mark}"
    wanted = f"You said: {prompt} I am {VENDORS[vendor]['upstream']}, a simulated model, and this is my answer."
    same(model.chat([ChatMessage(role="user", content=prompt)]).message.content, wanted)
    same("".join(part.delta or "" for part in model.stream_chat([ChatMessage(role="user", content=prompt)])), wanted)


run()
