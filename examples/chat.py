"""A chat over Baton with OpenAI's library (pip install openai), as a stream.

BATON_URL=http://127.0.0.1:8080 BATON_API_KEY=bt-… python chat.py MODEL "What is the capital of France?"
"""

import os
import sys

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("BATON_URL", "http://127.0.0.1:8080") + "/v1",
    api_key=os.environ["BATON_API_KEY"],
)
model, question = sys.argv[1:3]
stream = client.chat.completions.create(
    model=model,
    messages=[{"role": "user", "content": question}],
    stream=True,
    stream_options={"include_usage": True},
)
for chunk in stream:
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
    if chunk.usage:
        print(f"\n[{chunk.model}: {chunk.usage.prompt_tokens} tokens in, {chunk.usage.completion_tokens} out]")
