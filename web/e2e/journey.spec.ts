import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createElsewhere } from './elsewhere'
import { keyboard, mouse } from './hands'
import { journey, type Material } from './journey'
import { drawSample, type Sample } from './photos'
import { createServer, expect, test } from './server'
import { wordsOf } from './words'

test.describe.configure({ timeout: 480_000 })
test.use({ actionTimeout: 20_000 })

let drawn: Sample
let others: Sample
let material: Material
test.beforeAll(() => {
  drawn = drawSample(2, 32)
  others = drawSample(2, 1, 2)
  material = {
    photos: drawn.folder,
    classes: ['circle', 'square'],
    photo: join(others.folder, 'val/square/0000.jpg'),
    imageSize: 32,
    batch: 4,
    // The first is stopped on its way: its epochs have to last longer than the look at them.
    epochs: [20, 2],
  }
})
test.afterAll(() => {
  drawn.remove()
  others.remove()
})

test.describe('in Korean', () => {
  test.use({ locale: 'ko-KR' })
  test('the whole way, from the first account of a server', async ({ page, freshServer }) => {
    await page.goto(freshServer.url)
    const who = { page, server: freshServer, hand: mouse(page), t: wordsOf('ko') }
    await journey({ ...who, name: '김서연', email: 'kim@example.com', enters: 'setup' }, material)
  })
})

test.describe('in English', () => {
  test.use({ locale: 'en-US' })

  test('the whole way, as one more person on a server', async ({ page, server }) => {
    await server.ensureAdmin()
    const who = { page, server, hand: mouse(page), t: wordsOf('en') }
    await journey({ ...who, name: 'Ada', email: 'ada@example.com', enters: 'register' }, material)
  })

  test('the whole way with the keyboard alone', async ({ page, server }) => {
    await server.ensureAdmin()
    const who = { page, server, hand: keyboard(page), t: wordsOf('en') }
    await journey({ ...who, name: 'Bo', email: 'bo@example.com', enters: 'register' }, material)
  })

  test('the whole way on pages of another origin, with tokens', async ({ browser }) => {
    const elsewhere = await createElsewhere()
    const server = await createServer(undefined, ['--origins', elsewhere.origin])
    elsewhere.lead(server.url)
    await server.ensureAdmin()
    const context = await browser.newContext({ baseURL: elsewhere.origin, locale: 'en-US' })
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    const who = { page, server, hand: mouse(page), t: wordsOf('en') }
    await journey({ ...who, name: 'Dee', email: 'dee@example.com', enters: 'register' }, material)
    expect(await context.cookies()).toEqual([])
    await context.close()
    await server.remove()
    await elsewhere.stop()
  })

  test('the whole way with photographs', async ({ page, server }) => {
    const real = resolve('../../shared/data/classification/dogs_cats')
    // They are not part of the project, which has to be whole without them.
    test.skip(!existsSync(real), `there are no photographs: ${real}`)
    await server.ensureAdmin()
    const { folder, photo, remove } = someOf(real, 24, 8)
    const who = { page, server, hand: mouse(page), t: wordsOf('en') }
    await journey(
      { ...who, name: 'Cleo', email: 'cleo@example.com', enters: 'register' },
      { photos: folder, classes: ['cat', 'dog'], photo, imageSize: 64, batch: 8, epochs: [20, 2] },
    )
    remove()
  })
})

/** Copies of the first photos of each class, and one that is not among them. */
function someOf(real: string, train: number, val: number) {
  const top = mkdtempSync(join(tmpdir(), 'fovea-photos-'))
  const folder = join(top, 'dogs_cats')
  for (const [part, count] of Object.entries({ train, val }))
    for (const name of ['cat', 'dog'])
      for (const file of readdirSync(join(real, part, name))
        .sort()
        .slice(0, count))
        cpSync(join(real, part, name, file), join(folder, part, name, file))
  const rest = join(real, 'val/dog')
  return {
    folder,
    photo: join(rest, readdirSync(rest).sort().at(-1)!),
    remove: () => rmSync(top, { recursive: true, force: true }),
  }
}
