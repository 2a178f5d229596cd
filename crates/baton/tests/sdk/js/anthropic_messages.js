// The Anthropic SDK's messages, with every simulated provider behind them.

import Anthropic from "@anthropic-ai/sdk";
import {
  BASE_URL, FOUND, KEY, REPORT, REPORTED, STEPS, VENDORS, WEATHER, billed, check, hello, over, png, raised, run, said, same,
  seen, sent,
} from "./harness.js";

const client = new Anthropic({ baseURL: BASE_URL, apiKey: KEY, maxRetries: 0, timeout: 60_000 });
const tools = [{ name: "get_weather", description: "Tells it", input_schema: WEATHER }];
const user = (content) => [{ role: "user", content }];
const asked = (model, messages, more = {}) => ({ model, max_tokens: 200, messages, ...more });
const calls = (reply) => reply.content.filter(({ type }) => type === "tool_use").map(({ name, input }) => [name, input]);
const called = (city) => ["get_weather", { city }];
const results = (reply, words) => {
  const ids = reply.content.filter(({ type }) => type === "tool_use").map(({ id }) => id);
  same(new Set(ids).size, words.length);
  return user(ids.map((tool_use_id, place) => ({ type: "tool_result", tool_use_id, content: words[place] })));
};
const tokens = ({ input_tokens, cache_read_input_tokens, cache_creation_input_tokens, output_tokens }) =>
  [input_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0), output_tokens];

check("text", async (vendor, mark) => {
  const reply = await client.messages.create(asked(VENDORS[vendor].plain, user(hello(mark)), { system: "Be kind." }));
  same([reply.content[0].text, reply.content.length, reply.stop_reason], [said(vendor, hello(mark)), 1, "end_turn"]);
  same(tokens(reply.usage), await billed(vendor, mark));
  same(JSON.stringify((await sent(vendor, mark))[0].body).includes("Be kind."), true);
});

check("stream", async (vendor, mark) => {
  const stream = client.messages.stream(asked(VENDORS[vendor].plain, user(hello(mark))));
  let pieces = 0;
  stream.on("text", () => { pieces += 1; });
  const reply = await stream.finalMessage();
  same([reply.content[0].text, reply.stop_reason, pieces > 5], [said(vendor, hello(mark)), "end_turn", true]);
  same(tokens(reply.usage), await billed(vendor, mark));
});

check("tool", async (vendor, mark) => {
  const messages = user(`What is the weather in Paris? aloud ${mark}`);
  const reply = await client.messages.create(asked(VENDORS[vendor].plain, messages, { tools }));
  same([reply.stop_reason, reply.content[0].text, calls(reply)], ["tool_use", "Let me look that up.", [called("Paris")]]);
  messages.push({ role: "assistant", content: reply.content }, ...results(reply, ["sunny"]));
  const end = await client.messages.create(asked(VENDORS[vendor].plain, messages, { tools }));
  same([end.content[0].text, end.stop_reason], [`${FOUND}sunny`, "end_turn"]);
});

check("parallel tools", async (vendor, mark) => {
  const messages = user(`What is the weather in Paris and Rome? ${mark}`);
  const streamed = await client.messages.stream(asked(VENDORS[vendor].plain, messages, { tools })).finalMessage();
  same(calls(streamed), [called("Paris"), called("Rome")]);
  const reply = await client.messages.create(asked(VENDORS[vendor].plain, messages, { tools }));
  same(calls(reply), [called("Paris"), called("Rome")]);
  messages.push({ role: "assistant", content: reply.content }, ...results(reply, ["sunny", "rainy"]));
  const end = await client.messages.create(asked(VENDORS[vendor].plain, messages, { tools }));
  same(end.content[0].text, `${FOUND}sunny; rainy`);
});

