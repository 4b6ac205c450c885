/* elsewhere.ts - the pages on an origin of their own, as somebody may deploy them: what the program
 * delivers, with another /config.json and without its headers. */
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Elsewhere = {
  origin: string
  /** where the API is */
  lead: (apiOrigin: string) => void
  stop: () => Promise<void>
}

export async function createElsewhere(): Promise<Elsewhere> {
  let api = ''
  const pages = createHttpServer((request, response) => {
    if (request.url === '/config.json') {
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify({ api_origin: api, socket_origin: api }))
      return
    }
    void fetch(api + request.url, { headers: { Accept: request.headers.accept ?? '*/*' } }).then(
      async (page) => {
        response.statusCode = page.status
        response.setHeader('Content-Type', page.headers.get('content-type') ?? '')
        response.end(Buffer.from(await page.arrayBuffer()))
      },
    )
  })
  await new Promise<void>((done) => pages.listen(0, '127.0.0.1', done))
  return {
    origin: `http://127.0.0.1:${(pages.address() as AddressInfo).port}`,
    lead: (apiOrigin) => (api = apiOrigin),
    stop: () => new Promise((done) => void pages.close(() => done())),
  }
}
