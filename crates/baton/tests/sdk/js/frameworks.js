// What is built upon the APIs: the Vercel AI SDK calls a tool and tells its result, with every simulated provider behind it.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { BASE_URL, FOUND, KEY, VENDORS, check, run, same } from "./harness.js";

const openai = createOpenAICompatible({ name: "baton", baseURL: `${BASE_URL}/v1`, apiKey: KEY });
const anthropic = createAnthropic({ baseURL: `${BASE_URL}/v1`, apiKey: KEY });
const tools = {
  get_weather: tool({
    description: "Tells the weather of a city",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => `sun in ${city}`,
  }),
};

for (const [name, provider] of Object.entries({ openai, anthropic })) {
  const asked = (vendor, mark) => ({
    model: provider(VENDORS[vendor].plain),
    tools,
    prompt: `What is the weather in Paris and Rome? ${mark}`,
    stopWhen: stepCountIs(3),
    maxOutputTokens: 500,
  });
  check(`Vercel AI SDK over ${name}`, async (vendor, mark) => {
    const whole = await generateText(asked(vendor, mark));
    same([whole.text, whole.steps.length, whole.finishReason], [`${FOUND}sun in Paris; sun in Rome`, 2, "stop"]);
    same(await streamText(asked(vendor, mark)).text, `${FOUND}sun in Paris; sun in Rome`);
  });
}

await run();
