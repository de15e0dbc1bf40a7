/**
 * @module
 * Builds the panel: static files, served below `/panel/`.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const api = process.env.BERTH_URL ?? 'http://127.0.0.1:8000'

/** Beside each file of text the same compressed, which is what the API sends to whoever takes it. */
const compressed: Plugin = {
  name: 'compressed',
  apply: 'build',
  async writeBundle({ dir = '' }, files) {
    const texts = Object.keys(files).filter((name) => /\.(js|css|html|svg|md)$/.test(name))
    const compress = async (name: string) =>
      writeFile(join(dir, `${name}.gz`), await promisify(gzip)(await readFile(join(dir, name)), { level: 9 }))
    await Promise.all(texts.map(compress))
  },
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [compressed],
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
