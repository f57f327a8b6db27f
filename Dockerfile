# One image for each process: `docker build --target api|worker|migrate|sandbox .`
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY apps/sandbox/package.json apps/sandbox/
COPY apps/web/package.json apps/web/
# What the build needs: not the packages that only clients' tests and examples use.
RUN npm ci --include-workspace-root --workspace=apps/sandbox --workspace=apps/web --ignore-scripts --no-audit --no-fund
COPY nest-cli.json tsconfig.json plans.json plans.schema.json ./
COPY prisma prisma
COPY scripts scripts
COPY libs libs
COPY apps apps
# The commit that is built, for logs and metrics: `--build-arg REVISION=$(git rev-parse HEAD)`. The context has no `.git`.
ARG REVISION=
RUN npm run build

FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Optional are Node itself, which the image has, a faster decoder for the queue and, as an optional peer of its client,
# Prisma's CLI with 250 MB.
RUN npm ci --workspaces=false --ignore-scripts --no-audit --no-fund --omit=dev --omit=optional

FROM node:24.21.0-bookworm-slim AS sandbox-dependencies
WORKDIR /app
COPY package.json package-lock.json ./
COPY apps/sandbox/package.json apps/sandbox/
RUN npm ci --workspace=apps/sandbox --ignore-scripts --no-audit --no-fund --omit=dev --omit=optional

FROM node:24.21.0-bookworm-slim AS base
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ./
COPY scripts/healthcheck.mjs scripts/use-sandbox.mjs scripts/
COPY scripts/product/sandbox-env.mjs scripts/product/
# By number, so that an orchestrator can see that it isn't root.
USER 1000:1000

FROM base AS sandbox
COPY --from=sandbox-dependencies /app/node_modules node_modules
COPY --from=build /app/dist/sandbox dist/sandbox
ENV NODE_ENV=development SANDBOX_HOST=0.0.0.0 SANDBOX_PORT=9200
EXPOSE 9200
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD node scripts/healthcheck.mjs http://127.0.0.1:$SANDBOX_PORT/health
CMD ["node", "dist/sandbox/main.js"]

FROM base AS product
COPY --from=dependencies /app/node_modules node_modules

# Migrations are a step of their own: run once per release, before the new API and workers.
FROM product AS migrate
COPY prisma prisma
CMD ["node", "prisma/migrate.mjs"]

# Node is the container's first process and gets its signals: no shell and no npm between.
# Health is liveness, for what is unhealthy is restarted: a restart doesn't bring PostgreSQL back. Who routes requests asks /health/ready.
FROM product AS worker
COPY --from=build /app/dist/worker dist/worker
# Who reaches the operators' port is up to the container's network.
ENV METRICS_HOST=0.0.0.0 WORKER_HEALTH_PORT=8081
EXPOSE 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD node scripts/healthcheck.mjs http://127.0.0.1:$WORKER_HEALTH_PORT/health/live
CMD ["node", "--max-semi-space-size=16", "dist/worker/main.js"]

FROM product AS api
COPY --from=build /app/dist/api dist/api
# The operators' command line, which has the API's variables here: `docker-compose exec api node dist/admin/main.js`.
COPY --from=build /app/dist/admin dist/admin
COPY --from=build /app/dist/web dist/web
ENV PORT=8000 METRICS_HOST=0.0.0.0 METRICS_PORT=9464
EXPOSE 8000 9464
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD node scripts/healthcheck.mjs http://127.0.0.1:$PORT/health/live
CMD ["node", "--max-semi-space-size=16", "dist/api/main.js"]
