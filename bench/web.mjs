/* web.mjs - does the web UI stay smooth with 10,000 experiments and 1,000,000 metric points?
 *
 *     node bench/web.mjs [--fovea build/release/bin/fovea] [--out bench/results/web.md] [--loads 7]
 *
 * Starts a server on a fresh folder, fills it by SQL (the sqlite3 program), opens headless Chromium
 * and measures what a person would feel: frames while scrolling, paging, zooming and moving along
 * a chart; the time until a page that was never opened can be used; the JavaScript it takes. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const { chromium } = createRequire(new URL('../web/package.json', import.meta.url))(
  '@playwright/test',
)
const { values: options } = parseArgs({
  options: {
    fovea: { type: 'string', default: 'build/release/bin/fovea' },
    out: { type: 'string' },
    loads: { type: 'string', default: '7' },
  },
})
const JOBS = 10_000
const POINTS = 1_000_000
const EPOCHS = 100
const LEVEL_BITS = 4 // as in src/store/migrations.def
const LEVELS = 6
const FRAME_MS = 50
const READY_MS = 1000
const JAVASCRIPT_KB = 200
const account = {
  email: 'bench@example.com',
  password: 'long enough 1',
  full_name: 'Bench',
}
const work = mkdtempSync(join(tmpdir(), 'fovea-bench-'))
const data = join(work, 'data')

// --- a server with much in it -------------------------------------------------------------------

let child
let url

async function start() {
  const flags = ['--data', data, '--port', '0', '--quiet', '--no_trainer']
  child = spawn(resolve(options.fovea), ['serve', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  await new Promise((done, fail) => {
    child.stdout.on('data', (piece) => {
      printed += piece
      if (/data in .*\n/.test(printed)) setTimeout(done, 100) // the setup link comes with it
    })
    child.on('exit', (code) => fail(new Error(`fovea ended with ${code}: ${printed}`)))
  })
  url = /http:\/\/[\d.]+:\d+/.exec(printed)[0]
  return /setup\?token=(\w+)/.exec(printed)?.[1]
}

async function stop() {
  if (!child || child.exitCode !== null) return
  const ended = new Promise((done) => child.on('exit', done))
  child.kill('SIGINT')
  await ended
}

const numbers = (last) =>
  `WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < ${last}) `

/** Most are completed; the levels of a series are those that the server would have made. */
function fillingSql() {
  const job = `INSERT INTO training_jobs (project_id, user_id, experiment_name, framework,
    model_name, task_type, dataset_path, epochs, learning_rate, status, accuracy, loss,
    current_epoch, tags, created_at, updated_at) `
  const points = 'INSERT INTO metric_points (series_id, level, bucket, minimum, maximum, last)'
  const now = Date.now() * 1000
  const levels = Array.from(
    { length: LEVELS },
    (_, below) => `${points}
      SELECT series_id, ${below + 1}, bucket >> ${LEVEL_BITS}, min(minimum), max(maximum), last
      FROM (SELECT * FROM metric_points WHERE level = ${below} ORDER BY series_id, bucket)
      GROUP BY series_id, bucket >> ${LEVEL_BITS};`,
  )
  return `PRAGMA synchronous = OFF; BEGIN;
    INSERT INTO projects (id, name, user_id) VALUES (1, 'Many experiments', 1), (2, 'Long runs', 1);
    ${numbers(JOBS - 1)} ${job} SELECT 1, 1, printf('%s run %d', CASE x % 3 WHEN 0 THEN 'cats'
      WHEN 1 THEN 'flowers' ELSE 'parts' END, x), 'timm', CASE x % 2 WHEN 0 THEN 'resnet18'
      ELSE 'efficientnet_b0' END, 'image_classification', '/data/set', 30, 0.001,
      CASE WHEN x % 20 = 1 THEN 'failed' WHEN x % 50 = 2 THEN 'pending' ELSE 'completed' END,
      (x * 7919 % 10007) / 10007.0, 0.5, 30, '["spring","second try"]',
      ${now} - (${JOBS} - x) * 60000000, ${now} FROM n;
    ${job} SELECT 2, 1, 'Long run ' || value, 'timm', 'resnet18', 'image_classification',
      '/data/set', 100, 0.001, 'completed', 0.9, 0.1, 100, NULL, ${now}, ${now}
      FROM (SELECT 1 AS value UNION SELECT 2);
    INSERT INTO metric_series (id, job_id, name, axis) SELECT 1, min(id), 'step_loss', 'step'
      FROM training_jobs WHERE project_id = 2;
    INSERT INTO metric_series (job_id, name, axis) SELECT id, name, 'epoch' FROM training_jobs,
      (SELECT 'loss' AS name UNION SELECT 'accuracy') WHERE project_id = 2;
    ${numbers(POINTS - 1)} ${points} SELECT 1, 0, x, v, v, v
      FROM (SELECT x, 2 + sin(x * 0.0001) + (x * 7919 % 1009) / 1009.0 AS v FROM n);
    ${numbers(EPOCHS - 1)} ${points} SELECT id, 0, x + 1, v, v, v FROM (SELECT id, x,
      CASE name WHEN 'loss' THEN 2.0 / (x + 2) ELSE x / (x + 5.0) END AS v
      FROM n, metric_series WHERE axis = 'epoch');
    ${levels.join('\n')} COMMIT;`
}

