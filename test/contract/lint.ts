import { spawnSync } from 'node:child_process';
import { packageCommand } from '../../scripts/node/package-command.mjs';

/** What a linter of OpenAPI finds in a document by its recommended rules (`redocly.yaml`). */
export interface LintReport {
  totals: { errors: number; warnings: number };
  problems: { message: string }[];
}

/** Lints a document. */
export function lint(file: string): LintReport {
  const { stdout } = spawnSync(
    process.execPath,
    [packageCommand('@redocly/cli', 'redocly'), 'lint', file, '--format=json', '--max-problems=20'],
    {
      encoding: 'utf8',
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    },
  );
  return JSON.parse(stdout) as LintReport;
}
