/**
 * @module
 * What an engine is called. Its container's name is no name for it: it changes with the forwarded port.
 */

/** The first part of its id, which tells engines of one fleet apart. */
export const engineName = (id: string): string => (id.length > 12 ? id.slice(0, 8) : id)
