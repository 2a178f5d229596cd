// A chat over Baton with OpenAI's library (npm install openai), as a stream.
//
//   BATON_URL=http://127.0.0.1:8080 BATON_API_KEY=bt-… node chat.mjs MODEL "What is the capital of France?"

import OpenAI from "openai";

const client = new OpenAI({
  baseURL: (process.env.BATON_URL ?? "http://127.0.0.1:8080") + "/v1",
  apiKey: process.env.BATON_API_KEY,
});
const [model, question] = process.argv.slice(2);

const stream = await client.chat.completions.create({
  model,
  messages: [{ role: "user", content: question }],
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  for (const choice of chunk.choices) process.stdout.write(choice.delta.content ?? "");
  if (chunk.usage) {
    const { prompt_tokens, completion_tokens } = chunk.usage;
    console.log(`\n[${chunk.model}: ${prompt_tokens} tokens in, ${completion_tokens} out]`);
  }
}
