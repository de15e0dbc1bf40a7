# One image for every part of Berth; the command says which: `api`, `worker`, or any other of `berth --help` but `up`,
# as Temporal has an image of its own. Needs neither BuildKit nor its extensions.
ARG NODE_IMAGE=node:24-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package's install script is run: none that Berth uses needs one.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && node scripts/setup/slim.mjs

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Berth" \
      org.opencontainers.image.description="Keeps AceStream engines alive behind a Gluetun VPN and gives the one forwarded port to exactly one of them" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production \
    HOME=/tmp \
    PATH=/app/bin:$PATH \
    BERTH_HEALTH_FILE=/tmp/berth-health
WORKDIR /app
COPY --from=build /app /app
# Owns nothing of the above, and nobody else on a host has this id.
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["berth", "healthcheck"]
ENTRYPOINT ["berth"]
CMD ["--help"]
