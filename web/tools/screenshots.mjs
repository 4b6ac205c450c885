// Pictures of pages of a running server, in both widths, languages and themes.
//   node tools/screenshots.mjs --url http://localhost:8000 --email E --password P --out FOLDER
//        [--width 1440,390] [--theme light,dark] [--locale ko,en] [--full] ROUTE...
// A file is named ROUTE-WIDTH-THEME-LOCALE.png, "/" is "home".
// Errors on the pages' console, failed requests and sideways scrolling are printed.
import { chromium } from '@playwright/test'
import { mkdirSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string', default: 'http://localhost:8000' },
    email: { type: 'string' },
    password: { type: 'string' },
    out: { type: 'string', default: 'screenshots' },
    width: { type: 'string', default: '1440,390' },
    theme: { type: 'string', default: 'light,dark' },
    locale: { type: 'string', default: 'ko,en' },
    full: { type: 'boolean', default: false },
  },
})
mkdirSync(values.out, { recursive: true })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
})
let storageState
if (values.email) {
  const context = await browser.newContext({ baseURL: values.url })
  const answer = await context.request.post('/api/v1/auth/login', {
    data: { email: values.email, password: values.password },
    headers: { Origin: values.url },
  })
  if (!answer.ok()) throw new Error(`login: ${answer.status()} ${await answer.text()}`)
  storageState = await context.storageState()
  await context.close()
}
for (const locale of values.locale.split(','))
  for (const theme of values.theme.split(','))
    for (const width of values.width.split(',').map(Number)) {
      const context = await browser.newContext({
        baseURL: values.url,
        storageState,
        viewport: { width, height: width < 600 ? 844 : 900 },
        locale: locale === 'ko' ? 'ko-KR' : 'en-US',
        colorScheme: theme,
        reducedMotion: 'reduce',
      })
      await context.addInitScript(
        ([l, t]) => {
          localStorage.setItem('locale', l)
          localStorage.setItem('theme', t)
        },
        [locale, theme],
      )
      const page = await context.newPage()
      page.on('console', (m) => m.type() === 'error' && console.log(`${page.url()}: ${m.text()}`))
      page.on('pageerror', (e) => console.log(`${page.url()}: ${e.message}`))
      for (const route of positionals) {
        await page.goto(route)
        await page
          .locator('h1')
          .first()
          .waitFor({ timeout: 10000 })
          .catch(() => console.log(`${route}: no h1`))
        await page.waitForTimeout(700) // pictures and charts
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        if (wide > 0) console.log(`${route} at ${width}: ${wide} px too wide`)
        const name = route.replace(/^\//, '').replace(/\W+/g, '-') || 'home'
        await page.screenshot({
          path: `${values.out}/${name}-${width}-${theme}-${locale}.png`,
          fullPage: values.full,
        })
      }
      await context.close()
    }
await browser.close()
