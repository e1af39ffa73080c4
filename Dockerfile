# syntax=docker/dockerfile:1
# One image for every service and command: `node apps/<service>/dist/main.js [migrate]`, `node apps/tillid/bin/tillid.mjs ...`.
# The Node that package.json pins; a test holds the two to each other.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /build
COPY . .
# What `npm run build` does on any machine, and then the tree that production runs on, each program of it started once.
RUN --mount=type=cache,target=/root/.npm node tools/setup.mjs build && node tools/production-tree.mjs /app

FROM node:${NODE_VERSION}-bookworm-slim
# Nothing is installed in a container, so nothing that installs is in it.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* /usr/local/bin/yarn* \
  # A volume begins with the rights of the folder that it hides: whoever the container runs as may write here.
  && mkdir -m 1777 /data
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app /app
# Any user id will do; the root file system may be read-only: only /data is written.
USER 1000:1000
VOLUME /data
# By the service's own certificate, from inside: health stands behind mTLS. Only of use to services.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 CMD ["node", "/app/tools/probe/grpc-health.mjs", "ready"]
# Node is process 1: services take SIGTERM themselves, drain and exit.
ENTRYPOINT []
CMD ["node", "apps/tillid/bin/tillid.mjs", "--help"]
