// Takes the pictures of the guide (public/guide/ID-LOCALE.webp) and of the README (docs/images), of
// a server of its own with data that the platform draws itself.
//   node tools/guide-screenshots.mjs [--fovea PROGRAM] [--engine PROGRAM] [--only ID,...]
//        [--pages URL --port N]     pages of a development server in front of port N
// It trains four small networks for a few epochs: ten minutes on two idle cores.
import { chromium } from '@playwright/test'
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: {
    fovea: { type: 'string', default: '../build/release/bin/fovea' },
    engine: { type: 'string' },
    only: { type: 'string' },
    pages: { type: 'string' },
    port: { type: 'string', default: '0' },
  },
})
const program = resolve(options.fovea)
const engine = resolve(options.engine ?? join(dirname(program), 'fovea-engine'))
const account = { email: 'demo@example.com', password: 'a demo password', full_name: '김서연' }
const WIDTH = 1120
const HEIGHT = 700
const QUALITY = 0.62
const work = mkdtempSync(join(tmpdir(), 'fovea-guide-'))

// --- the server ---------------------------------------------------------------------------------

const child = spawn(
  program,
  ['serve', '--data', join(work, 'data'), '--port', options.port, '--quiet', '--engine', engine],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
let printed = ''
await new Promise((done, fail) => {
  child.stdout.on('data', (piece) => {
    printed += piece
    if (/setup\?token=\w+\n/.test(printed)) done()
  })
  child.on('exit', (code) => fail(new Error(`fovea ended with ${code}: ${printed}`)))
})
const server = /http:\/\/[\d.]+:\d+/.exec(printed)[0]
const url = options.pages ?? server
let token = ''

async function call(method, path, body) {
  const isForm = body instanceof FormData
  const answer = await fetch(server + '/api/v1' + path, {
    method,
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(!isForm && { 'Content-Type': 'application/json' }),
    },
    body: isForm ? body : body && JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

async function until(what, look) {
  for (let i = 0; i < 1200; i++) {
    if (await look()) return
    await new Promise((done) => setTimeout(done, 500))
  }
  throw new Error(`waited in vain: ${what}`)
}

// --- the data -----------------------------------------------------------------------------------

function draw(name, options) {
  const folder = join(work, name)
  const flags = Object.entries(options).flatMap(([flag, value]) => [`--${flag}`, String(value)])
  execFileSync(engine, ['dataset', 'sample', folder, ...flags])
  return folder
}

/** A file that does not open, one that is empty, and one twice: for the page about problems. */
function spoil(folder) {
  const photo = readFileSync(join(folder, 'train/circle/0000.jpg'))
  writeFileSync(join(folder, 'train/circle/cut.jpg'), photo.subarray(0, 900))
  writeFileSync(join(folder, 'train/circle/empty.jpg'), '')
  writeFileSync(join(folder, 'train/circle/notes.txt'), 'taken in spring\n')
  writeFileSync(join(folder, 'val/circle/again.jpg'), photo)
}

async function upload(folder, name, projectId, format = 'imagefolder') {
  const archive = folder + '.tar'
  execFileSync('tar', ['-C', dirname(folder), '-cf', archive, folder.split('/').at(-1)])
  const form = new FormData()
  form.set('name', name)
  form.set('format', format)
  form.set('project_id', String(projectId))
  form.set('files', new Blob([readFileSync(archive)]), 'set.tar')
  const { id } = await call('POST', '/datasets', form)
  await call('POST', `/datasets/${id}/analyze?wait=true`)
  return id
}

async function start(project_id, experiment_name, config) {
  const body = { project_id, experiment_name, tags: ['sample'], config }
  const { id } = await call('POST', '/training/jobs', body)
  await call('POST', `/training/jobs/${id}/start`)
  return id
}

/* The settings of tools/demo.sh, with which a network learns these shapes within minutes. */
const trainClassifier = (project, dataset_id, name, learning_rate, epochs) =>
  start(project, name, {
    ...{ framework: 'timm', model_name: 'resnet18', task_type: 'image_classification' },
    ...{ dataset_id, dataset_format: 'imagefolder', epochs, batch_size: 16, learning_rate },
    advanced_config: {
      ...{ image_size: 64, ema: true, ema_decay: 0.998, label_smoothing: 0.1 },
      optimizer: { type: 'adamw', weight_decay: 0.05 },
      scheduler: { type: 'cosine', warmup_epochs: 1 },
      augmentation: { random_flip: true, random_crop: false },
    },
  })

const trainMasks = (project, dataset_id, name, epochs) =>
  start(project, name, {
    ...{ framework: 'ultralytics', model_name: 'yolo11n-seg', task_type: 'instance_segmentation' },
    ...{ dataset_id, dataset_format: 'yolo', epochs, batch_size: 8, learning_rate: 0.01 },
    advanced_config: { imgsz: 128, nbs: 8 },
  })

const ended = (id) => async () => {
  const { status } = await call('GET', `/training/jobs/${id}`)
  if (status === 'failed') throw new Error(`job ${id} has failed`)
  return status === 'completed'
}

async function prepare() {
  const setup = { token: /setup\?token=(\w+)/.exec(printed)[1], ...account }
  token = (await call('POST', '/setup', setup)).access_token
  const project = await call('POST', '/projects', {
    name: 'Drawn shapes',
    description: 'Circles, squares, stars and triangles',
  })
  const size = { image_size: 96, num_classes: 4 }
  const good = await upload(draw('shapes', { ...size, train: 240, val: 60 }), 'Shapes', project.id)
  const folder = draw('found', { ...size, train: 24, val: 6 })
  spoil(folder)
  const bad = await upload(folder, 'Shapes, unsorted', project.id)
  const jobs = []
  for (const [name, rate] of [
    ['ResNet-18, lr 0.001', 0.001],
    ['ResNet-18, lr 0.0001', 0.0001],
  ]) {
    jobs.push(await trainClassifier(project.id, good, name, rate, 10))
    await until(name, ended(jobs.at(-1)))
  }
  const outlined = draw('outlined', {
    ...{ task: 'instance_segmentation', train: 160, val: 24, image_size: 128 },
  })
  const outlines = await upload(outlined, 'Shapes with outlines', project.id, 'yolo')
  const masks = await trainMasks(project.id, outlines, 'YOLO11n-seg', 40)
  await until('masks', ended(masks))
  jobs.push(await trainClassifier(project.id, good, 'ResNet-18, longer', 0.0005, 30))
  await until('a few epochs', async () => {
    const job = await call('GET', `/training/jobs/${jobs[2]}`)
    return job.current_epoch >= 4
  })
  return { project: project.id, good, bad, jobs, masks, folder }
}

// --- the pictures -------------------------------------------------------------------------------

const scrollBy = (pixels) => (page) => page.mouse.wheel(0, pixels)

/** What is done on a page before its picture; by the picture's name. */
const picturesOf = ({ project, good, bad, jobs, masks, folder }) => ({
  start: { path: `/projects/${project}` },
  datasets: {
    path: `/projects/${project}/datasets`,
    before: async (page) => {
      await page.getByRole('button', { name: /^(데이터셋 업로드|Upload a dataset)$/ }).click()
      await page.locator('input[webkitdirectory]').setInputFiles(folder)
      await page.locator('form [role=status]').first().waitFor()
    },
  },
  dataset: { path: `/datasets/${bad}?tab=problems` },
  images: { path: `/datasets/${good}?tab=images`, onlyReadme: true },
  new: { path: `/projects/${project}/new` },
  training: { path: `/training/${jobs[2]}`, readme: true, before: scrollBy(250) },
  compare: { path: `/projects/${project}/compare?jobs=${jobs.join(',')}`, readme: true },
  masks: {
    path: `/training/${masks}?tab=validation`,
    onlyReadme: true,
    before: async (page) => {
      const pictures = page.getByRole('heading', { name: 'Images' })
      await pictures.evaluate((heading) => heading.scrollIntoView({ block: 'start' }))
      await page.mouse.move(WIDTH / 2, HEIGHT / 2)
      await page.mouse.wheel(0, -80)
      await page.waitForTimeout(3000)
    },
  },
  inference: {
    path: `/projects/${project}/inference?job=${jobs[0]}`,
    before: async (page) => {
      await page
        .locator('input[type=file]')
        .first()
        .setInputFiles(join(work, 'shapes/val/star/0000.jpg'))
      await page.waitForTimeout(4000)
      await scrollBy(280)(page)
    },
  },
  admin: { path: '/admin' },
})

async function picture(browser, state, name, { path, before }, locale, theme = 'light') {
  const context = await browser.newContext({
    baseURL: url,
    storageState: state,
    viewport: { width: WIDTH, height: HEIGHT },
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
  page.on('pageerror', (error) => console.log(`${path}: ${error.message}`))
  await page.goto(path)
  await page.locator('h1').first().waitFor()
  await page.waitForTimeout(1200) // pictures and charts
  await before?.(page).catch((error) => console.log(`${path}: ${error.message.split('\n')[0]}`))
  await page.waitForTimeout(500)
  const png = await page.screenshot({ animations: 'disabled' })
  await context.close()
  return png
}

/** Chromium is the encoder: nothing else has to be installed. */
async function webp(page, png) {
  const data = await page.evaluate(
    async ([source, quality]) => {
      const image = await createImageBitmap(await (await fetch(source)).blob())
      const canvas = document.createElement('canvas')
      canvas.width = image.width
      canvas.height = image.height
      canvas.getContext('2d').drawImage(image, 0, 0)
      return canvas.toDataURL('image/webp', quality)
    },
    [`data:image/png;base64,${png.toString('base64')}`, QUALITY],
  )
  return Buffer.from(data.split(',')[1], 'base64')
}

const guide = resolve('public/guide')
const readme = resolve('../docs/images')
mkdirSync(guide, { recursive: true })
mkdirSync(readme, { recursive: true })
let browser
try {
  const made = await prepare()
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
  const context = await browser.newContext({ baseURL: url })
  await context.request.post('/api/v1/auth/login', {
    data: { email: account.email, password: account.password },
    headers: { Origin: url },
  })
  const state = await context.storageState()
  const encoder = await context.newPage()
  const wanted = options.only?.split(',')
  let bytes = 0
  const write = async (file, png) => {
    writeFileSync(file, await webp(encoder, png))
    bytes += statSync(file).size
  }
  for (const [name, shot] of Object.entries(picturesOf(made))) {
    if (wanted && !wanted.includes(name)) continue
    if (!shot.onlyReadme)
      for (const locale of ['ko', 'en'])
        await write(
          join(guide, `${name}-${locale}.webp`),
          await picture(browser, state, name, shot, locale),
        )
    if (shot.readme || shot.onlyReadme)
      for (const theme of ['light', 'dark'])
        await write(
          join(readme, `${name}-${theme}.webp`),
          await picture(browser, state, name, shot, 'en', theme),
        )
  }
  console.log(`${bytes} bytes of pictures`)
} finally {
  await browser?.close()
  child.kill('SIGINT')
  await new Promise((done) => (child.exitCode === null ? child.on('exit', done) : done()))
  rmSync(work, { recursive: true, force: true })
}
