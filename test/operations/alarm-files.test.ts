import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metrics } from '@app/platform';
import { parse } from 'yaml';
import { providePrometheus, runPromtool } from '../../scripts/services/prometheus.mjs';
import { type Alarm, readAlarms } from '../support/monitoring/alarms.js';
import { documentedMetrics } from '../support/monitoring/documented-metrics.js';
import { referencesOf } from '../support/monitoring/promql.js';

interface Panel {
  title: string;
  type: string;
  targets?: { expr: string; legendFormat: string }[];
}

interface ComposeService {
  volumes?: string[];
  command?: string[];
  environment?: Record<string, string>;
}

const RUNBOOKS = 'docs/runbooks';
const DASHBOARD = 'deploy/grafana/dashboards/gemini-chat.json';

/** What Prometheus itself adds to each series, and what it says about targets and alarms. */
const OF_PROMETHEUS = new Set(['job', 'instance']);
const BY_PROMETHEUS = new Map([
  ['up', []],
  ['ALERTS', ['alertname', 'alertstate', 'severity']],
]);

const alarms = readAlarms();
const panels = (JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: Panel[] }).panels;
const pageOf = ({ annotations }: Alarm): string => annotations.runbook_url;

/** Every label that a metric may be asked for; null: there is no such metric. metrics.test.ts compares this list with a running product. */
const labelsOf = (() => {
  const histogramPart = /_(?:bucket|sum|count)$/;
  const own = new Map<string, readonly string[]>(documentedMetrics().map(({ name, labels }) => [name, labels]));
  const ofNode = new Map(
    new Metrics()
      .getMetricsAsArray()
      .map((metric) => [metric.name, (metric as { labelNames?: string[] }).labelNames ?? []]),
  );
  return (name: string): readonly string[] | null => {
    const known = own.get(name) ?? BY_PROMETHEUS.get(name) ?? ofNode.get(name);
    if (known !== undefined) return known;
    const whole = name.replace(histogramPart, '');
    const base = own.get(whole);
    // A counter is no histogram.
    return base === undefined || whole.endsWith('_total') ? null : name.endsWith('_bucket') ? [...base, 'le'] : base;
  };
})();

/** What of an expression refers to something that the product doesn't export. */
function unknownIn(expression: string): string[] {
  const { selectors, grouping } = referencesOf(expression.replaceAll('$__rate_interval', '5m'));
  if (selectors.length === 0) return ['no metric'];
  const all = new Set(selectors.flatMap(({ metric }) => labelsOf(metric) ?? []));
  const unknownLabels = selectors.flatMap(({ metric, labels }) => {
    const known = labelsOf(metric);
    if (known === null) return [metric];
    return labels
      .filter((label) => !known.includes(label) && !OF_PROMETHEUS.has(label))
      .map((label) => `${metric}{${label}}`);
  });
  const unknownGroups = grouping.filter((label) => label !== 'le' && !all.has(label) && !OF_PROMETHEUS.has(label));
  return [...unknownLabels, ...unknownGroups.map((label) => `by (${label})`)];
}

it.each([
  ['a metric', 'sum(rate(no_such_metric_total[5m]))', ['no_such_metric_total']],
  ['a label', 'logins_total{result="refused"} > 0', ['logins_total{result}']],
  ['a group', 'sum by (user) (logins_total)', ['by (user)']],
  ['nothing', 'sum by (outcome, job) (rate(logins_total{outcome=~"re.*"}[5m])) / 2 > bool 1', []],
  ['buckets of what is none', 'logins_total_bucket', ['logins_total_bucket']],
])('an expression with %s that is not there is found', (_what, expression, unknown) => {
  expect(unknownIn(expression)).toEqual(unknown);
});

