// The Anthropic SDK's counts, models and batches.

import Anthropic from "@anthropic-ai/sdk";
import { BASE_URL, KEY, VENDORS, check, hello, raised, run, same, sent } from "./harness.js";

const client = new Anthropic({ baseURL: BASE_URL, apiKey: KEY, maxRetries: 0, timeout: 60_000 });
const user = (content) => [{ role: "user", content }];

async function all(list) {
  const items = [];
  for await (const item of list) items.push(item);
  return items;
}

check("count tokens", async (vendor, mark) => {
  const model = VENDORS[vendor].plain;
  const count = async (prompt) => (await client.messages.countTokens({ model, messages: user(prompt) })).input_tokens;
  const [few, many] = [await count(mark), await count(mark + " word".repeat(50))];
  same([few > 0, many > few], [true, true]);
  same((await sent(vendor, mark)).length, vendor === "anthropic" ? 2 : 0);
});

check("models", async (vendor) => {
  const { plain } = VENDORS[vendor];
  const ids = (await all(client.models.list({ limit: 2 }))).map((model) => model.id);
  same([ids.filter((id) => id === plain).length, new Set(ids).size], [1, ids.length]);
  same((await client.models.retrieve(plain)).type, "model");
  await raised(Anthropic.NotFoundError, 404, () => client.models.retrieve("nobody"));
});

check("batches", async (vendor, mark) => {
  const params = { model: "claude", max_tokens: 50, messages: user(hello(mark)) };
  const made = await client.messages.batches.create({ requests: [{ custom_id: mark, params }] });
  same((await client.messages.batches.retrieve(made.id)).processing_status, "ended");
  same((await all(client.messages.batches.list())).map((batch) => batch.id).includes(made.id), true);
  const lines = await all(await client.messages.batches.results(made.id));
  same(lines.map(({ custom_id, result }) => [custom_id, result.type]), [[mark, "succeeded"]]);
  same((await client.messages.batches.delete(made.id)).id, made.id);
  await raised(Anthropic.NotFoundError, 404, () => client.messages.batches.retrieve(made.id));
}, { vendors: ["anthropic"] });

run();
