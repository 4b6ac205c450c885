import { defineConfig } from '@playwright/test'

/* e2e/server.ts starts a real `fovea serve` for each worker; $FOVEA is the program. */
export default defineConfig({
  testDir: 'e2e',
  timeout: 60_000,
  expect: { timeout: 10_000 }, // two cores that train, too
  fullyParallel: false,
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
  use: {
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    },
    viewport: { width: 1280, height: 800 },
    locale: 'ko-KR',
    trace: 'retain-on-failure',
  },
})
