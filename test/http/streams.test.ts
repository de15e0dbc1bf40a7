import { describe, expect, test } from 'vitest'
import { EngineDetail, EngineList } from '../../src/contracts/engines.js'
import { StreamEnded, StreamState } from '../../src/contracts/streams.js'
import { engineView, hex, NOW, snapshotOf, streamView } from './fake-control-plane.js'
import { post, problemOf, setUp } from './set-up.js'

const KEY = '94c2fd8fb9bc8f2fc71a2cbe9d4b866f227a0209'
const started = (changes: { engine?: object; stream?: object; session?: object } & Record<string, unknown> = {}) => ({
  ...changes,
  engine: { host: 'gluetun', port: 19_000, ...changes.engine },
  stream: { key_type: 'content_id', key: KEY, ...changes.stream },
  session: {
    playback_session_id: 'session-1',
    stat_url: 'http://gluetun:19000/ace/stat/a/b',
    command_url: 'http://gluetun:19000/ace/cmd/a/b',
    is_live: 1,
    ...changes.session,
  },
})
const withEngine = (engine = engineView()) => setUp({ snapshot: snapshotOf({ engines: [engine] }) })

describe('POST /events/stream_started', () => {
  test('answers the stream, with the bytes of its contract', async () => {
    const response = await withEngine().app.request('/events/stream_started', post(started({ labels: { stream_id: 'ch-42' } })))
    const text = await response.text()
    expect(response.status).toBe(200)
    expect(JSON.stringify(StreamState.parse(JSON.parse(text)))).toBe(text)
    expect(JSON.parse(text)).toEqual({
      id: 'ch-42',
      key_type: 'content_id',
      key: KEY,
      container_id: hex('a'),
      playback_session_id: 'session-1',
      stat_url: 'http://gluetun:19000/ace/stat/a/b',
      command_url: 'http://gluetun:19000/ace/cmd/a/b',
      is_live: true,
      started_at: '2026-08-07T12:00:00.000Z',
      ended_at: null,
      status: 'started',
      peers: null,
      speed_down: null,
      speed_up: null,
      downloaded: null,
      uploaded: null,
      engine_id: 'e-1',
      end_reason: null,
    })
  })

  test('passes on all that finds the engine, and ignores what it does not know', async () => {
    const { app, controlPlane } = withEngine()
    const body = { ...started({ container_id: hex('a'), labels: { stream_id: 'ch-42', user: 7 } }), extra: true }
    expect((await app.request('/events/stream_started', post(body))).status).toBe(200)
    expect(controlPlane.started).toEqual([
      {
        containerId: hex('a'),
        host: 'gluetun',
        port: 19_000,
        id: 'ch-42',
        keyType: 'content_id',
        key: KEY,
        playbackSessionId: 'session-1',
        statUrl: 'http://gluetun:19000/ace/stat/a/b',
        commandUrl: 'http://gluetun:19000/ace/cmd/a/b',
        isLive: true,
      },
    ])
  })

  test.each([{}, { container_id: null }, { container_id: '' }])(
    'a player that does not know the container (%j) is served by host and port',
    async (changes) => {
      const { app, controlPlane } = withEngine()
      expect((await app.request('/events/stream_started', post(started(changes)))).status).toBe(200)
      expect(controlPlane.started).toMatchObject([{ containerId: null, host: 'gluetun', port: 19_000 }])
    },
  )

  test.each([{}, { labels: {} }, { labels: { stream_id: '' } }, { labels: { stream_id: null } }, { labels: { other: 'x' } }])(
    'without an id of its own (%j) a stream is known by key and session',
    async (changes) => {
      const response = await withEngine().app.request('/events/stream_started', post(started(changes)))
      expect(StreamState.parse(await response.json()).id).toBe(`${KEY}|session-1`)
    },
  )

  test.each([
    [1, true],
    [0, false],
    [true, true],
    [false, false],
  ])('is_live %j is %j', async (sent, read) => {
    const response = await withEngine().app.request('/events/stream_started', post(started({ session: { is_live: sent } })))
    expect(StreamState.parse(await response.json()).is_live).toBe(read)
  })

  test.each(['content_id', 'infohash', 'url', 'magnet'])('takes a key of the type %s', async (key_type) => {
    expect((await withEngine().app.request('/events/stream_started', post(started({ stream: { key_type } })))).status).toBe(200)
  })

  test('an engine that nobody knows is 404, and none is made up', async () => {
    const { app, controlPlane } = withEngine()
    for (const changes of [{ engine: { port: 19_999 } }, { container_id: hex('f') }]) {
      expect(await problemOf(await app.request('/events/stream_started', post(started(changes))))).toMatchObject({
        status: 404,
        type: '/problems/not-found',
      })
    }
    expect(controlPlane.started).toEqual([])
  })

  test.each<[string, unknown, string]>([
    ['no body', undefined, '/engine'],
    ['a list', [], ''],
    ['no engine', { ...started(), engine: undefined }, '/engine'],
    ['an engine that is text', { ...started(), engine: 'gluetun:19000' }, '/engine'],
    ['no stream', { ...started(), stream: undefined }, '/stream'],
    ['no session', { ...started(), session: null }, '/session'],
    ['an empty host', started({ engine: { host: '' } }), '/engine/host'],
    ['a host of two lines', started({ engine: { host: 'a\nb' } }), '/engine/host'],
    ['a host that is too long', started({ engine: { host: 'x'.repeat(254) } }), '/engine/host'],
    ['port 0', started({ engine: { port: 0 } }), '/engine/port'],
    ['port 65536', started({ engine: { port: 65_536 } }), '/engine/port'],
    ['a port that is text', started({ engine: { port: '19000' } }), '/engine/port'],
    ['a key type that there is not', started({ stream: { key_type: 'ftp' } }), '/stream/key_type'],
    ['an empty key', started({ stream: { key: '' } }), '/stream/key'],
    ['a key that is too long', started({ stream: { key: 'x'.repeat(2049) } }), '/stream/key'],
    ['a key with NUL', started({ stream: { key: 'a\0b' } }), '/stream/key'],
    ['an empty session', started({ session: { playback_session_id: '' } }), '/session/playback_session_id'],
    ['a session that is a number', started({ session: { playback_session_id: 7 } }), '/session/playback_session_id'],
    ['a session that is too long', started({ session: { playback_session_id: 'x'.repeat(257) } }), '/session/playback_session_id'],
    ['a file as its statistics', started({ session: { stat_url: 'file:///etc/passwd' } }), '/session/stat_url'],
    ['a script as its statistics', started({ session: { stat_url: 'javascript:alert(1)' } }), '/session/stat_url'],
    ['statistics without a host', started({ session: { stat_url: 'http://' } }), '/session/stat_url'],
    ['a path as its statistics', started({ session: { stat_url: '/ace/stat' } }), '/session/stat_url'],
    ['statistics with a space', started({ session: { stat_url: 'http://a/b ' } }), '/session/stat_url'],
    ['statistics with a control character', started({ session: { stat_url: 'http://a/\u001b[2J' } }), '/session/stat_url'],
    ['commands elsewhere than by HTTP', started({ session: { command_url: 'gopher://gluetun/1' } }), '/session/command_url'],
    ['a command URL that is too long', started({ session: { command_url: `http://a/${'x'.repeat(2048)}` } }), '/session/command_url'],
    ['is_live 2', started({ session: { is_live: 2 } }), '/session/is_live'],
    ['is_live as text', started({ session: { is_live: 'true' } }), '/session/is_live'],
    ['is_live left out', started({ session: { is_live: undefined } }), '/session/is_live'],
    ['a container id with a line break', started({ container_id: 'a\nb' }), '/container_id'],
    ['a container id that is too long', started({ container_id: 'a'.repeat(129) }), '/container_id'],
    ['a container id that is a number', started({ container_id: 7 }), '/container_id'],
    ['labels that are a list', started({ labels: [] }), '/labels'],
    ['a stream id that is a number', started({ labels: { stream_id: 42 } }), '/labels/stream_id'],
    ['a stream id that is too long', started({ labels: { stream_id: 'x'.repeat(2306) } }), '/labels/stream_id'],
    ['a stream id with a bell', started({ labels: { stream_id: 'a\u0007' } }), '/labels/stream_id'],
  ])('%s is refused with its place', async (_, body, place) => {
    const { app, controlPlane } = withEngine()
    const problem = await problemOf(await app.request('/events/stream_started', post(body)))
    expect(problem).toMatchObject({ status: 422, type: '/problems/invalid-request' })
    expect(problem.errors?.[0]).toEqual({ pointer: place, detail: expect.stringMatching(/^must /) })
    expect(controlPlane.started).toEqual([])
  })

  test('all broken fields are told at once', async () => {
    const body = started({ engine: { port: 0 }, stream: { key: '' }, session: { is_live: 'no' } })
    const { errors } = await problemOf(await withEngine().app.request('/events/stream_started', post(body)))
    expect(errors?.map(({ pointer }) => pointer)).toEqual(['/engine/port', '/stream/key', '/session/is_live'])
  })

  test('a body of more than 64 KiB is 413', async () => {
    const body = { ...started(), ignored: 'x'.repeat(64 * 1024) }
    expect((await withEngine().app.request('/events/stream_started', post(body))).status).toBe(413)
  })
})

