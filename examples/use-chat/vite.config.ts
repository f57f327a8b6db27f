import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const client = fileURLToPath(new URL('../../libs/client/src', import.meta.url));

export default defineConfig({
  plugins: [react()],
  // In this repository the client is taken from its sources. A project of your own needs no alias.
  resolve: {
    alias: [
      { find: /^@gemini-chat\/client\/(react|ai-sdk)$/, replacement: `${client}/$1/index.ts` },
      { find: /^@gemini-chat\/client$/, replacement: `${client}/index.ts` },
    ],
  },
});
