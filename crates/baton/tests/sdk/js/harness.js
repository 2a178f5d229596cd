// Runs named checks at once and tells of each; asks the simulated providers what they saw.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { deflateSync, crc32 } from "node:zlib";

export const [BASE_URL, KEY] = process.argv.slice(2);
const SIMS = JSON.parse(process.argv[4]);

// What stands behind the models: a plain one, one that shows its thoughts, and what the provider calls them.
export const VENDORS = {
  openai: { plain: "gpt", upstream: "gpt-4o-mini", thinks: "gpt-thinks" },
  anthropic: { plain: "claude", upstream: "claude-sonnet-4-5", thinks: "claude" },
  ollama: { plain: "llama", upstream: "llama3.2:latest", thinks: "qwen" },
};

const checks = [];

// Registers a function as a check, once a vendor; its arguments are the vendor and a text found in no other check.
// `awaits` names, by vendor, what Baton can't do yet: the check must fail then, so that the mark goes as soon as it is done.
export function check(what, run, { vendors = Object.keys(VENDORS), awaits = {} } = {}) {
  for (const vendor of vendors) checks.push({ name: `${what} × ${vendor}`, run, vendor, awaited: awaits[vendor] });
}

// Runs all checks; the process ends with an error if one failed.
export async function run() {
  let failed = 0;
  const told = await Promise.all(checks.map(async ({ name, run, vendor, awaited }) => {
    let trouble = null;
    try {
      await run(vendor, "mark" + createHash("sha256").update(name).digest("hex").slice(0, 12));
    } catch (error) {
      trouble = error?.stack ?? String(error);
    }
    if (Boolean(trouble) !== Boolean(awaited)) {
      failed += 1;
      return `FAIL ${name}\n${trouble ?? `it works by now, though it awaits: ${awaited}`}`;
    }
    return `ok   ${name}${awaited ? ` (fails as known: ${awaited})` : ""}`;
  }));
  console.log(told.join("\n"));
  console.log(`${checks.length} checks, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

export const same = assert.deepEqual;

async function ask(vendor, question, mark) {
  const reply = await fetch(`http://${SIMS[vendor]}/_sim/${question}?containing=${mark}`);
  const requests = await reply.json();
  return requests.sort((a, b) => turns(a) - turns(b));
}

const turns = (request) => request.body?.messages?.length ?? 0;

// The requests with that text that came to the provider, each with body, billed tokens and how it ended. The longest
// conversation comes last, so that a turn that was asked again is not taken for the end.
export const sent = (vendor, mark) => ask(vendor, "requests", mark);

// The last request with that text, once it is over.
export const over = async (vendor, mark) => (await ask(vendor, "over", mark)).at(-1);

// Tokens of input and output of the last request with that text.
export async function billed(vendor, mark) {
  const bill = (await sent(vendor, mark)).at(-1).billed;
  return [bill.input + bill.cache_read + bill.cache_write, bill.output];
}

export const hello = (mark) => `Say hello ${mark}`;

// What the provider says to a prompt.
export const said = (vendor, prompt) =>
  `You said: ${prompt} I am ${VENDORS[vendor].upstream}, a simulated model, and this is my answer.`;

// A picture of one pixel.
export function png(red) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const pixel = deflateSync(Buffer.from([0, red, 20, 30]));
  return Buffer.concat([start, chunk("IHDR", header), chunk("IDAT", pixel), chunk("IEND", Buffer.alloc(0))]);
}

// What a provider says that it sees in a picture.
export function seen(picture) {
  const print = createHash("sha256").update(picture).digest("hex").slice(0, 16);
  return `I also see a picture: image/png ${picture.length} bytes ${print}.`;
}

// The embedding of a text.
export function vector(text, length = 8) {
  const values = Array(length).fill(1);
  Buffer.from(text).forEach((byte, place) => { values[place % length] += byte; });
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return values.map((value) => value / norm);
}

export function near(found, wanted) {
  assert.equal(found.length, wanted.length);
  found.forEach((value, place) => assert.ok(Math.abs(value - wanted[place]) < 1e-5, `${found} is not ${wanted}`));
}

// The error of that class and status that the call ends with.
export async function raised(kind, status, call, statusOf = (error) => error.status) {
  const error = await call().then(() => null, (error) => error);
  assert.ok(error, `nothing was thrown instead of ${kind.name} ${status}`);
  assert.deepEqual([error.constructor.name, statusOf(error)], [kind.name, status], error.stack);
  return error;
}

export const WEATHER = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
export const REPORT = {
  type: "object",
  properties: {
    city: {
      type: "object",
      properties: { name: { type: "string" }, people: { type: "integer" } },
      required: ["name", "people"],
      additionalProperties: false,
    },
    sunny: { type: "boolean" },
    notes: { type: "array", items: { type: "string" } },
  },
  required: ["city", "sunny", "notes"],
  additionalProperties: false,
};
export const REPORTED = { city: { name: "simulated", people: 1 }, sunny: true, notes: ["simulated"] };
export const STEPS = "What is the weather in Paris then Rome then Oslo? ";
export const FOUND = "Here is what I found: ";
