/** The parts of the benchmark, in the order in which they run. */
import { benchFirstWord } from './first-word.mjs';
import { benchGrowth } from './growth.mjs';
import { benchLongAnswers } from './long-answers.mjs';
import { benchReplies } from './replies.mjs';
import { benchRequests } from './requests.mjs';
import { benchStart } from './start.mjs';
import { benchManyStreams, benchStreams } from './streams.mjs';

/** @import {Context} from './context.mjs' */

/** @typedef {{run: (context: Context) => Promise<void>, byDefault: boolean}} Part */

/** @type {Record<string, Part>} */
export const PARTS = {
  start: { run: benchStart, byDefault: true },
  requests: { run: benchRequests, byDefault: true },
  replies: { run: benchReplies, byDefault: true },
  first: { run: benchFirstWord, byDefault: true },
  long: { run: benchLongAnswers, byDefault: true },
  streams: { run: benchStreams, byDefault: true },
  'many-streams': { run: benchManyStreams, byDefault: false },
  growth: { run: benchGrowth, byDefault: false },
};
