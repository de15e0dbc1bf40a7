/**
 * @module
 * Builds the panel: static files, served below `/panel/`.
 */
import { defineConfig } from 'vite'

const api = process.env.BERTH_URL ?? 'http://127.0.0.1:8000'

export default defineConfig({
  root: import.meta.dirname,
  base: '/panel/',
  build: {
    outDir: '../dist/panel',
    emptyOutDir: true,
    target: 'es2022',
    /** Files, not `data:` addresses, which the content security policy refuses. */
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    license: true,
    rolldownOptions: {
      /** Packages mark their files for frameworks that render on a server; there is none here. */
      onLog(level, log, show) {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') show(level, log)
      },
    },
  },
  /** `npx vite panel` shows the panel of a running Berth, rebuilt at each change. */
  server: { proxy: Object.fromEntries(['/api', '/events', '/docs', '/openapi.json'].map((path) => [path, api])) },
})
