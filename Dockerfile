# One image for every role; PARLEY_ROLE chooses (all, api, worker). Without DATABASE_URL it runs its own PostgreSQL in /app/data.
FROM node:24-slim

WORKDIR /app

# Packages first, so that a change of the sources does not install them again. Packages' own scripts stay off.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

COPY tsconfig.json ./
COPY scripts scripts
COPY migrations migrations
COPY processes processes
COPY src src
RUN node scripts/run.mjs build

ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 PARLEY_DATA_DIR=/app/data
RUN mkdir /app/data && chown node:node /app/data
VOLUME /app/data
USER node
EXPOSE 3000
CMD ["node", "src/main.ts"]
