import react from '@vitejs/plugin-react'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// FOVEA_URL: the server that `npm run dev` stands in front of.
const server = process.env.FOVEA_URL ?? 'http://localhost:8000'
const proxied = ['/api', '/ws', '/health', '/version', '/docs', '/openapi.json', '/socket.io']

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
        manualChunks: (id) =>
          /node_modules\/(react|react-dom|scheduler|react-router|react-router-dom|@remix-run)\//.test(
            id,
          )
            ? 'react'
            : undefined,
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
