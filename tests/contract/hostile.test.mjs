/* hostile.test.mjs - bodies and messages that nobody with good intentions sends, to a real server: what is refused
 * says so, changes nothing, and the next request is served.
 *
 * The parsers have tests of their own in tests/net, tests/base and tests/app; here is what lies between them and the
 * handlers.  JSON goes to every operation that the description lists. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { assertUnchanged, everything, makeAll, mark, operationsOf } from './owned.mjs'
import { call, expectCall, login, loginAdmin, startServer, stopServer } from './support.mjs'

let server, operations, ada, admin, owned

before(async () => {
  server = await startServer(['--no_trainer'])
  admin = await loginAdmin(server)
  ada = await login(server, `${mark}@example.com`)
  owned = await makeAll(server, ada)
  operations = await operationsOf(server)
})
after(async () => { await stopServer(server) })

const fill = path => path.replace(/\{(\w+)\}/g, (_, name) => owned[name])

async function send(method, path, type, bytes, token) {
  const response = await fetch(server.url + path, { method, body: bytes, headers: { 'Content-Type': type,
    Authorization: `Bearer ${token ?? (path.includes('/admin/') ? admin : ada)}`, 'X-Internal-Auth': server.secret } })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

/* --- JSON ------------------------------------------------------------------------------------ */

const broken = {
  'a half': '{"name":"x"', 'behind its end': '{"name":"x"} {}', 'a comma too many': '{"name":"x",}',
  'another quote': "{'name':'x'}", 'no object': '[{"name":"x"}]', 'a text': '"name"', 'a number': '1', 'null': 'null',
  'deep arrays': '['.repeat(100000), 'deep arrays, closed': `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  'deep objects': '{"a":'.repeat(100000), 'a name twice': '{"name":"x","name":"y"}', 'not a number': '{"name":NaN}',
  'infinite': '{"a":1e999}', 'an endless integer': `{"a":${'9'.repeat(400)}}`, 'above 64 bits': '{"a":9223372036854775808}',
  'not UTF-8': Buffer.from('{"name":"\xff\xfe"}', 'latin1'), 'an overlong slash': Buffer.from('{"name":"\xc0\xaf"}', 'latin1'),
  'half a character': Buffer.from('{"name":"\xe2\x82"}', 'latin1'), 'half a surrogate': '{"name":"\\ud800"}',
  'surrogates the wrong way': '{"name":"\\udc00\\ud800"}', 'a NUL': '{"name":"a\0b"}', 'an escaped NUL': '{"name":"a\\u0000b"}',
  'a NUL in a name': '{"na\\u0000me":"x"}', 'a byte order mark': '\ufeff{"name":"x"}', 'a control character': '{"name":"a\x01"}',
}

test('JSON that is none is refused by every operation, and does nothing', { timeout: 120000 }, async () => {
  const takers = operations.filter(({ operation }) => operation.requestBody?.content?.['application/json'])
  const state = await everything(server)
  assert.ok(takers.length > 30)
  for (const { method, path } of takers) {
    const answers = await Promise.all(Object.entries(broken).map(async ([what, text]) =>
      [what, await send(method, fill(path), 'application/json', text)]))
    for (const [what, { status, body }] of answers) {
      assert.ok(status === 422 || status === 400, `${method} ${path} with ${what}: ${status} ${JSON.stringify(body)}`)
      assert.ok(body.detail && body.code, `${method} ${path} with ${what}`)
    }
    // A training service that shows the secret may tell of a matrix of a thousand classes.
    const megabytes = path.startsWith('/api/v1/internal/') ? 16 : 1
    const { status } = await send(method, fill(path), 'application/json', `{"name":"${'x'.repeat(megabytes << 20)}"}`)
    assert.equal(status, 413, `${method} ${path} with ${megabytes} megabytes`)
  }
  await assertUnchanged(server, state)
})

/* --- messages -------------------------------------------------------------------------------- */

/* All that comes until the server closes, or is silent for a while. */
async function raw(text, isHalf = false) {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  let answer = ''
  socket.on('data', piece => { answer += piece.toString('latin1') })
  socket.on('error', () => {})
  socket.setTimeout(1000, () => socket.destroy())
  await once(socket, 'connect')
  if (isHalf) socket.end(Buffer.from(text, 'latin1'))
  else socket.write(Buffer.from(text, 'latin1'))
  await once(socket, 'close')
  return answer
}

test('messages that are no HTTP end the connection, and no second one hides in them', async () => {
  const add = 'POST /api/v1/projects HTTP/1.1\r\nHost: a\r\n', bearer = `Authorization: Bearer ${ada}\r\n`
  const hidden = `POST /api/v1/projects HTTP/1.1\r\nHost: a\r\n${bearer}Content-Type: application/json\r\n` +
    'Content-Length: 17\r\n\r\n{"name":"hidden"}'
  const cases = {
    'a length and chunks': `${add}${bearer}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    'two lengths': `${add}${bearer}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    'a bare CR in a header': `${add}${bearer}X: a\rContent-Length: 0\r\n\r\n${hidden}`,
    'a folded header': `${add}${bearer}Content-Length:\r\n 0\r\n\r\n${hidden}`,
    'a space before the colon': `${add}${bearer}Content-Length : 0\r\n\r\n${hidden}`,
    'a header without a colon': `${add}${bearer}Content-Length 0\r\n\r\n${hidden}`,
    'a chunk size that wraps': `${add}${bearer}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n0\r\n\r\n${hidden}`,
    'a negative chunk': `${add}${bearer}Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n0\r\n\r\n${hidden}`,
    'a chunk longer than said': `${add}${bearer}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n${hidden}`,
    'an endless header': `${add}X: ${'a'.repeat(100000)}\r\n\r\n${hidden}`,
    'endless headers': `${add}${'X: a\r\n'.repeat(20000)}\r\n${hidden}`,
    'no blank line': `${add}${bearer}`.repeat(3),
  }
  const state = await everything(server)
  for (const [what, text] of Object.entries(cases)) {
    const answers = (await raw(text)).match(/HTTP\/1\.1 \d+/g) ?? []
    assert.ok(answers.length <= 1, `${what}: ${answers}`)
    if (answers.length) assert.match(answers[0], / (400|401|413|414|431|422)$/, what)
  }
  const half = `${add}${bearer}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name":"half"}`
  assert.doesNotMatch(await raw(half, true), /HTTP\/1\.1 2/)
  await assertUnchanged(server, state)
  const both = `GET /health HTTP/1.1\r\nHost: a\r\n\r\n${hidden}` /* which is how it would have been taken */
  assert.deepEqual((await raw(both)).match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 201'])
})

