import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideHaproxy, startHaproxy } from '../../../scripts/services/haproxy.mjs';
import { provideNginx, startNginx } from '../../../scripts/services/nginx.mjs';
import { freePort } from '../../../scripts/services/ports.mjs';
import { Processes, untilHealthy } from '../../../scripts/services/processes.mjs';

/** A reverse proxy before several APIs. Stop it after the tests. */
export interface ReverseProxy {
  url: string;
  /** What it has logged. */
  log: string[];
  stop: () => Promise<void>;
}

/** A kind of reverse proxy, with the settings of `deploy/proxy`. */
export interface ReverseProxyKind {
  name: string;
  /** @param apis their addresses */
  start: (apis: string[]) => Promise<ReverseProxy>;
}

const settingsOf = (file: string): string =>
  readFileSync(new URL(`../../../deploy/proxy/${file}`, import.meta.url), 'utf8');

/** Replaces what occurs exactly once. */
function replaced(text: string, pattern: RegExp, by: string): string {
  if (text.match(new RegExp(pattern, 'gm'))?.length !== 1) throw new Error(`${pattern} isn't once in the settings.`);
  return text.replace(new RegExp(pattern, 'm'), by);
}

const haproxySettings = (port: number, apis: string[]): string => {
  const servers = apis.map((api, index) => `server api-${index} ${new URL(api).host} check`);
  const file = replaced(settingsOf('haproxy.cfg'), /bind :8000/, `bind 127.0.0.1:${port}`);
  return replaced(file, /^ *server-template .*$/, servers.join('\n'));
};

const nginxSettings = (port: number, apis: string[]): string => {
  const servers = apis.map((api) => `server ${new URL(api).host} max_fails=0;`);
  const file = replaced(settingsOf('nginx.conf'), /listen 8000;/, `listen 127.0.0.1:${port};`);
  return replaced(file, /( *server api-\d:8000 max_fails=0;\n){2}/, servers.join('\n'));
};

/** As the documentation says it may be done: between two requests nginx keeps the connection to the API. */
const keepingConnections = (port: number, apis: string[]): string => {
  const settings = replaced(nginxSettings(port, apis), /^upstream api \{$/, 'upstream api {\nkeepalive 16;');
  return replaced(settings, /^ *proxy_pass .*$/, '$&\nproxy_http_version 1.1;\nproxy_set_header Connection "";');
};

const KINDS = [
  { name: 'HAProxy 2.6', provide: provideHaproxy, launch: startHaproxy, settings: haproxySettings },
  { name: 'nginx 1.22', provide: provideNginx, launch: startNginx, settings: nginxSettings },
  { name: 'nginx 1.22 with kept connections', provide: provideNginx, launch: startNginx, settings: keepingConnections },
];

/**
 * The kinds that this machine can run. On build servers (`CI=true`) it has to run them all; elsewhere what is missing is
 * said, and its tests are skipped.
 */
export async function availableReverseProxies(): Promise<ReverseProxyKind[]> {
  const kinds: ReverseProxyKind[] = [];
  for (const { name, provide, launch, settings } of KINDS) {
    try {
      const program = await provide();
      kinds.push({ name, start: (apis) => start(launch, program, (port) => settings(port, apis)) });
    } catch (error) {
      if (process.env['CI'] === 'true') throw error;
      process.stderr.write(`No tests with ${name}: ${(error as Error).message}\n`);
    }
  }
  return kinds;
}

async function start(
  launch: typeof startHaproxy,
  program: string[],
  settings: (port: number) => string,
): Promise<ReverseProxy> {
  const processes = new Processes();
  const log: string[] = [];
  try {
    const folder = await mkdtemp(join(tmpdir(), 'chat-proxy-'));
    processes.removeAtEnd(folder);
    const port = await freePort();
    const child = await launch(processes, {
      program,
      folder,
      settings: settings(port),
      onLine: (line) => void log.push(line),
    });
    const url = `http://127.0.0.1:${port}`;
    await untilHealthy(child, `${url}/health/ready`);
    return { url, log, stop: () => processes.stop() };
  } catch (error) {
    await processes.stop();
    throw error;
  }
}
