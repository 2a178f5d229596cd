// The OpenAI SDK's responses, with every simulated provider behind them.

import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { BASE_URL, FOUND, KEY, VENDORS, WEATHER, billed, check, hello, raised, run, said, same } from "./harness.js";

const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: KEY, maxRetries: 0, timeout: 60_000 });
const tools = [{ type: "function", name: "get_weather", description: "Tells it", parameters: WEATHER, strict: false }];
const respond = (model, input, more = {}) => client.responses.create({ model, input, ...more });
const made = (response) => response.output.filter((item) => item.type === "function_call");
const calls = (response) => made(response).map(({ name, arguments: text }) => [name, JSON.parse(text)]);

check("text", async (vendor, mark) => {
  const response = await respond(VENDORS[vendor].plain, hello(mark), { instructions: "Be kind." });
  same([response.status, response.output_text], ["completed", said(vendor, hello(mark))]);
  same([response.usage.input_tokens, response.usage.output_tokens], await billed(vendor, mark));
});

check("stream", async (vendor, mark) => {
  const [kinds, pieces] = [[], []];
  let last = null;
  for await (const event of await respond(VENDORS[vendor].plain, hello(mark), { stream: true })) {
    same(event.sequence_number, kinds.length);
    kinds.push(event.type);
    if (event.type === "response.output_text.delta") pieces.push(event.delta);
    last = event;
  }
  same([kinds[0], kinds.at(-1), pieces.length > 5], ["response.created", "response.completed", true]);
  same(pieces.join(""), said(vendor, hello(mark)));
  same([last.response.usage.input_tokens, last.response.usage.output_tokens], await billed(vendor, mark));
});

check("parallel tools", async (vendor, mark) => {
  const input = [{ role: "user", content: `What is the weather in Paris and Rome? ${mark}` }];
  const both = [["get_weather", { city: "Paris" }], ["get_weather", { city: "Rome" }]];
  const model = VENDORS[vendor].plain;
  same(calls(await client.responses.stream({ model, input, tools }).finalResponse()), both);
  const response = await respond(model, input, { tools });
  same(calls(response), both);
  const results = ["sunny", "rainy"].map((output, place) => ({
    type: "function_call_output", call_id: made(response)[place].call_id, output,
  }));
  const end = await respond(model, [...input, ...response.output, ...results], { tools });
  same(end.output_text, `${FOUND}sunny; rainy`);
});

check("structured output", async (vendor, mark) => {
  const format = zodTextFormat(z.object({ sunny: z.boolean(), notes: z.array(z.string()) }), "report");
  const response = await client.responses.parse({ model: VENDORS[vendor].plain, input: hello(mark), text: { format } });
  same(response.output_parsed, { sunny: true, notes: ["simulated"] });
});

check("kept", async (vendor, mark) => {
  const model = VENDORS[vendor].plain;
  const first = await respond(model, hello(mark));
  same((await client.responses.retrieve(first.id)).output_text, first.output_text);
  const { data } = await client.responses.inputItems.list(first.id);
  // The simulated OpenAI shows items as they came.
  same(data.map((item) => (vendor === "openai" ? item.content : item.content[0].text)), [hello(mark)]);
  const second = await respond(model, "And then?", { previous_response_id: first.id });
  same([second.previous_response_id, second.output_text], [first.id, said(vendor, "And then?")]);
  await client.responses.delete(first.id);
  await raised(OpenAI.NotFoundError, 404, () => client.responses.retrieve(first.id));
});

check("errors", async (vendor, mark) => {
  const { plain } = VENDORS[vendor];
  await raised(OpenAI.RateLimitError, 429, () => respond(`${vendor}-fail-429`, hello(mark)));
  const long = await raised(OpenAI.BadRequestError, 400, () => respond(`${vendor}-fail-context`, hello(mark)));
  same(long.code, "context_length_exceeded");
  const missing = await raised(OpenAI.NotFoundError, 404, () => respond("nobody", hello(mark)));
  same([missing.code, missing.param], ["model_not_found", "model"]);
  const stranger = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: "wrong", maxRetries: 0 });
  await raised(OpenAI.AuthenticationError, 401, () => stranger.responses.create({ model: plain, input: hello(mark) }));
  // An admin's unknown response may be one that OpenAI keeps, so it goes on to OpenAI, which says 400.
  const [error, status] = vendor === "openai" ? [OpenAI.BadRequestError, 400] : [OpenAI.NotFoundError, 404];
  const lost = await raised(error, status, () => respond(plain, hello(mark), { previous_response_id: "resp_none" }));
  same(lost.param, "previous_response_id");
});

run();
