/**
 * @module
 * The one error that a step of the set-up fails with.
 */

/** A step that could not be done: what went wrong, and what the reader can do about it. */
export class SetupFailure extends Error {
  /**
   * @param {string} cause what happened, in a line or a few
   * @param {string} fix what to do, as an instruction
   */
  constructor(cause, fix) {
    super(cause)
    this.name = 'SetupFailure'
    this.fix = fix
  }
}
