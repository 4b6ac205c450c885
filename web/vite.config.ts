import react from '@vitejs/plugin-react'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// FOVEA_URL: the server that `npm run dev` stands in front of.
const server = process.env.FOVEA_URL ?? 'http://localhost:8000'
const proxied = ['/api', '/ws', '/health', '/version', '/docs', '/openapi.json', '/socket.io']

/** Parts of nearly every page. */
const small = new RegExp(
  'src/(i18n/(i18n|format)|api/(?!yaml|job-settings)[a-z-]+|ui/(badge|button|card|checkbox|' +
    'copy-button|cx|dialog|field|form|form-dialog|icons|initial|input|job-actions|' +
    'lazy-when-used|menu|page|progress-bar|relative-time|search-input|states|status-badge|' +
    'table|toast|use-keys|use-page-within|use-search-patch))\\.tsx?$',
)

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: process.env.FOVEA_WEB_OUT ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the policy of the page takes nothing but files
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        manualChunks: (id) => {
          if (/node_modules\/(react|react-dom|scheduler|react-router(-dom)?|@remix-run)\//.test(id))
            return 'react'
          // What every page says, in one file; i18n.ts names the same.
          const words = /i18n\/(en|ko)\/(auth|common|errors|experiments|format|shell)\.json$/.exec(
            id,
          )
          if (words) return `words-${words[1]}`
          // A file for each badge and bar costs more than it saves.
          return small.test(id) ? 'ui' : undefined
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      // The browser's Host stays, so that the server takes the page for one of its own.
      proxied.map((path) => [
        path,
        { target: server, ws: path.includes('ws'), changeOrigin: false },
      ]),
    ),
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    css: { modules: { classNameStrategy: 'non-scoped' } },
  },
})
