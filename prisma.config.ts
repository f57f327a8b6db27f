import { defineConfig } from 'prisma/config';

// For Prisma's own CLI (`prisma generate`, and `prisma migrate` where its engine can be downloaded).
const url = process.env['DATABASE_URL'];

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url === undefined ? {} : { datasource: { url } }),
});
