/** Something that the sandbox's model can be asked for, by `[[behaviour:DIRECTIVE]]` in the message. */
export interface ModelDisturbance {
  name: string;
  /** What it stands for, in the words of the sandbox (apps/sandbox/README.md). */
  directive: string;
  /** What one sees then. */
  effect: string;
}

export const MODEL_DISTURBANCES: readonly ModelDisturbance[] = [
  {
    name: 'Break off',
    directive: 'error_mid_stream afterChunks=20 times=1',
    effect: 'It fails half-way. The text is reset; a second attempt completes it.',
  },
  {
    name: 'Lie',
    directive: 'cut afterChunks=20 times=1',
    effect: 'It ends half-way as if complete. The worker notices and tries again.',
  },
  {
    name: 'Fail',
    directive: '400',
    effect: 'It refuses the request: the reply fails at once, and the message is refunded.',
  },
  {
    name: 'Block',
    directive: 'safety afterChunks=20',
    effect: 'Safety rules stop the answer half-way.',
  },
  {
    name: 'Slow down',
    directive: 'answer latencyMs=2500 tokensPerSecond=4',
    effect: 'It thinks, then writes four pieces a second: time to stop it, or to cut.',
  },
  { name: 'Say nothing', directive: 'empty', effect: 'It ends without a word. The message is refunded.' },
  {
    name: 'Overrun',
    directive: 'max_tokens afterChunks=20',
    effect: 'It hits the limit of its length: a truncated reply.',
  },
];
