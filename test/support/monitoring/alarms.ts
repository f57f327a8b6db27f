import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A rule of deploy/prometheus/alarms.yml. */
export interface Alarm {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}

interface RuleFile {
  groups: { rules: Alarm[] }[];
}

export const ALARMS_FILE = 'deploy/prometheus/alarms.yml';

/** All alarms. */
export const readAlarms = (): Alarm[] =>
  (parse(readFileSync(ALARMS_FILE, 'utf8')) as RuleFile).groups.flatMap(({ rules }) => rules);
