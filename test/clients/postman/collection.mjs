/** A Postman collection and its environment, made of the API's description. */
import { createRequire } from 'node:module';
import { LEFT_OUT, parameterValue, WALK } from './walk.mjs';

/** @import {Step} from './walk.mjs' */

// It has no types.
const { convertV2 } = createRequire(import.meta.url)('openapi-to-postmanv2');

const OPTIONS = {
  parametersResolution: 'Example',
  enableOptionalParameters: false,
  folderStrategy: 'Tags',
  optimizeConversion: false,
  stackLimit: 10,
};

/** Variables that keep what answers show; those that let someone in are hidden by Postman. */
const SECRETS = ['otp', 'accessToken', 'refreshToken'];
const KEPT = [
  'phone',
  'challengeId',
  'otp',
  'nextCodeAt',
  'accessToken',
  'refreshToken',
  'sessionId',
  'chatroomId',
].concat(['fileId', 'messageId', 'replyId', 'checkoutUrl', 'portalUrl']);

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/**
 * @param {any} document the description, OpenAPI 3.1
 * @returns {Promise<object>} the collection, format 2.1
 * @throws {Error} when the walk and the description differ in their operations
 */
export async function collectionOf(document) {
  const operations = operationsOf(document);
  assertComplete([...operations.keys()]);
  const { item: folders } = await converted(withoutProblems(document));
  const items = new Map(
    folders.flatMap((/** @type {any} */ folder) => folder.item).map((/** @type {any} */ item) => [keyOf(item), item]),
  );
  return {
    info: {
      name: document.info.title,
      description: document.info.description,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: { type: 'bearer', bearer: [{ key: 'token', type: 'string', value: '{{accessToken}}' }] },
    item: WALK.map(({ name, description, steps }) => ({
      name,
      description,
      item: steps.map((step) => {
        const operation = operations.get(step.operation);
        return requestOf(step, operation, structuredClone(items.get(operation.key)));
      }),
    })),
  };
}

/** @param {string} baseUrl of the API @returns {object} the environment of the collection */
export function environmentOf(baseUrl) {
  const values = [['baseUrl', baseUrl], ...KEPT.map((key) => [key, ''])];
  return {
    name: 'Gemini Chat Backend',
    values: values.map(([key = '', value]) => ({
      key,
      value,
      type: SECRETS.includes(key) ? 'secret' : 'default',
      enabled: true,
    })),
    _postman_variable_scope: 'environment',
  };
}

/** @param {any} document @returns {Map<string, any>} each operation with its path, the key of its item and the status of its success */
function operationsOf(document) {
  return new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      METHODS.filter((method) => methods[method]).map((method) => {
        const operation = methods[method];
        const status = Object.keys(operation.responses).find((each) => each < '300');
        return [operation.operationId, { ...operation, path, status, key: `${method} ${path}` }];
      }),
    ),
  );
}

/** @param {string[]} described */
function assertComplete(described) {
  const walked = [...WALK.flatMap(({ steps }) => steps.map(({ operation }) => operation)), ...LEFT_OUT];
  const missing = described.filter((operation) => !walked.includes(operation));
  const unknown = walked.filter((operation) => !described.includes(operation));
  if (missing.length + unknown.length > 0) {
    throw new Error(
      `The walk lacks ${missing.join(', ') || 'nothing'}; the description lacks ${unknown.join(', ') || 'nothing'}.`,
    );
  }
}

/** Of examples of answers only successes: all others would be nine tenths of the collection. @param {any} document */
function withoutProblems(document) {
  const copy = structuredClone(document);
  for (const methods of Object.values(copy.paths)) {
    for (const { responses } of Object.values(methods)) {
      for (const status of Object.keys(responses)) if (status >= '300') delete responses[status];
    }
  }
  return copy;
}

/** @param {object} data @returns {Promise<any>} */
const converted = (data) =>
  new Promise((resolve, reject) => {
    convertV2(
      { type: 'json', data },
      OPTIONS,
      (/** @type {Error | null} */ error, /** @type {any} */ { result, reason, output } = {}) => {
        if (error || !result) reject(error ?? new Error(reason));
        else resolve(output[0].data);
      },
    );
  });

/** @param {any} item */
const keyOf = ({ request: { method, url } }) =>
  `${method.toLowerCase()} /${url.path.map((/** @type {string} */ part) => part.replace(/^:(.*)$/, '{$1}')).join('/')}`;

/**
 * @param {Step} step
 * @param {any} operation
 * @param {any} item
 */
function requestOf({ name, before, body, text, keep = {} }, operation, item) {
  const { request } = item;
  for (const variable of request.url.variable) variable.value = parameterValue(operation.path, variable.key);
  for (const header of request.header ?? []) {
    if (header.key === 'Idempotency-Key')
      Object.assign(header, { value: parameterValue(operation.path, header.key), disabled: false });
  }
  if (body !== undefined) request.body.raw = JSON.stringify(body, null, 2);
  if (text !== undefined) Object.assign(request, formOf(text));
  if (operation.security?.length === 0) request.auth = { type: 'noauth' };
  else delete request.auth;
  const event = [
    script('test', testOf(operation.status, keep)),
    ...(before === undefined ? [] : [script('prerequest', before)]),
  ];
  for (const parameter of request.url.query) if (parameter.value === 'string') parameter.value = '';
  const response = item.response.map(exampleOf);
  return { name: name ?? operation.summary, request, response, event };
}

/** A form with a file in it, written out: Newman would look for a file on the disk. @param {string} text */
function formOf(text) {
  const part = [
    'Content-Disposition: form-data; name="file"; filename="question.txt"',
    'Content-Type: text/plain',
    '',
    text,
  ];
  return {
    header: [{ key: 'Content-Type', value: 'multipart/form-data; boundary=file' }],
    body: { mode: 'raw', raw: ['--file', ...part, '--file--', ''].join('\r\n') },
  };
}

/**
 * An example without its id, which is another one each time, a copy of the request, and headers that say nothing.
 *
 * @param {any} response
 */
const exampleOf = ({ name, status, code, header, body, _postman_previewlanguage }) => ({
  ...{ name, status, code, body, cookie: [], _postman_previewlanguage },
  header: header.filter((/** @type {{disabled?: boolean}} */ { disabled }) => !disabled),
});

/** @param {string} listen @param {string} text */
const script = (listen, text) => ({ listen, script: { type: 'text/javascript', exec: text.split('\n') } });

/** @param {string} status @param {Record<string, string>} keep */
function testOf(status, keep) {
  const kept = Object.entries(keep).map(([name, value]) => `pm.environment.set('${name}', ${value});`);
  const answer = kept.some((line) => /\banswer\b/.test(line)) ? ['const answer = pm.response.json();'] : [];
  return [`pm.test('answers ${status}', () => pm.response.to.have.status(${status}));`, ...answer, ...kept].join('\n');
}
