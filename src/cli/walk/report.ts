/**
 * @module
 * What the walk found, for a person as it goes and for a script at the end.
 */
import { styleText } from 'node:util'
import { shownText } from '../lease-text.js'

/** Why a check failed and what to do about it. */
export interface Failure {
  cause: string
  fix: string
}

export interface Check {
  step: string
  name: string
  result: 'passed' | 'failed' | 'skipped'
  detail: string
  failure: Failure | null
}

const NAME_WIDTH = 20

/** Whatever a server says in a text is shown, and never obeyed by the terminal. */
export class Report {
  readonly checks: Check[] = []
  #step = ''
  #steps = 0

  constructor(private readonly say: (line: string) => void) {}

  /** Begins a step: checks belong to it from now on. */
  step(title: string): void {
    this.#step = title
    this.#steps += 1
    this.say('')
    this.say(styleText('bold', `${this.#steps}  ${title}`))
  }

  passed(name: string, detail = ''): void {
    this.#add({ name, result: 'passed', detail, failure: null })
  }

  failed(name: string, failure: Failure, detail = ''): void {
    this.#add({ name, result: 'failed', detail, failure })
  }

  /** A check that could not be made, or that nobody wanted. */
  skipped(name: string, why: string): void {
    this.#add({ name, result: 'skipped', detail: why, failure: null })
  }

  /** One check by its condition. */
  check(name: string, right: boolean, { detail = '', ...failure }: Failure & { detail?: string }): void {
    if (right) this.passed(name, detail)
    else this.failed(name, failure, detail)
  }

  /** Something to look at, not a check. */
  note(text: string): void {
    for (const line of text.split('\n')) this.say(`   ${line}`)
  }

  get failures(): Check[] {
    return this.checks.filter(({ result }) => result === 'failed')
  }

  #add(check: Omit<Check, 'step'>): void {
    this.checks.push({ step: this.#step, ...check })
    const mark = { passed: styleText('green', '✓'), failed: styleText('red', '✗'), skipped: styleText('yellow', '–') }[check.result]
    this.say(`   ${mark} ${check.name.padEnd(NAME_WIDTH)}  ${shownText(check.detail)}`.trimEnd())
    if (check.failure === null) return
    this.say(`       cause: ${shownText(check.failure.cause)}`)
    this.say(`       fix:   ${shownText(check.failure.fix)}`)
  }
}
