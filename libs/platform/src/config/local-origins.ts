/** The ports that apps under development usually have: Next.js, Vite, Expo. */
const APP_PORTS = ['3000', '5173', '8081'];

/** The origin of the product on this machine, as browsers write it: without the default port. */
export const localOrigin = ({ PORT = '8000' }: NodeJS.ProcessEnv, host = 'localhost'): string =>
  `http://${host}${PORT === '80' ? '' : `:${PORT}`}`;

/** The origins that apps under development usually have, and the product's own: as variables list them. */
export const localOrigins = (env: NodeJS.ProcessEnv): string =>
  [...APP_PORTS.map((PORT) => ({ PORT })), env]
    .flatMap((each) => [localOrigin(each), localOrigin(each, '127.0.0.1')])
    .join(',');