describe('POST /events/stream_ended', () => {
  const playing = () => withEngine(engineView({ streams: [streamView()] }))
  const ended = async (body: unknown, at = playing()) =>
    StreamEnded.strict().parse(await (await at.app.request('/events/stream_ended', post(body))).json())

  test('answers the stream as ended, found by its id', async () => {
    expect(await ended({ stream_id: 'ch-42', reason: 'stopped' })).toMatchObject({
      updated: true,
      stream: { id: 'ch-42', status: 'ended', ended_at: '2026-08-07T12:00:00.000Z', started_at: '2026-08-07T11:59:30.000Z' },
    })
  })

  test('passes on all that finds the stream, and empty text as nothing', async () => {
    const at = playing()
    await ended({ container_id: hex('a') }, at)
    await ended({ stream_id: 'ch-42', container_id: '', reason: '' }, at)
    await ended({ stream_id: 'ch-42', container_id: hex('a'), reason: 'eof' }, at)
    expect(at.controlPlane.ended).toEqual([
      { streamId: null, containerId: hex('a'), reason: null },
      { streamId: 'ch-42', containerId: null, reason: null },
      { streamId: 'ch-42', containerId: hex('a'), reason: 'eof' },
    ])
  })

  test('a stream that nobody knows is no error', async () => {
    expect(await ended({ stream_id: 'ch-43' })).toEqual({ updated: false, stream: null })
  })

  test('ends a stream by the id that was made for it, however long its key', async () => {
    const at = withEngine()
    const body = started({ stream: { key: 'k'.repeat(2048) }, session: { playback_session_id: 's'.repeat(256) } })
    const { id } = StreamState.parse(await (await at.app.request('/events/stream_started', post(body))).json())
    expect((await at.app.request('/events/stream_ended', post({ stream_id: id }))).status).toBe(200)
    expect(at.controlPlane.ended[0]?.streamId).toBe(id)
  })

  test.each([undefined, {}, { reason: 'stopped' }, { container_id: null, stream_id: null }, { container_id: '', stream_id: '' }])(
    '%j names no stream and is refused: nobody else’s stream is ended for it',
    async (body) => {
      const { app, controlPlane } = playing()
      expect(await problemOf(await app.request('/events/stream_ended', post(body)))).toMatchObject({
        status: 422,
        detail: 'the body must name a stream_id or a container_id',
        errors: [{ pointer: '' }],
      })
      expect(controlPlane.ended).toEqual([])
    },
  )

  test.each<[object, string]>([
    [{ stream_id: 42 }, '/stream_id'],
    [{ stream_id: 'x'.repeat(2306) }, '/stream_id'],
    [{ stream_id: 'a\nb' }, '/stream_id'],
    [{ container_id: ['a'] }, '/container_id'],
    [{ container_id: 'a'.repeat(129) }, '/container_id'],
    [{ stream_id: 'ch-42', reason: 'x'.repeat(201) }, '/reason'],
    [{ stream_id: 'ch-42', reason: 'a\u0007' }, '/reason'],
  ])('%j is refused with its place', async (body, place) => {
    expect(await problemOf(await playing().app.request('/events/stream_ended', post(body)))).toMatchObject({
      status: 422,
      errors: [{ pointer: place, detail: expect.stringMatching(/^must /) }],
    })
  })
})

describe('streams of an engine', () => {
  const engine = engineView({ streams: [streamView(), streamView({ id: 'ch-43', isLive: false, startedAt: NOW })] })

  test('GET /engines has their ids', async () => {
    expect(EngineList.parse(await (await withEngine(engine).app.request('/engines')).json())[0]?.streams).toEqual(['ch-42', 'ch-43'])
  })

  test('GET /engines/{id} has them whole, those of that engine only', async () => {
    const idle = engineView({ engineId: 'e-2', containerId: hex('b'), containerName: 'berth-e-2', hostHttpPort: 19_001 })
    const { app } = setUp({ snapshot: snapshotOf({ engines: [engine, idle] }) })
    const body = EngineDetail.strict().parse(await (await app.request('/engines/e-1')).json())
    expect(body.engine.streams).toEqual(['ch-42', 'ch-43'])
    expect(body.streams).toMatchObject([
      { id: 'ch-42', container_id: hex('a'), is_live: true, status: 'started', ended_at: null },
      { id: 'ch-43', is_live: false, started_at: '2026-08-07T12:00:00.000Z' },
    ])
    expect(EngineDetail.parse(await (await app.request('/engines/e-2')).json()).streams).toEqual([])
  })
})
