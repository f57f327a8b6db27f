/** The parts of the benchmark, in the order in which they run. */
import { benchReplies } from './replies.mjs';
import { benchRequests } from './requests.mjs';

/** @import {Context} from './context.mjs' */

/** @type {Record<string, {run: (context: Context) => Promise<void>, byDefault: boolean}>} */
export const PARTS = {
  requests: { run: benchRequests, byDefault: true },
  replies: { run: benchReplies, byDefault: true },
};
