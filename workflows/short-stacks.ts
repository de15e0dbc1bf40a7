/**
 * @module
 * To be imported before every workflow: how deep the stacks of a worker's workflows are told.
 *
 * The SDK takes a stack, and looks each of its frames up in the source map, for every promise that a workflow makes: with ten frames, Node's own number, that is most
 * of what a workflow task costs (docs/adr/0023). The frame that threw and the one that called it stay known.
 */
const FRAMES = 2

// V8's, not ECMAScript's: the types of a workflow have no such field.
Object.assign(Error, { stackTraceLimit: FRAMES })
