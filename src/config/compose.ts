/**
 * @module
 * How docker-compose.yml differs from the rest: variables that only it reads, and those of ours that it says itself.
 */
import type { VariableName } from './variables.js'

/** One variable that only docker-compose.yml reads. */
export interface ComposeVariable {
  name: string
  reason: string
  example: string
  /** What holds when it is not set. */
  fallback: string
}

const GLUETUN = "Gluetun's own setting, as in its wiki."

export const COMPOSE_VARIABLES: readonly ComposeVariable[] = [
  {
    name: 'DOCKER_GID',
    reason: 'The group that may use the Docker socket: `stat -c %g /var/run/docker.sock` says it. The worker runs in it.',
    example: '999',
    fallback: 'Compose refuses to start',
  },
  {
    name: 'DOCKER_SOCKET',
    reason: 'The Docker socket on this host.',
    example: '/run/user/1000/docker.sock',
    fallback: '/var/run/docker.sock',
  },
  {
    name: 'BERTH_IMAGE',
    reason: 'The image of worker and API; it is built from this folder when there is none of that name.',
    example: 'registry.example/berth:0.1.0',
    fallback: 'berth:latest',
  },
  {
    name: 'APP_PUBLISH',
    reason: 'The address of this host on which the API can be reached.',
    example: '192.168.1.10',
    fallback: '127.0.0.1',
  },
  {
    name: 'ENGINE_PUBLISH',
    reason:
      'The address of this host on which the engines can be reached; they ask for no key. Set ENGINE_HOST alike, so that clients are told.',
    example: '192.168.1.10',
    fallback: '127.0.0.1',
  },
  {
    name: 'GLUETUN_IMAGE',
    reason: 'The image of Gluetun, v3.41 or newer.',
    example: 'qmcgaw/gluetun:v3.41.3',
    fallback: 'qmcgaw/gluetun:v3.41.3',
  },
  {
    name: 'VPN_SERVICE_PROVIDER',
    reason: 'A provider that forwards ports: protonvpn, private internet access, perfect privacy or privatevpn.',
    example: 'protonvpn',
    fallback: 'Compose refuses to start',
  },
  { name: 'VPN_TYPE', reason: GLUETUN, example: 'openvpn', fallback: 'wireguard' },
  { name: 'WIREGUARD_PRIVATE_KEY', reason: GLUETUN, example: 'the-PrivateKey-of-the-provider', fallback: 'none' },
  { name: 'WIREGUARD_ADDRESSES', reason: GLUETUN, example: '10.2.0.2/32', fallback: 'none' },
  { name: 'OPENVPN_USER', reason: GLUETUN, example: 'name+pmp', fallback: 'none' },
  { name: 'OPENVPN_PASSWORD', reason: GLUETUN, example: 'correct-horse', fallback: 'none' },
  { name: 'SERVER_COUNTRIES', reason: GLUETUN, example: 'Netherlands', fallback: 'any' },
  {
    name: 'PORT_FORWARD_ONLY',
    reason: 'Only servers that forward ports; for providers whose list says so.',
    example: 'on',
    fallback: 'any server',
  },
]

/** Variables that docker-compose.yml does not hand on, and why. */
export const FIXED_IN_COMPOSE: Readonly<Partial<Record<VariableName, string>>> = {
  BERTH_DATA_DIR: "Temporal's file is in the volume temporal",
  BERTH_ON_STOP: 'engines live on; `docker compose exec worker berth down` removes them',
  BERTH_ALLOWED_HOSTS: 'any host passes where the API listens beyond loopback: the key protects',
  BERTH_HEALTH_FILE: 'the image sets it',
  APP_HOST: 'the API listens on every address of its container: see APP_PUBLISH',
  TEMPORAL_PORT: 'Temporal is a service of its own',
  TEMPORAL_ADDRESS: 'Temporal is a service of its own',
  TEMPORAL_PROFILE: 'Temporal is a service of its own',
  TEMPORAL_CONFIG_FILE: 'Temporal is a service of its own',
  DOCKER_HOST: 'the worker has the socket of this host: see DOCKER_SOCKET',
  DOCKER_NETWORK: "engines are in Gluetun's network",
  PORT_RANGE_HOST: "engines are in Gluetun's network: see GLUETUN_PORT_RANGE_1",
  MAX_ACTIVE_REPLICAS: 'GLUETUN_PORT_RANGE_1 says which ports are published, and so which there are',
  GLUETUN_API_PORT: "Gluetun's control server listens on 8000 in its container",
  GLUETUN_URL: 'Gluetun is found by inspection',
  GLUETUN_API_USERNAME: "the role in Gluetun's control server takes a key",
  GLUETUN_API_PASSWORD: "the role in Gluetun's control server takes a key",
}