// Three steps with a thought and a call each, all of which go back as they came.
const loop = (streamed) => async (vendor, mark) => {
  const [messages, thoughts] = [user(STEPS + mark), []];
  const more = { tools, max_tokens: 2000, thinking: { type: "enabled", budget_tokens: 1024 } };
  for (const city of ["Paris", "Rome", "Oslo"]) {
    const body = asked(VENDORS[vendor].thinks, messages, more);
    const reply = streamed ? await client.messages.stream(body).finalMessage() : await client.messages.create(body);
    same([reply.content.map(({ type }) => type), calls(reply)], [["thinking", "tool_use"], [called(city)]]);
    thoughts.push(reply.content[0]);
    messages.push({ role: "assistant", content: reply.content }, ...results(reply, [`sun in ${city}`]));
  }
  const end = await client.messages.create(asked(VENDORS[vendor].thinks, messages, more));
  same(end.content.at(-1).text, `${FOUND}sun in Paris; sun in Rome; sun in Oslo`);
  const turns = (await sent(vendor, mark)).at(-1).body.messages.filter((turn) => turn.role === "assistant");
  if (vendor === "anthropic") same(turns.map((turn) => turn.content[0]), thoughts);
};
check("loop with thinking", loop(false));
check("loop with streamed thinking", loop(true));

check("image", async (vendor, mark) => {
  const picture = png(60 + vendor.length);
  const source = { type: "base64", media_type: "image/png", data: picture.toString("base64") };
  const content = [{ type: "text", text: hello(mark) }, { type: "image", source }];
  const reply = await client.messages.create(asked(VENDORS[vendor].plain, user(content)));
  same(reply.content[0].text.includes(seen(picture)), true, reply.content[0].text);
});

check("structured output", async (vendor, mark) => {
  const output_config = { format: { type: "json_schema", schema: REPORT } };
  const reply = await client.messages.create(asked(VENDORS[vendor].plain, user(hello(mark)), { output_config }));
  same(JSON.parse(reply.content[0].text), REPORTED);
});

check("errors", async (vendor, mark) => {
  const fails = (model, messages = user(hello(mark))) => () => client.messages.create(asked(model, messages));
  const limited = await raised(Anthropic.RateLimitError, 429, fails(`${vendor}-fail-429`));
  same([Number(limited.headers.get("retry-after")) >= 1, limited.error.error.type], [true, "rate_limit_error"]);
  const busy = await raised(Anthropic.OverloadedError, 529, fails(`${vendor}-fail-529`));
  same(busy.error.error.type, "overloaded_error");
  await raised(Anthropic.InternalServerError, vendor === "anthropic" ? 500 : 502, fails(`${vendor}-fail-500`));
  await raised(Anthropic.BadRequestError, 400, fails(`${vendor}-fail-context`));
  await raised(Anthropic.BadRequestError, 400, fails(VENDORS[vendor].plain, []));
  same((await raised(Anthropic.NotFoundError, 404, fails("nobody"))).error.error.type, "not_found_error");
  const stranger = new Anthropic({ baseURL: BASE_URL, apiKey: "wrong", maxRetries: 0 });
  await raised(Anthropic.AuthenticationError, 401, () => stranger.messages.create(asked("claude", user("x"))));
});

check("error in a stream", async (vendor, mark) => {
  let text = "";
  const read = async () => {
    const body = asked(`${vendor}-error-mid-stream`, user(hello(mark)), { stream: true });
    for await (const event of await client.messages.create(body)) text += event.delta?.text ?? "";
  };
  const error = await read().then(() => null, (error) => error);
  same([error instanceof Anthropic.APIError, text], [true, "You said:"]);
});

check("cancel", async (vendor, mark) => {
  const stream = await client.messages.create(asked(`${vendor}-hang-mid-stream`, user(hello(mark)), { stream: true }));
  for await (const event of stream) {
    if (event.delta?.text) break;
  }
  stream.controller.abort();
  same((await over(vendor, mark)).disconnected, true);
});

await run();
