import words from '../src/features/wizard/model-words.ko.json' with { type: 'json' }
import { expect, test } from './server'

test('the pages come with their headers, compressed and only when they have changed', async ({
  server,
}) => {
  const page = await fetch(server.url + '/')
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self';")
  expect(page.headers.get('cache-control')).toBe('no-cache')
  const html = await page.text()
  const script = /\/assets\/index-[\w-]+\.js/.exec(html)![0]
  const asset = await fetch(server.url + script)
  expect(asset.headers.get('cache-control')).toContain('immutable')
  expect(asset.headers.get('content-encoding')).toBe('gzip')
  expect(asset.headers.get('x-content-type-options')).toBe('nosniff')
  const again = await fetch(server.url + '/', {
    headers: { 'If-None-Match': page.headers.get('etag')! },
  })
  expect(again.status).toBe(304)
})

test('paths of the application are its page, those of the API are not', async ({ server }) => {
  const ask = async (path: string, accept: string) => {
    const answer = await fetch(server.url + path, { headers: { Accept: accept } })
    return `${answer.status} ${answer.headers.get('content-type')}`
  }
  expect(await ask('/projects/3', 'text/html')).toBe('200 text/html; charset=utf-8')
  expect(await ask('/projects/3', 'application/json')).toBe('404 application/json')
  expect(await ask('/api/v1/nothing', 'text/html')).toBe('404 application/json')
  expect(await ask('/assets/old-chunk.js', 'text/html')).toBe('404 application/json')
  expect(await ask('/config.json', '*/*')).toBe('200 application/json')
})

test('the licences of what is in the pages come with them', async ({ server }) => {
  const text = await (await fetch(server.url + '/licences.txt')).text()
  for (const name of ['react-dom', 'uplot', '@tanstack/react-query'])
    expect(text).toMatch(new RegExp(`^${name} [0-9.]+ \\(MIT\\)$`, 'm'))
})

test('the first load of a page stays under 200 kB of compressed JavaScript', async ({
  browser,
  server,
}) => {
  await server.ensureAdmin()
  const { id } = await server.call<{ id: number }>('POST', '/api/v1/projects', { name: 'Small' })
  for (const path of ['/', `/projects/${id}/new`]) {
    const page = await browser.newPage()
    let bytes = 0
    page.on('response', async (response) => {
      if (/\.js$/.test(new URL(response.url()).pathname))
        bytes += Number(await response.headerValue('content-length'))
    })
    await server.login(page)
    await page.goto(server.url + path)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await page.waitForLoadState('networkidle')
    expect(bytes, path).toBeGreaterThan(50_000)
    expect(bytes, path).toBeLessThan(200_000)
    await page.close()
  }
})

test('whatever the catalogue says of models has its Korean', async ({ server }) => {
  const { models } = await server.call<{ models: Record<string, string>[] }>(
    'GET',
    '/api/v1/models/list?envelope=1',
  )
  const said = new Set<string>()
  const note = (value: unknown) => {
    if (typeof value === 'string') said.add(value)
    else if (Array.isArray(value)) value.forEach(note)
  }
  for (const { framework, model_name, description } of models) {
    note(description)
    const guide = await server.call<Record<string, unknown>>(
      'GET',
      `/api/v1/models/guide?framework=${framework}&model_name=${model_name}`,
    )
    for (const key of ['use_cases', 'pros', 'cons', 'when_to_use', 'when_not_to_use'])
      note(guide[key])
    note((guide.alternatives as { reason: string }[]).map(({ reason }) => reason))
    note((guide.benchmark as { reference: string }).reference)
  }
  expect(said.size).toBeGreaterThan(50)
  expect([...said].sort()).toEqual(Object.keys(words).sort())
})
