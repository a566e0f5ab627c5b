ARG BASE_IMAGE=node:24-bookworm-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build
ARG COMMIT_SHA=unknown
RUN echo "teleconsultation-backend: ${COMMIT_SHA}" > commit.sha

FROM ${BASE_IMAGE}
LABEL name="teleconsultation-backend" \
      description="Books, guards and opens video consultations"
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production \
    LOG_LEVEL=info \
    SERVICE_PREFIX=/ \
    HTTP_PORT=3000 \
    HTTP_HOST=0.0.0.0 \
    MALLOC_ARENA_MAX=1 \
    NPM_CONFIG_CACHE=/tmp/npm
WORKDIR /home/node/app
COPY --chown=node:node package.json package-lock.json .npmrc CHANGELOG.md ./
RUN npm ci --omit=dev --ignore-scripts \
 && rm -rf /tmp/npm \
 && mkdir data \
 && chown node:node . data
COPY --from=build --chown=node:node /build/dist ./dist
COPY --from=build --chown=node:node /build/commit.sha ./
USER node
EXPOSE 3000
VOLUME /home/node/app/data
HEALTHCHECK --interval=20s --timeout=3s --start-period=15s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT}/-/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["node", "--optimize-for-size", "--max-semi-space-size=2", "--max-old-space-size=48", "dist/index.js"]