/* --- forms and archives ---------------------------------------------------------------------- */

const formType = 'multipart/form-data; boundary=cut'
const part = (headers, content) => `--cut\r\nContent-Disposition: form-data; ${headers}\r\n\r\n${content}\r\n`
const fields = () => part('name="name"', mark) + part('name="format"', 'imagefolder') +
  part('name="project_id"', String(owned.project_id))

test('forms that are none are refused and leave nothing', async () => {
  const good = part('name="files"; filename="a/new.png"', 'x')
  const cases = {
    'no boundary': ['multipart/form-data', `${fields()}${good}--cut--\r\n`],
    'another boundary': ['multipart/form-data; boundary=other', `${fields()}${good}--cut--\r\n`],
    'no end': [formType, `${fields()}${good}`],
    'nothing': [formType, ''],
    'a form within': [formType, `${fields()}--cut\r\nContent-Disposition: form-data; name="files"\r\n` +
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--cut--\r\n'],
    'endless headers': [formType, `${fields()}--cut\r\n${'X: y\r\n'.repeat(50000)}\r\nx\r\n--cut--\r\n`],
    'one endless header': [formType, `${fields()}--cut\r\nX: ${'y'.repeat(300000)}\r\n\r\nx\r\n--cut--\r\n`],
  }
  for (const name of ['../x.png', '/x.png', 'a/../../x.png', 'a\\\\..\\\\..\\\\x.png', 'a/./x.png', '..', '.', 'a//x.png',
    'C:\\\\x.png', '\xc0\xae\xc0\xae/x.png', '\xff.png', 'a/\x01.png', 'a/\r\n.png', `${'a'.repeat(5000)}.png`,
    `${'a/'.repeat(200)}x.png`])
    cases[`a file called ${name.slice(0, 20)}`] = [formType, Buffer.from(
      `${fields()}${part(`name="files"; filename="${name}"`, 'x')}--cut--\r\n`, 'latin1')]
  const state = await everything(server)
  for (const path of ['/api/v1/datasets', `/api/v1/datasets/${owned.dataset}/files`])
    for (const [what, [type, text]] of Object.entries(cases)) {
      const { status, body } = await send('POST', path, type, text)
      assert.ok([400, 413, 422].includes(status), `${path}, ${what}: ${status} ${JSON.stringify(body)}`)
    }
  await assertUnchanged(server, state)
})

/* One entry; kinds of tar: 0 a file, 1 a hard link, 2 a symbolic link, 3 a device. */
function tar(name, content, kind = '0', target = '') {
  const header = Buffer.alloc(512)
  const put = (text, offset) => header.write(text, offset, 'latin1')
  for (const [text, offset] of [[name, 0], ['0000644\0', 100], ['0000000\0', 108], ['0000000\0', 116],
    [`${content.length.toString(8).padStart(11, '0')}\0`, 124], ['00000000000\0', 136], ['        ', 148], [kind, 156],
    [target, 157], ['ustar\x0000', 257]]) put(text, offset)
  put(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)])
}
const tarEnd = Buffer.alloc(1024)

