/**
 * @module
 * What `/proc` says of a process. Linux only.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Memory in RAM, in MiB; `null` when there is no such process. */
export function residentMiB(pid: number): number | null {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(proc(pid, 'status'))?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) / 1024
}

/** CPU time used so far in clock ticks (10 ms); 0 when there is no such process. */
export function cpuTicks(pid: number): number {
  const fields = stat(pid)
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
}

/** Its arguments in one line; empty when there is no such process. */
export function commandLine(pid: number): string {
  return proc(pid, 'cmdline').replaceAll('\0', ' ')
}

/** Direct and indirect children. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = Number(stat(Number(entry))[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const found: number[] = []
  for (let open = [pid]; open.length > 0; ) {
    open = open.flatMap((each) => children.get(each) ?? [])
    found.push(...open)
  }
  return found
}

/** State, parent and what follows. */
function stat(pid: number): string[] {
  const text = proc(pid, 'stat')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function proc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return '' // it has ended
  }
}
