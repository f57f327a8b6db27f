/**
 * The script of `/docs`, bundled for browsers: a plugin of Swagger UI. It authorizes with the tokens of a login, puts the ids of answers
 * into the requests that need them, and shows streams while they run.
 */
import { withLiveAnswer } from './live-answer.js';
import { LiveRequests } from './live-requests.js';
import { RequestFields } from './request-fields.js';
import type { OperationRequest, SwaggerSystem } from './swagger-ui.js';

interface Options {
  plugins: unknown[];
}
type MakeSwaggerUi = (options: Options) => unknown;

function plugin(system: SwaggerSystem): object {
  const fields = new RequestFields(system);
  const requests = new LiveRequests(system, fields);
  return {
    statePlugins: {
      spec: {
        wrapActions: {
          updateJsonSpec: (original: (document: object) => unknown) => (document: object) => {
            const result = original(document);
            fields.fillKeys();
            return result;
          },
          executeRequest: (original: (request: OperationRequest) => unknown) => (request: OperationRequest) =>
            original({ ...request, userFetch: requests.sender(request) }),
        },
      },
    },
    wrapComponents: {
      liveResponse: (answer: unknown, later: SwaggerSystem) => withLiveAnswer(requests, later, answer),
    },
  };
}

// The page calls this function when it has loaded, after this script: the plugin joins those that the page names.
const page = globalThis as unknown as { SwaggerUIBundle: MakeSwaggerUi };
const { SwaggerUIBundle } = page;
page.SwaggerUIBundle = Object.assign(
  (options: Options) => SwaggerUIBundle({ ...options, plugins: [...options.plugins, plugin] }),
  SwaggerUIBundle,
);
