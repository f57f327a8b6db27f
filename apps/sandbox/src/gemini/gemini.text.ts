import type { GeminiCall } from './gemini.call.js';
import { describeMedia } from './gemini.media.js';
import type { GroundingMetadata } from './gemini.wire.js';

const ECHOED_CHARACTERS = 1_000;

/** How the product's instruction for naming a conversation begins. */
const NAMING = 'Name this conversation';

const TITLE_WORDS = 6;
const TITLE_CHARACTERS = 48;

/** Whether a call asks for the name of a conversation. */
export const isNaming = ({ systemInstruction }: GeminiCall): boolean => systemInstruction?.startsWith(NAMING) ?? false;

/** The default answer to a call: deterministic, and a summary of what was sent. */
export function echo(call: GeminiCall): string {
  const instruction = call.systemInstruction === null ? '' : ` I was told: "${call.systemInstruction}"`;
  const media = call.media.length === 0 ? '' : ` I got: ${call.media.map(describeMedia).join('; ')}.`;
  return `Turn ${call.turns}. You said: "${clip(call.prompt)}".${media}${instruction}`;
}

/** What the model thinks before it answers, where it is asked to tell. */
export function thoughtsOn({ prompt, generationConfig }: GeminiCall): string {
  const level = generationConfig?.thinkingConfig?.thinkingLevel;
  return `Let me think${level === undefined ? '' : `, ${level}`}. I was asked: "${clip(prompt)}".`;
}

/**
 * What the answer to a call that may search rests on: two sources, the first for its first sentence, both for the rest.
 *
 * @param searches how many queries were made: the prompt, and the same with a number behind it
 */
export function groundingOf({ prompt }: GeminiCall, answer: string, searches: number): GroundingMetadata {
  const first = /^.*?[.!?](?=\s|$)/su.exec(answer)?.[0] ?? answer;
  const rest = answer.slice(first.length);
  const length = (text: string): number => Buffer.byteLength(text);
  return {
    webSearchQueries: Array.from(
      { length: searches },
      (_, index) => clip(prompt) + (index === 0 ? '' : ` ${index + 1}`),
    ),
    groundingChunks: [
      { web: { uri: 'https://one.example/page', title: 'one.example' } },
      { web: { uri: 'https://two.example/page', title: 'two.example' } },
    ],
    groundingSupports: [
      // A start of zero is left out, as Google does.
      { segment: { endIndex: length(first), text: first }, groundingChunkIndices: [0] },
      ...(rest === ''
        ? []
        : [
            {
              segment: { startIndex: length(first), endIndex: length(answer), text: rest },
              groundingChunkIndices: [0, 1],
            },
          ]),
    ],
  };
}

/** The first words of the conversation that a naming call shows, without marks and directives. */
export function titleOf({ prompt }: GeminiCall): string {
  const question = prompt.replace(/^User: /, '').replace(/\n\nAssistant: .*$/s, '');
  const words = question
    .replace(/\[\[behaviour:[^\]]*\]\]/g, ' ')
    .replace(/[^\p{L}\p{M}\p{N}'’\s-]+/gu, ' ')
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
    .slice(0, TITLE_WORDS);
  const title = [...words.join(' ')].slice(0, TITLE_CHARACTERS).join('').trim();
  return title === '' ? 'New conversation' : title;
}

/** An answer for someone who reads along: the echo, and a text in Markdown that another turn has in another form. */
export function essay(call: GeminiCall): string {
  return `${echo(call)}\n\n${ESSAYS[(call.turns - 1) % ESSAYS.length]}`;
}

const clip = (text: string): string =>
  text.length <= ECHOED_CHARACTERS ? text : `${[...text].slice(0, ECHOED_CHARACTERS).join('')}…`;

const ESSAYS = [
  `## What happens while you read this

I am the **sandbox**: a stand-in that speaks Gemini's protocol, so nothing leaves this machine. Meanwhile, in the backend:

1. Your message and this reply were stored in *one* transaction, and one message of your quota was charged.
2. A worker claimed the reply and holds it under a lease.
3. Each piece of text goes through Redis to every reader, with an id by which a reader can go on after a cut.

> Cut the connection while I write: what you read in the end is exactly what is stored.

**Calls**, at the top, shows each request as it happens. Ask on: the next answer has some \`code\`.`,
  `Reading a reply takes a few lines:

\`\`\`ts
const reply = chat.send(room.id, 'Why is the sky blue?');
for await (const event of reply) {
  render(event.snapshot);
}
console.log((await reply.final()).usage);
\`\`\`

\`snapshot\` is always the *whole* text so far, so a fresh attempt after a fault can't leave two beginnings on the screen.`,
  `### How a reply can end

| Status | What it means | What it costs |
| --- | --- | --- |
| \`completed\` | The whole answer is stored | one message |
| \`cancelled\` | You stopped it; the text stays | one message, if there was text |
| \`blocked\` | Safety rules refused it | nothing, if you got no text |
| \`failed\` | No attempt went well | nothing, if it was the vendor's fault |

Whatever happens to a process or a connection, it is **one** of these, and *once*.`,
  `A few things to try:

- **Stop** in the middle of an answer: what was written stays.
- **Regenerate** it, and walk through the variants.
- Open a *second tab*: it shows the same conversation.
- Let the model fail, and read why.

The texts repeat from here. With a key in \`GEMINI_API_KEY\` the answers come from [Gemini](https://ai.google.dev) itself.`,
];
