/**
 * `npm run bench`: the product beside a bare baseline, as ratios. Figures of one machine mean nothing on another; the
 * ratios do.
 */
import { runCommand } from '../scripts/node/begin.mjs';

await runCommand(() => import('./run.mjs'));
