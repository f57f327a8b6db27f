import 'reflect-metadata';
import '@app/auth';
import '@app/chatroom';
import '@app/file';
import '@app/gemini';
import '@app/subscription';
import { registeredStatements } from '@app/platform/testing';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

let testDatabase: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  client = new pg.Client({ connectionString: testDatabase.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await testDatabase?.drop();
});

describe('the registry of statements', () => {
  it('knows the statements of all libs', () => {
    const concepts = new Set(registeredStatements().map(({ name }) => name.split('_')[0]));
    expect([...concepts]).toEqual(expect.arrayContaining(['message', 'chatroom', 'reply', 'billing', 'expire']));
  });

  it.each(registeredStatements().map(({ name, text }) => [name, text]))(
    '%s fits the migrated schema',
    async (name, text) => {
      await expect(client.query(`PREPARE "${name}" AS ${text}`)).resolves.toBeDefined();
    },
  );
});
