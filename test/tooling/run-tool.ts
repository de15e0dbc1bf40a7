/**
 * @module
 * Runs one of the repository's tools as its npm script does.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { repository } from './fixture-tree.js'

export interface ToolResult {
  code: number
  output: string
}

/**
 * Runs a tool's program file with this Node.js.
 * @param file relative to the repository
 */
export function runTool(file: string, args: string[], cwd: string): Promise<ToolResult> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(repository, file), ...args], { cwd }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr })
    })
  })
}