async function prepare() {
  const token = await start()
  const answer = await fetch(`${url}/api/v1/setup`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token, ...account }),
  })
  if (!answer.ok) throw new Error(await answer.text())
  await stop()
  const path = join(data, 'vision_platform.db')
  execFileSync('sqlite3', ['-bail', path], {
    input: fillingSql(),
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const count = (sql) => Number(execFileSync('sqlite3', [path, sql]).toString())
  const jobs = count('SELECT count(*) FROM training_jobs')
  const points = count('SELECT count(*) FROM metric_points WHERE level = 0')
  if (jobs < JOBS || points < POINTS) throw new Error(`filled ${jobs} jobs, ${points} points`)
  await start()
  const ids = execFileSync('sqlite3', [path, 'SELECT id FROM training_jobs WHERE project_id = 2'])
  return ids.toString().trim().split('\n').map(Number)
}

// --- measuring ----------------------------------------------------------------------------------

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

/** Milliseconds from frame to frame while something is done. */
async function frames(page, act) {
  await page.evaluate(() => {
    const found = (window.__frames = [])
    let last = performance.now()
    const look = (now) => {
      found.push(now - last)
      last = now
      if (window.__frames === found) requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  await act()
  const found = await page.evaluate(() => {
    const all = window.__frames
    window.__frames = null
    return all.slice(1)
  })
  const sorted = found.sort((a, b) => a - b)
  return {
    count: sorted.length,
    median: at(sorted, 0.5),
    p95: at(sorted, 0.95),
    worst: sorted.at(-1),
  }
}

async function scroll(page, selector) {
  await page.locator(selector).first().hover()
  for (let turn = 0; turn < 4; turn++)
    for (let step = 0; step < 25; step++) {
      await page.mouse.wheel(0, turn % 2 ? -120 : 120)
      await page.evaluate(() => new Promise(requestAnimationFrame))
    }
}

async function drag(page, box, from, to) {
  const y = box.y + box.height / 2
  await page.mouse.move(box.x + box.width * from, y)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * to, y, { steps: 20 })
  await page.mouse.up()
}

const isDetail = (response) => /\/metrics\?/.test(response.url())

/** Three times deeper, each time with the detail that the page asks for; then all again. */
async function zoom(page) {
  const box = await page.locator('.u-over').first().boundingBox()
  for (let depth = 0; depth < 3; depth++) {
    const answer = page.waitForResponse(isDetail)
    await drag(page, box, 0.3, 0.6)
    await answer
    await page.evaluate(() => new Promise((done) => setTimeout(done, 100)))
  }
  await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2)
  await page.evaluate(() => new Promise((done) => setTimeout(done, 300)))
}

async function moveAlong(page) {
  const box = await page.locator('.u-over').first().boundingBox()
  await page.mouse.move(box.x + 60, box.y + 60)
  await page.mouse.move(box.x + box.width - 40, box.y + box.height - 60, {
    steps: 120,
  })
}

async function turnPages(page) {
  const next = page.getByRole('navigation', { name: 'Pages' }).getByRole('button').last()
  for (let i = 0; i < 8; i++) {
    const answer = page.waitForResponse(/\/experiments\?/)
    await next.click()
    await answer
    await page.evaluate(() => new Promise((done) => setTimeout(done, 60)))
  }
}

/** From the navigation of a browser that has nothing until the page's heading and what it shows are
 * there (no grey bars in their place), there is a button, and the page has time to answer. */
async function ready(browser, state, path) {
  const context = await browser.newContext({ baseURL: url, locale: 'en-US', storageState: state })
  const page = await context.newPage()
  await page.addInitScript(() => {
    const isThere = () =>
      document.querySelector('main h1') &&
      !document.querySelector('main [class*=skeleton]') &&
      document.querySelector('main button:not(:disabled), header button')
    const look = () =>
      isThere()
        ? setTimeout(() => (window.__ready = performance.now()))
        : requestAnimationFrame(look)
    requestAnimationFrame(look)
  })
  await page.goto(path, { waitUntil: 'commit' })
  await page.waitForFunction(() => window.__ready)
  const found = await page.evaluate(() => window.__ready)
  await page.waitForLoadState('networkidle')
  const bytes = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter((entry) => new URL(entry.name).pathname.endsWith('.js'))
      .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
  )
  await context.close()
  return { milliseconds: found, kilobytes: bytes / 1000 }
}

async function readyTimes(browser, state, path) {
  const all = []
  for (let i = 0; i < Number(options.loads); i++) all.push(await ready(browser, state, path))
  const sorted = all.map((one) => one.milliseconds).sort((a, b) => a - b)
  return {
    median: at(sorted, 0.5),
    worst: sorted.at(-1),
    kilobytes: all[0].kilobytes,
  }
}

// --- the report ---------------------------------------------------------------------------------

const lines = []
let failed = 0
const say = (line) => {
  console.log(line)
  lines.push(line)
}
/** A number, marked where it is beyond what is wanted. */
const judged = (value, most, digits = 0) => {
  if (value > most) failed++
  return value.toFixed(digits) + (value > most ? ' **(over)**' : '')
}

function machine() {
  const model =
    /model name\s*: (.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? cpus()[0].model
  return `${model}, ${cpus().length} threads, load ${loadavg()[0].toFixed(1)}`
}

async function smoothness(page, longRuns) {
  say('\n## Frames\n')
  say(`Wanted: below ${FRAME_MS} ms. The screen's own frame takes 16.7 ms.\n`)
  say('| what is done | frames | median, ms | 95 % below, ms | worst, ms |')
  say('|---|---|---|---|---|')
  const row = async (name, act) => {
    const { count, median, p95, worst } = await frames(page, act)
    say(
      `| ${name} | ${count} | ${median.toFixed(1)} | ${p95.toFixed(1)} | ` +
        `${judged(worst, FRAME_MS, 1)} |`,
    )
  }
  await page.goto('/projects/1')
  await page.getByRole('row').nth(20).waitFor()
  await page.waitForLoadState('networkidle')
  await row('scroll the table of 10,000 experiments', () => scroll(page, 'tbody tr'))
  await row('turn eight pages of it', () => turnPages(page))
  await page.goto(`/training/${longRuns[0]}?metrics=step_loss`)
  await page.locator('.u-over').first().waitFor()
  await page.waitForLoadState('networkidle')
  await row('zoom into a chart of 1,000,000 points', () => zoom(page))
  await row('move along it', () => moveAlong(page))
  await row('scroll its page', () => scroll(page, 'h1'))
}

async function speed(browser, state, longRuns) {
  const pages = [
    ['log in', '/login', undefined],
    ['projects', '/', state],
    ['10,000 experiments', '/projects/1', state],
    ['new experiment', '/projects/1/new', state],
    ['datasets', '/projects/1/datasets', state],
    ['a run of 1,000,000 points', `/training/${longRuns[0]}?metrics=step_loss`, state],
    ['compare', `/projects/2/compare?jobs=${longRuns.join(',')}`, state],
    ['inference', '/projects/2/inference', state],
    ['queue', '/queue', state],
  ]
  say('\n## First load\n')
  say(
    `Each page opened ${options.loads} times by a browser with an empty cache. Wanted: usable ` +
      `within ${READY_MS} ms, below ${JAVASCRIPT_KB} kB of compressed JavaScript.\n`,
  )
  say('| page | usable after, median, ms | slowest, ms | JavaScript, kB |')
  say('|---|---|---|---|')
  for (const [name, path, as] of pages) {
    const { median, worst, kilobytes } = await readyTimes(browser, as, path)
    say(
      `| ${name} | ${judged(median, READY_MS)} | ${worst.toFixed(0)} | ` +
        `${judged(kilobytes, JAVASCRIPT_KB)} |`,
    )
  }
}

let browser
try {
  const longRuns = await prepare()
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  browser = await chromium.launch({
    executablePath: existsSync(executablePath) ? executablePath : undefined,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
  const context = await browser.newContext({
    ...{
      baseURL: url,
      locale: 'en-US',
      viewport: { width: 1440, height: 900 },
    },
  })
  await context.request.post('/api/v1/auth/login', {
    data: { email: account.email, password: account.password },
    headers: { Origin: url },
  })
  say('# The web UI with much in it\n')
  say(
    `\`bench/web.mjs\`, ${new Date().toISOString().slice(0, 10)}, ${machine()}, ` +
      `Chromium ${browser.version()} without a GPU. ${JOBS.toLocaleString('en')} experiments, ` +
      `${POINTS.toLocaleString('en')} metric points.`,
  )
  await smoothness(await context.newPage(), longRuns)
  await speed(browser, await context.storageState(), longRuns)
  say(`\nLoad at the end: ${loadavg()[0].toFixed(1)}.`)
  if (options.out) writeFileSync(options.out, lines.join('\n') + '\n')
} finally {
  await browser?.close()
  await stop()
  rmSync(work, { recursive: true, force: true })
}
process.exitCode = failed ? 1 : 0
