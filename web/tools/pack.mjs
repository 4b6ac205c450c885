// Packs a folder of built pages into one file; src/api/web_ui.h describes it.
//   node tools/pack.mjs DIST FILE
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'

const [dist, target] = process.argv.slice(2)
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

function* walk(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* walk(path)
    else yield path
  }
}

const files = [...walk(dist)]
  .map((file) => ({ file, path: '/' + relative(dist, file).replaceAll('\\', '/') }))
  .filter(({ path }) => path !== '/config.json') // the server's own
  .sort((a, b) => (a.path < b.path ? -1 : 1))

const lines = []
const blobs = []
for (const { file, path } of files) {
  const plain = readFileSync(file)
  const type = types[extname(file)]
  if (!type) throw new Error(`pack: no type for ${path}`)
  const small = gzipSync(plain, { level: 9 })
  const gzip = small.length < plain.length * 0.95 ? small : Buffer.alloc(0)
  const tag = createHash('sha256').update(plain).digest('hex').slice(0, 20)
  const cache = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
  lines.push([path, type, `W/"${tag}"`, cache, plain.length, gzip.length].join('\t'))
  blobs.push(plain, gzip)
}
const head = `fovea-web 1 ${files.length}\n${lines.join('\n')}\n\n`
writeFileSync(target, Buffer.concat([Buffer.from(head), ...blobs]))
