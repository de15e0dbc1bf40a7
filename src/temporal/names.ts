/**
 * @module
 * Names that both sides of Temporal must agree on.
 */

/** Id of the workflow that lives one engine's life. */
export function engineWorkflowId(pool: string, engineId: string): string {
  return `engine/${pool}/${engineId}`
}

/** Id of the workflow that owns forwarded port number `index` of a pool. */
export function leaseWorkflowId(pool: string, index: number): string {
  return `forwarded-lease/${pool}/${index}`
}

/** Id of the workflow that keeps a pool's wanted number of engines. */
export function fleetWorkflowId(pool: string): string {
  return `fleet/${pool}`
}

/** Id of the workflow that watches a pool's Docker daemon, engines and VPN. */
export function watchWorkflowId(pool: string): string {
  return `watch/${pool}`
}

/** Id of one reading of a log. */
export function logsWorkflowId(pool: string, request: string): string {
  return `logs/${pool}/${request}`
}

/** Id of one reading of a container's environment. */
export function environmentWorkflowId(pool: string, request: string): string {
  return `environment/${pool}/${request}`
}

/** The task queue of a pool: its workflows and its activities. */
export function poolTaskQueue(pool: string): string {
  return `berth-${pool}`
}

/**
 * How long a workflow's decision may take before another worker is asked: it takes milliseconds, and one that a killed worker had begun is made again after
 * this.
 */
export const WORKFLOW_TASK_TIMEOUT = '4 seconds'
