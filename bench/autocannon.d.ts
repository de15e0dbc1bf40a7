/** What the benchmarks use of autocannon, which brings no types. */
declare module 'autocannon' {
  export interface AutocannonResult {
    /** Seconds. */
    duration: number
    '2xx': number
    non2xx: number
    errors: number
    timeouts: number
    /** Milliseconds. */
    latency: { p50: number; p99: number }
  }
  export default function autocannon(options: { url: string; connections: number; duration: number }): Promise<AutocannonResult>
}
