/**
 * @module
 * Questions to the person in the terminal.
 */
import { confirm, isCancel } from '@clack/prompts'

/** Answers yes or no; `initial` is what Enter says. Throws `Stopped` when the person wants no more of it. */
export type Ask = (question: string, initial: boolean) => Promise<boolean>

/** The person has ended the walk before its end. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
  constructor() {
    super('stopped before the end')
  }
}

export const askPerson: Ask = async (message, initial) => {
  const answer = await confirm({ message, initialValue: initial })
  if (isCancel(answer)) throw new Stopped()
  return answer
}

/** Nobody is asked: everything is wanted. */
export const alwaysYes: Ask = () => Promise.resolve(true)
