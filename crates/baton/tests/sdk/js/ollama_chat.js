// The Ollama library's chat, generate and embed, with every simulated provider behind them.

import { Ollama } from "ollama";
import {
  BASE_URL, FOUND, KEY, REPORT, REPORTED, STEPS, VENDORS, WEATHER, billed, check, hello, near, over, png, raised, run, said,
  same, seen, sent, vector,
} from "./harness.js";

const client = new Ollama({ host: BASE_URL, headers: { authorization: `Bearer ${KEY}` } });
const tools = [{ type: "function", function: { name: "get_weather", description: "Tells it", parameters: WEATHER } }];
const user = (content, more = {}) => [{ role: "user", content, ...more }];
const chat = (model, messages, more = {}) => client.chat({ model, messages, ...more });
const calls = (message) => (message.tool_calls ?? []).map((call) => [call.function.name, call.function.arguments]);
const called = (city) => ["get_weather", { city }];
const results = (words) => words.map((content) => ({ role: "tool", tool_name: "get_weather", content }));

check("text", async (vendor, mark) => {
  const reply = await chat(VENDORS[vendor].plain, [{ role: "system", content: "Be kind." }, ...user(hello(mark))]);
  same([reply.message.role, reply.message.content], ["assistant", said(vendor, hello(mark))]);
  same([reply.done, reply.done_reason], [true, "stop"]);
  same([reply.prompt_eval_count, reply.eval_count], await billed(vendor, mark));
  same(JSON.stringify((await sent(vendor, mark))[0].body).includes("Be kind."), true);
});

check("stream", async (vendor, mark) => {
  const parts = [];
  for await (const part of await chat(VENDORS[vendor].plain, user(hello(mark)), { stream: true })) parts.push(part);
  same(parts.map((part) => part.message.content ?? "").join(""), said(vendor, hello(mark)));
  const last = parts.at(-1);
  same([last.done, last.done_reason, parts.length > 5], [true, "stop", true]);
  same([last.prompt_eval_count, last.eval_count], await billed(vendor, mark));
});

check("generate", async (vendor, mark) => {
  const reply = await client.generate({ model: VENDORS[vendor].plain, prompt: hello(mark) });
  same([reply.response, reply.done_reason], [said(vendor, hello(mark)), "stop"]);
});

check("tool", async (vendor, mark) => {
  const messages = user(`What is the weather in Paris? aloud ${mark}`);
  const { message } = await chat(VENDORS[vendor].plain, messages, { tools });
  same([message.content, calls(message)], ["Let me look that up.", [called("Paris")]]);
  messages.push(message, ...results(["sunny"]));
  same((await chat(VENDORS[vendor].plain, messages, { tools })).message.content, `${FOUND}sunny`);
});

check("parallel tools", async (vendor, mark) => {
  const messages = user(`What is the weather in Paris and Rome? ${mark}`);
  const streamed = [];
  for await (const part of await chat(VENDORS[vendor].plain, messages, { tools, stream: true })) streamed.push(...calls(part.message));
  same(streamed, [called("Paris"), called("Rome")]);
  const { message } = await chat(VENDORS[vendor].plain, messages, { tools });
  same(calls(message), [called("Paris"), called("Rome")]);
  messages.push(message, ...results(["sunny", "rainy"]));
  same((await chat(VENDORS[vendor].plain, messages, { tools })).message.content, `${FOUND}sunny; rainy`);
});

check("loop with thinking", async (vendor, mark) => {
  const messages = user(STEPS + mark);
  for (const city of ["Paris", "Rome", "Oslo"]) {
    const { message } = await chat(VENDORS[vendor].thinks, messages, { tools, think: true });
    same(calls(message), [called(city)]);
    same(message.thinking.startsWith("The user wants an answer to this: "), true);
    messages.push(message, ...results([`sun in ${city}`]));
  }
  const { message } = await chat(VENDORS[vendor].thinks, messages, { tools, think: true });
  same(message.content, `${FOUND}sun in Paris; sun in Rome; sun in Oslo`);
  const turns = (await sent(vendor, mark)).at(-1).body.messages.filter((turn) => turn.role === "assistant");
  if (vendor === "anthropic") same(turns.map((turn) => turn.content[0].type), ["thinking", "thinking", "thinking"]);
});

check("image", async (vendor, mark) => {
  const picture = png(90 + vendor.length);
  const reply = await chat(VENDORS[vendor].plain, user(hello(mark), { images: [picture] }));
  same(reply.message.content.includes(seen(picture)), true, reply.message.content);
});

check("structured output", async (vendor, mark) => {
  const reply = await chat(VENDORS[vendor].plain, user(hello(mark)), { format: REPORT });
  same(JSON.parse(reply.message.content), REPORTED);
});

check("embeddings", async (vendor, mark) => {
  const input = [`one ${mark}`, "two"];
  const reply = await client.embed({ model: `embed-${vendor}`, input });
  input.forEach((text, place) => near(reply.embeddings[place], vector(text)));
  same(reply.prompt_eval_count, (await billed(vendor, mark))[0]);
}, { vendors: ["openai", "ollama"] });

check("errors", async (vendor, mark) => {
  class ResponseError {} // The library does not export its own.
  const fails = (model) => () => chat(model, user(hello(mark)));
  const fault = (name, status) => raised(ResponseError, status, fails(`${vendor}-${name}`), (error) => error.status_code);
  await fault("fail-429", 429);
  await fault("fail-503", 503);
  await fault("fail-context", 400);
  await raised(ResponseError, 404, fails("nobody"), (error) => error.status_code);
  const stranger = new Ollama({ host: BASE_URL, headers: { authorization: "Bearer wrong" } });
  await raised(ResponseError, 401, () => stranger.chat({ model: "gpt", messages: user("x") }), (error) => error.status_code);
});

check("error in a stream", async (vendor, mark) => {
  let text = "";
  const read = async () => {
    for await (const part of await chat(`${vendor}-error-mid-stream`, user(hello(mark)), { stream: true })) text += part.message.content;
  };
  await raised(Error, undefined, read);
  same(text, "You said:");
});

check("cancel", async (vendor, mark) => {
  const stream = await chat(`${vendor}-hang-mid-stream`, user(hello(mark)), { stream: true });
  for await (const part of stream) {
    if (part.message.content) break;
  }
  stream.abort();
  same((await over(vendor, mark)).disconnected, true);
});

await run();
