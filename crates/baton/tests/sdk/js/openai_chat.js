// The OpenAI SDK's chat completions and embeddings, with every simulated provider behind them.

import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import {
  BASE_URL, FOUND, KEY, REPORTED, STEPS, VENDORS, WEATHER, billed, check, hello, near, over, png, raised, run, said, same,
  seen, sent, vector,
} from "./harness.js";

const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: KEY, maxRetries: 0, timeout: 60_000 });
const tools = [{ type: "function", function: { name: "get_weather", description: "Tells it", parameters: WEATHER } }];
const user = (content) => [{ role: "user", content }];
const chat = (model, messages, more = {}) => client.chat.completions.create({ model, messages, ...more });
const calls = (message) => message.tool_calls.map(({ type, function: { name, arguments: text } }) => [type, name, JSON.parse(text)]);
const called = (city) => ["function", "get_weather", { city }];
const results = (message, words) => {
  same(new Set(message.tool_calls.map((call) => call.id)).size, words.length);
  return message.tool_calls.map((call, place) => ({ role: "tool", tool_call_id: call.id, content: words[place] }));
};

check("text", async (vendor, mark) => {
  const messages = [{ role: "developer", content: "Be kind." }, ...user(hello(mark))];
  const reply = await chat(VENDORS[vendor].plain, messages, { temperature: 0.5, stop: ["ZZZ"], max_completion_tokens: 200 });
  const [{ message, finish_reason }] = reply.choices;
  same([message.role, message.content, finish_reason], ["assistant", said(vendor, hello(mark)), "stop"]);
  const [read, written] = await billed(vendor, mark);
  same([reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens], [read, written, read + written]);
  same(JSON.stringify((await sent(vendor, mark))[0].body).includes("Be kind."), true);
});

check("stream", async (vendor, mark) => {
  const [pieces, reasons] = [[], []];
  let usage = null;
  for await (const chunk of await chat(VENDORS[vendor].plain, user(hello(mark)), { stream: true, stream_options: { include_usage: true } })) {
    usage = chunk.usage ?? usage;
    for (const { delta, finish_reason } of chunk.choices) {
      if (delta.content) pieces.push(delta.content);
      if (finish_reason) reasons.push(finish_reason);
    }
  }
  same([pieces.join(""), reasons, pieces.length > 5], [said(vendor, hello(mark)), ["stop"], true]);
  same([usage.prompt_tokens, usage.completion_tokens], await billed(vendor, mark));
});

check("tool", async (vendor, mark) => {
  const messages = user(`What is the weather in Paris? aloud ${mark}`);
  const [{ message, finish_reason }] = (await chat(VENDORS[vendor].plain, messages, { tools })).choices;
  same([finish_reason, message.content, calls(message)], ["tool_calls", "Let me look that up.", [called("Paris")]]);
  messages.push(message, ...results(message, ["sunny"]));
  same((await chat(VENDORS[vendor].plain, messages, { tools })).choices[0].message.content, `${FOUND}sunny`);
});

check("parallel tools", async (vendor, mark) => {
  const messages = user(`What is the weather in Paris and Rome? ${mark}`);
  const model = VENDORS[vendor].plain;
  const streamed = (await client.chat.completions.stream({ model, messages, tools }).finalChatCompletion()).choices[0].message;
  same(calls(streamed), [called("Paris"), called("Rome")]);
  const { message } = (await chat(model, messages, { tools })).choices[0];
  same(calls(message), [called("Paris"), called("Rome")]);
  messages.push(message, ...results(message, ["sunny", "rainy"]));
  same((await chat(model, messages, { tools })).choices[0].message.content, `${FOUND}sunny; rainy`);
});

