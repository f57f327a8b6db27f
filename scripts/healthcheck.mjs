/** `node scripts/healthcheck.mjs URL`: exits with 0 if it answers with 2xx within two seconds. For the image's HEALTHCHECK. */
const ok = await fetch(process.argv[2] ?? '', { signal: AbortSignal.timeout(2_000) }).then(
  (response) => response.ok,
  () => false,
);
process.exit(ok ? 0 : 1);
