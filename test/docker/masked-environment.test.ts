import { expect, test } from 'vitest'
import { maskedEnvironment } from '../../src/docker/masked-environment.js'

test('names that tell of a secret keep their name only', () => {
  const secrets = ['API_KEY', 'access_token', 'CLIENT_SECRET', 'PASSWORD', 'OPENVPN_PASS', 'PASSPHRASE', 'WIREGUARD_PRIVATE_KEY']
  const masked = maskedEnvironment(secrets.map((name) => `${name}=never to be seen`))
  expect(masked).toEqual(Object.fromEntries(secrets.map((name) => [name, '********'])))
})

test('what is no secret is there as it is, with its equals signs; what is empty is empty', () => {
  expect(maskedEnvironment(['CONF=--http-port=6878\n--bind-all', 'HTTP_PORT=6878', 'EMPTY=', 'BARE', 'API_KEY='])).toEqual({
    CONF: '--http-port=6878\n--bind-all',
    HTTP_PORT: '6878',
    EMPTY: '',
    BARE: '',
    API_KEY: '',
  })
})

test('secrets among arguments and in addresses are masked where they are', () => {
  expect(
    maskedEnvironment([
      'CONF=--access-token=abc --port 1\n--service-remote-access --api-password p q',
      'PROXY=http://me:hunter2@proxy:3128/path',
    ]),
  ).toEqual({
    CONF: '--access-token=******** --port 1\n--service-remote-access --api-password ******** q',
    PROXY: 'http://me:********@proxy:3128/path',
  })
})

test('control characters are left out', () => {
  expect(maskedEnvironment(['A=\u001b[31mred\u0007'])).toEqual({ A: '[31mred' })
})