// Three steps with a thought and a call each; `back` is how a reply goes into the conversation.
const loop = (back, streamed) => async (vendor, mark) => {
  const messages = user(STEPS + mark);
  const asked = { model: VENDORS[vendor].thinks, messages, tools, reasoning_effort: "low" };
  for (const city of ["Paris", "Rome", "Oslo"]) {
    const reply = streamed
      ? await client.chat.completions.stream(asked).finalChatCompletion()
      : await client.chat.completions.create(asked);
    const { message } = reply.choices[0];
    same(calls(message), [called(city)]);
    if (!streamed) same(message.reasoning_content.startsWith("The user wants an answer to this: "), true);
    messages.push(back(message), ...results(message, [`sun in ${city}`]));
  }
  const reply = await client.chat.completions.create(asked);
  same(reply.choices[0].message.content, `${FOUND}sun in Paris; sun in Rome; sun in Oslo`);
  const turns = (await sent(vendor, mark)).at(-1).body.messages.filter((turn) => turn.role === "assistant");
  same(turns.length, 3);
  if (vendor === "anthropic") same(turns.map((turn) => turn.content[0].type), ["thinking", "thinking", "thinking"]);
};
// This SDK keeps of a streamed thought only the last piece.
check("loop with thinking kept", loop((message) => message, false));
check("loop with thinking from streams", loop((message) => message, true));
check("loop with thinking dropped", loop(({ role, tool_calls }) => ({ role, tool_calls }), false));

check("image", async (vendor, mark) => {
  const picture = png(30 + vendor.length);
  const url = `data:image/png;base64,${picture.toString("base64")}`;
  const content = [{ type: "text", text: hello(mark) }, { type: "image_url", image_url: { url } }];
  const reply = await chat(VENDORS[vendor].plain, user(content));
  same(reply.choices[0].message.content.includes(seen(picture)), true, reply.choices[0].message.content);
});

const Report = z.object({
  city: z.object({ name: z.string(), people: z.number().int() }), sunny: z.boolean(), notes: z.array(z.string()),
});

check("structured output", async (vendor, mark) => {
  const { parsed } = (await client.chat.completions.parse({
    model: VENDORS[vendor].plain, messages: user(hello(mark)), response_format: zodResponseFormat(Report, "report"),
  })).choices[0].message;
  // The schema says the least integer there is, and the simulated model takes it.
  same({ ...parsed, city: { ...parsed.city, people: 1 } }, REPORTED);
});

check("embeddings", async (vendor, mark) => {
  const input = [`one ${mark}`, "two"];
  const decoded = await client.embeddings.create({ model: `embed-${vendor}`, input });
  const floats = await client.embeddings.create({ model: `embed-${vendor}`, input, encoding_format: "float" });
  input.forEach((text, place) => {
    near(decoded.data[place].embedding, vector(text));
    near(floats.data[place].embedding, vector(text));
  });
  same(decoded.usage.prompt_tokens, (await billed(vendor, mark))[0]);
}, { vendors: ["openai", "ollama"] });

check("errors", async (vendor, mark) => {
  const fails = (model, messages = user(hello(mark)), more = {}) => () => chat(model, messages, more);
  const limited = await raised(OpenAI.RateLimitError, 429, fails(`${vendor}-fail-429`));
  same([Number(limited.headers.get("retry-after")) >= 1, limited.headers.get("x-should-retry")], [true, "true"]);
  const own = vendor === "openai";
  await raised(OpenAI.InternalServerError, 503, fails(`${vendor}-fail-503`));
  await raised(OpenAI.InternalServerError, own ? 500 : 502, fails(`${vendor}-fail-500`));
  same((await raised(OpenAI.BadRequestError, 400, fails(`${vendor}-fail-context`))).code, "context_length_exceeded");
  await raised(OpenAI.BadRequestError, 400, fails(VENDORS[vendor].plain, []));
  same((await raised(OpenAI.NotFoundError, 404, fails("nobody"))).code, "model_not_found");
  const stranger = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: "wrong", maxRetries: 0 });
  await raised(OpenAI.AuthenticationError, 401, () => stranger.models.list());
});

check("error in a stream", async (vendor, mark) => {
  let text = "";
  const read = async () => {
    for await (const chunk of await chat(`${vendor}-error-mid-stream`, user(hello(mark)), { stream: true })) {
      text += chunk.choices[0]?.delta.content ?? "";
    }
  };
  await raised(OpenAI.APIError, undefined, read);
  same(text, "You said:");
});

check("cancel", async (vendor, mark) => {
  const stream = await chat(`${vendor}-hang-mid-stream`, user(hello(mark)), { stream: true });
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) break;
  }
  stream.controller.abort();
  same((await over(vendor, mark)).disconnected, true);
});

await run();