/* A zip of one entry, which is said to have so many bytes. */
function zip(name, packed, size) {
  const bytes = Buffer.from(name, 'latin1'), local = Buffer.alloc(30), central = Buffer.alloc(46), end = Buffer.alloc(22)
  local.writeUInt32LE(0x04034b50, 0), local.writeUInt16LE(20, 4), local.writeUInt16LE(8, 8)
  local.writeUInt32LE(packed.length, 18), local.writeUInt32LE(size, 22), local.writeUInt16LE(bytes.length, 26)
  central.writeUInt32LE(0x02014b50, 0), central.writeUInt16LE(20, 4), central.writeUInt16LE(20, 6)
  central.writeUInt16LE(8, 10), central.writeUInt32LE(packed.length, 20), central.writeUInt32LE(size, 24)
  central.writeUInt16LE(bytes.length, 28)
  end.writeUInt32LE(0x06054b50, 0), end.writeUInt16LE(1, 8), end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length + bytes.length, 12), end.writeUInt32LE(local.length + bytes.length + packed.length, 16)
  return Buffer.concat([local, bytes, packed, central, bytes, end])
}

test('archives that lead elsewhere or burst are refused and leave nothing', { timeout: 120000 }, async () => {
  const zeros = Buffer.alloc(100 << 20), good = tar('a/1.png', 'x')
  const cases = {
    'a zip bomb': ['x.zip', zip('a/0.png', deflateRawSync(zeros), zeros.length)],
    'a zip bomb that says less': ['x.zip', zip('a/0.png', deflateRawSync(zeros), 10)],
    'a tar bomb': ['x.tar.gz', gzipSync(Buffer.concat([tar('a/0.png', zeros), tarEnd]))],
    'a zip that is cut': ['x.zip', zip('a/0.png', deflateRawSync(Buffer.from('x')), 1).subarray(0, 40)],
    'no zip': ['x.zip', Buffer.from('PK\x03\x04 and then nothing')],
    'a tar that is cut': ['x.tar', Buffer.concat([good, tar('a/2.png', 'x'.repeat(5000))]).subarray(0, 2000)],
    'a symbolic link alone': ['x.tar', Buffer.concat([tar('a/l.png', '', '2', '/etc/passwd'), tarEnd])],
    'a hard link alone': ['x.tar', Buffer.concat([tar('a/l.png', '', '1', '/etc/passwd'), tarEnd])],
    'a device alone': ['x.tar', Buffer.concat([tar('a/d.png', '', '3'), tarEnd])],
    'a file through a link': ['x.tar', Buffer.concat([tar('a', '', '2', '/tmp'), tar('a/../../x.png', 'x'), tarEnd])],
  }
  for (const name of ['../x.png', '/x.png', 'a/../../x.png', '\xc0\xae\xc0\xae/x.png', 'a/\x01.png', 'a//x.png'])
    cases[`tar, ${name}`] = ['x.tar', Buffer.concat([good, tar(name, 'x'), tarEnd])]
  for (const name of ['../x.png', '/x.png', '..\\..\\x.png', 'a/\0/../../x.png', 'C:\\x.png', '\xff/x.png'])
    cases[`zip, ${name}`] = ['x.zip', zip(name, deflateRawSync(Buffer.from('x')), 1)]
  const state = await everything(server)
  for (const [what, [name, archive]] of Object.entries(cases)) {
    const text = Buffer.concat([Buffer.from(`${fields()}--cut\r\nContent-Disposition: form-data; name="files"; ` +
      `filename="${name}"\r\n\r\n`), archive, Buffer.from('\r\n--cut--\r\n')])
    const { status, body } = await send('POST', '/api/v1/datasets', formType, text)
    assert.ok([400, 413, 422].includes(status), `${what}: ${status} ${JSON.stringify(body)}`)
  }
  await assertUnchanged(server, state)
  assert.equal((await call(server, 'GET', '/health')).status, 200)
})

/* --- values ---------------------------------------------------------------------------------- */

/* The last one: it leaves much behind.  Values that are JSON, each in the place of every field. */
test('values that do not fit are refused or taken, never stumbled over', { timeout: 120000 }, async () => {
  const odd = ['9223372036854775807', '-9223372036854775808', '1e308', '-0', '0.1e-300', '""', '[]', '{}', 'true',
    `"${'x'.repeat(70000)}"`, '"\\u202e\\ud83d\\ude00"', '"../../../etc/passwd"', '"\'; DROP TABLE users; --"', '[[[[1]]]]',
    '["a",1,null,{}]', '{"a":{"b":[]}}']
  const takers = operations.filter(({ path, operation }) => operation.requestBody?.content?.['application/json'] &&
    !path.includes('/auth/') && !path.includes('/setup'))
  let taken = 0
  for (const { method, path, operation } of takers) {
    const { properties } = operation.requestBody.content['application/json'].schema
    for (const name of Object.keys(properties)) {
      const answers = await Promise.all(odd.map(async value =>
        [value, await send(method, fill(path), 'application/json', `{"${name}":${value}}`)]))
      for (const [value, { status, body }] of answers) {
        const isNoTrainer = status === 500 && body.detail === 'Failed to start training'
        assert.ok(status < 500 || status === 503 || isNoTrainer,
          `${method} ${path} ${name}=${value.slice(0, 40)}: ${status} ${JSON.stringify(body)}`)
        taken += status < 300
      }
    }
  }
  assert.ok(taken > 0)
  await expectCall(server, 200, 'GET', '/health')
  await expectCall(server, 200, 'GET', '/api/v1/auth/me', { token: ada })
})
