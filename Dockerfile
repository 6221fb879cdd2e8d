# One image for every service; the app is its argument: `docker run tocsin ingest`.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.base.json ./
COPY libs libs
COPY apps apps
# Install scripts are left out: the image brings its own Node, and every native module carries its prebuilt binary.
RUN npm ci --ignore-scripts \
 && node_modules/.bin/tsc -b \
 && node_modules/.bin/vite build apps/console --logLevel warn \
 && npm prune --omit=dev --ignore-scripts \
 && rm -rf node_modules/node node_modules/@tocsin/testing libs/testing \
 && find libs apps -type d -name src -prune -exec rm -rf {} +

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 TOCSIN_DATA_DIR=/data TOCSIN_POLICY_DIR=/etc/tocsin/policies TOCSIN_CONFIG=/etc/tocsin/tocsin.yaml
WORKDIR /app
COPY --from=build --chown=root:root /src .
# The built-in rules; those of the user are below /etc/tocsin/policies.
COPY --chown=root:root policies/rules policies/rules
COPY deploy/container/tocsin.yaml /etc/tocsin/tocsin.yaml
COPY --chmod=755 deploy/container/tocsin /usr/local/bin/tocsin
RUN mkdir -p /data /etc/tocsin/policies && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tocsin"]
CMD ["standalone"]
