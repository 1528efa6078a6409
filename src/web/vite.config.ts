import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Server that `vite dev` forwards API calls to; the built app is served by Parley itself. */
const api = 'http://127.0.0.1:3000'

export default defineConfig({
  root: here('.'),
  base: '/',
  plugins: [react()],
  server: { proxy: { '/api': { target: api, ws: true }, '/webhooks': api } },
  build: {
    outDir: here('../../dist/web'),
    emptyOutDir: true,
    // The first browsers that know light-dark() in CSS; all are older than a year.
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    rolldownOptions: {
      // The contracts are schemas: building one has no effect, so those the app uses only as types leave the bundle.
      treeshake: { manualPureFunctions: ['Type', 'Nullable', 'Page'] },
      output: {
        codeSplitting: {
          groups: [{ name: 'vendor', test: /node_modules[\\/](react|react-dom|scheduler|@tanstack[\\/](query|react-query))/ }],
        },
      },
    },
  },
})
