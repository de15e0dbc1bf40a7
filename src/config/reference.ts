/**
 * @module
 * What people read about the configuration, made from the schema so that it cannot differ from it.
 */
import { COMPOSE_VARIABLES, FIXED_IN_COMPOSE } from './compose.js'
import { NOT_USED } from './unknown.js'
import { SECTIONS, VARIABLES, type VariableFacts } from './variables.js'

const inSection = (section: VariableFacts['section']) => VARIABLES.filter((variable) => variable.section === section)

/** `.env.example`: every variable, commented out, with its reason. */
export function envExample(): string {
  const sections = SECTIONS.map((section) => {
    const variables = inSection(section).map((variable) => {
      const file = variable.secret ? ` Or ${variable.name}_FILE=/path/of/a/file.` : ''
      return `# ${variable.reason}${file}\n# Not set: ${variable.fallback}\n#${variable.name}=${variable.example}\n`
    })
    return `## ${section}\n\n${variables.join('\n')}`
  })
  const compose = COMPOSE_VARIABLES.map(
    ({ name, reason, fallback, example }) => `# ${reason}\n# Not set: ${fallback}\n#${name}=${example}\n`,
  )
  return `# Everything is optional. Copy to .env, and remove the # before what is to be set.
# For docker-compose.yml four are not: API_KEY, GLUETUN_API_KEY, VPN_SERVICE_PROVIDER and DOCKER_GID.

${sections.join('\n')}
## Only in docker-compose.yml

${compose.join('\n')}`
}

/** `docs/reference/configuration.md`. */
export function configurationPage(): string {
  const sections = SECTIONS.map((section) => {
    const rows = inSection(section).map(
      ({ name, fallback, example, reason, secret }) =>
        `| \`${name}\`${secret ? ' (secret)' : ''} | ${cell(fallback)} | \`${example}\` | ${cell(reason)} |`,
    )
    return `## ${section}\n\n| variable | when not set | example | what for |\n|---|---|---|---|\n${rows.join('\n')}\n`
  })
  const compose = COMPOSE_VARIABLES.map(
    ({ name, fallback, example, reason }) => `| \`${name}\` | ${cell(fallback)} | \`${example}\` | ${cell(reason)} |`,
  )
  const fixed = Object.entries(FIXED_IN_COMPOSE).map(([name, why]) => `| \`${name}\` | ${cell(why)} |`)
  const ignored = Object.entries(NOT_USED).map(([name, why]) => `| \`${name}\` | ${cell(why)} |`)
  return `# Configuration

Berth reads environment variables, and \`.env\` in the folder where it starts. An empty variable counts as not set. All errors are reported at once, each with the rule and a fix.
A secret may also be given as a file: \`API_KEY_FILE=/run/secrets/api-key\`. A time with a unit is \`90s\`, \`30m\`, \`6h\` or \`1d\`; a number alone is seconds.

- \`APP_HOST\` beyond loopback, and \`READ_AUTH=required\`, need \`API_KEY\` or \`API_KEYS\`.
- \`MIN_REPLICAS\` is at most \`MAX_REPLICAS\`, and at most the number of ports for engines. A \`MAX_REPLICAS\` above that number is held at it, and a line at start says so.
- The ranges of HTTP and HTTPS ports do not overlap; with Gluetun its control server's port lies in neither.
- \`GLUETUN_API_KEY\` goes with neither \`GLUETUN_API_USERNAME\` nor \`GLUETUN_API_PASSWORD\`; those two go together.
- \`GLUETUN_URL\`, \`GLUETUN_API_KEY\` and \`GLUETUN_API_USERNAME\` need \`GLUETUN_CONTAINER_NAME\`: without it engines would run outside the VPN.

${sections.join('\n')}
## Only in docker-compose.yml

Compose reads \`.env\` too, and hands the variables above on to worker and API. Other settings of Gluetun go into a \`docker-compose.override.yml\`.

| variable | when not set | example | what for |
|---|---|---|---|
${compose.join('\n')}

What docker-compose.yml says itself, whatever \`.env\` has:

| variable | why |
|---|---|
${fixed.join('\n')}

## Variables of older orchestrators that have no effect

They are named at start, and so are variables that look like one of the above and are none.

| variable | why |
|---|---|
${ignored.join('\n')}
`
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
