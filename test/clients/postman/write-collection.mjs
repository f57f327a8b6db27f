/** `npm run postman`: writes a Postman collection and its environment, made of `openapi.json`, to dist/postman. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../../scripts/node/begin.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const FOLDER = 'dist/postman';

await runCommand(async () => {
  const { collectionOf, environmentOf } = await import('./collection.mjs');
  const document = JSON.parse(readFileSync(`${root}openapi.json`, 'utf8'));
  mkdirSync(`${root}${FOLDER}`, { recursive: true });
  const files = {
    'gemini-chat.postman_collection.json': await collectionOf(document),
    'gemini-chat.postman_environment.json': environmentOf('http://localhost:8000'),
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(`${root}${FOLDER}/${name}`, `${JSON.stringify(content, null, 2)}\n`);
    console.log(`${FOLDER}/${name}`);
  }
});