describe('the rules', () => {
  it('are good, and each fires alone and in time, says promtool', async () => {
    const programs = await providePrometheus();
    for (const args of [
      ['check', 'config', 'deploy/prometheus/prometheus.yml'],
      ['check', 'rules', 'deploy/prometheus/alarms.yml'],
      ['test', 'rules', 'deploy/prometheus/alarms.test.yml'],
    ])
      expect(await runPromtool(programs, args)).toMatchObject({ ok: true });
  }, 60_000);

  it('have a unit test each', () => {
    const { tests } = parse(readFileSync('deploy/prometheus/alarms.test.yml', 'utf8')) as { tests: { name: string }[] };
    const tested = new Set(tests.map(({ name }) => name).filter((name) => !name.startsWith('not ')));
    expect([...tested].sort()).toEqual(alarms.map(({ alert }) => alert).sort());
  });

  it.each(alarms.map((alarm) => [alarm.alert, alarm] as const))(
    '%s refers to what is exported, and has a page',
    (name, alarm) => {
      expect(unknownIn(alarm.expr)).toEqual([]);
      expect(['page', 'ticket']).toContain(alarm.labels.severity);
      const page = readFileSync(pageOf(alarm), 'utf8');
      expect(page).toMatch(new RegExp(`^# ${name}\n`));
      expect(page).toMatch(/^## How to see it$[^]*^## What to do$/m);
    },
  );

  it('have all the pages, and no others', () => {
    const pages = readdirSync(RUNBOOKS).filter((name) => name !== 'README.md');
    expect(pages.map((name) => `${RUNBOOKS}/${name}`).sort()).toEqual(alarms.map(pageOf).sort());
    const index = readFileSync(`${RUNBOOKS}/README.md`, 'utf8');
    expect(alarms.filter((alarm) => !index.includes(`[${alarm.alert}](${pageOf(alarm).split('/').at(-1)})`))).toEqual(
      [],
    );
  });
});

/** Of each page the lines of its PromQL. */
const expressionsOfRunbooks = readdirSync(RUNBOOKS).flatMap((name) =>
  Array.from(readFileSync(`${RUNBOOKS}/${name}`, 'utf8').matchAll(/```promql\n([^]*?)```/g), ([, block = '']) =>
    block.trim().split('\n'),
  ).flatMap((lines) => lines.map((expression) => ({ name, expression }))),
);

it('each expression of a runbook refers to what is exported', () => {
  expect(expressionsOfRunbooks.length).toBeGreaterThan(alarms.length);
  expect(expressionsOfRunbooks.filter(({ expression }) => unknownIn(expression).length > 0)).toEqual([]);
});

it('what dashboard and runbooks ask for is PromQL, says promtool', async () => {
  const asked = [
    ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m'))),
    ...expressionsOfRunbooks.map(({ expression }) => expression),
  ];
  const rules = asked.map((expr, index) => ({ record: `asked:${index}`, expr }));
  const file = join(await mkdtemp(join(tmpdir(), 'chat-promql-')), 'rules.yml');
  await writeFile(file, JSON.stringify({ groups: [{ name: 'asked', rules }] }));
  expect(await runPromtool(await providePrometheus(), ['check', 'rules', file])).toMatchObject({ ok: true });
}, 60_000);

describe('the dashboard', () => {
  const expressions = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

  it('refers to what is exported', () => {
    const wrong = expressions.map(({ title, expr }) => [title, ...unknownIn(expr)]).filter(({ length }) => length > 1);
    expect(wrong).toEqual([]);
  });

  it('shows everything that the product exports of its own', () => {
    const shown = new Set(expressions.flatMap(({ expr }) => referencesOf(expr).selectors.map(({ metric }) => metric)));
    const isShown = (name: string): boolean => ['', '_bucket', '_count', '_sum'].some((part) => shown.has(name + part));
    const missing = documentedMetrics()
      .map(({ name }) => name)
      .filter((name) => !isShown(name));
    // Estimates are a part of the calls.
    expect(missing).toEqual(['model_calls_estimated_total']);
  });

  it('names in each legend labels that its expression keeps', () => {
    const legends = panels.flatMap(({ targets = [] }) => targets);
    const wrong = legends.filter(({ expr, legendFormat }) => {
      const labels = Array.from(legendFormat.matchAll(/\{\{(\w+)\}\}/g), ([, label = '']) => label);
      const { grouping, selectors } = referencesOf(expr);
      const plain =
        grouping.length === 0
          ? selectors.flatMap(({ metric }) => labelsOf(metric) ?? []).concat('job', 'instance')
          : grouping;
      return labels.some((label) => !plain.includes(label));
    });
    expect(wrong).toEqual([]);
  });

  it('has one place for each panel', () => {
    const titles = panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    const cells = (
      JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
        panels: { gridPos: { x: number; y: number; w: number; h: number } }[];
      }
    ).panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

describe("docker-compose's profile monitoring", () => {
  const { services } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
    services: Record<string, ComposeService>;
  };

  it('mounts files that are there', () => {
    const mounted = ['prometheus', 'grafana'].flatMap((name) => services[name]?.volumes ?? []);
    const local = mounted.filter((volume) => volume.startsWith('./'));
    expect(local).toHaveLength(3);
    expect(local.filter((volume) => !volume.endsWith(':ro') || !existsSync(volume.split(':')[0] ?? ''))).toEqual([]);
    expect(services['grafana']?.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']).toBe(
      DASHBOARD.replace('deploy/grafana', '/etc/grafana'),
    );
  });

  it('scrapes the ports on which the services export', () => {
    const { scrape_configs: jobs } = parse(readFileSync('deploy/prometheus/prometheus.yml', 'utf8')) as {
      scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[];
    };
    const scraped = jobs.map(({ job_name: job, dns_sd_configs: [target] }) => [job, target?.names, target?.port]);
    expect(scraped).toEqual([
      ['api', ['api'], 9464],
      ['worker', ['worker'], 8081],
    ]);
  });
});
