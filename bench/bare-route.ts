/**
 * @module
 * The floor of `GET /engines`: one Hono route that answers the same bytes and does nothing else.
 */
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { z } from 'zod'
import { untilAskedToStop } from '../src/stop.js'
import { answerQuestions } from './helper-process.js'

/** Runs until asked to stop. Its question is the body to serve, in base64; its answer the port. */
export async function runBareRoute(): Promise<void> {
  let body = new Uint8Array()
  const app = new Hono()
  app.get('/engines', () => new Response(body, { headers: { 'content-type': 'application/json' } }))
  const listening = new Promise<number>((resolve) => {
    serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }: AddressInfo) => resolve(port))
  })
  answerQuestions(async (question) => {
    body = new Uint8Array(Buffer.from(z.string().parse(question), 'base64'))
    return listening
  })
  await untilAskedToStop()
}
