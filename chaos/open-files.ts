/**
 * @module
 * How many files and connections a running process may have open. Linux only.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Lets a process open nothing more; answers how that is undone. Throws when there is no such process. */
export function exhaustFiles(pid: number): () => void {
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits) ?? []
  if (soft === undefined || hard === undefined) throw new Error(`the limits of process ${pid} cannot be read`)
  limit(pid, String(readdirSync(`/proc/${pid}/fd`).length), hard)
  return () => limit(pid, soft, hard)
}

function limit(pid: number, soft: string, hard: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:${hard}`], { stdio: 'pipe' })
}
