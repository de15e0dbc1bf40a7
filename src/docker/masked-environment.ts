/**
 * @module
 * A container's environment as it may be shown: what looks like a secret is masked.
 */

const MASK = '********'
const SECRET = /KEY|TOKEN|SECRET|PASS/i
/** `--access-token=x`, `--password x`. */
const SECRET_ARGUMENT = /(--?[\w-]*(?:key|token|secret|pass)[\w-]*(?:=|\s+))\S+/gi
/** `https://name:password@host`. */
const PASSWORD_IN_URL = /(\w:\/\/[^\s/:@]*:)[^\s/@]+@/g

/**
 * The variables of `Config.Env`, by name. A value is masked as a whole where the name tells of a secret, and in part where it has an argument or an address with
 * one. Control characters are left out.
 */
export function maskedEnvironment(variables: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    variables.map((variable) => {
      const at = variable.indexOf('=')
      const [name, value] = at === -1 ? [variable, ''] : [variable.slice(0, at), variable.slice(at + 1)]
      return [printable(name), SECRET.test(name) && value !== '' ? MASK : maskedWithin(printable(value))]
    }),
  )
}

const maskedWithin = (value: string): string => value.replace(SECRET_ARGUMENT, `$1${MASK}`).replace(PASSWORD_IN_URL, `$1${MASK}@`)

/** Line ends and tabs stay. */
const printable = (text: string): string => text.replace(/[^\P{Cc}\t\n]/gu, '')
