import 'uplot/dist/uPlot.min.css'
import { Group, Text, useComputedColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import UPlot, { type AlignedData } from 'uplot'
import type { StreamSampleState, StreamState } from '../api/contracts.js'
import { readStats } from '../api/requests.js'
import { speed } from '../text/amount.js'
import { moment } from '../text/duration.js'
import { streamName } from '../text/stream-name.js'
import { Failure } from './failure.js'
import classes from './speed-chart.module.css'

const HEIGHT = 180
const LOOK_MS = 5000

/** Speeds and peers of a stream over time, from what was sampled. */
export default function SpeedChart({ stream }: { stream: StreamState }) {
  const { data, error } = useQuery({
    queryKey: ['stats', stream.id],
    queryFn: ({ signal }) => readStats(stream.id, { signal }),
    refetchInterval: stream.status === 'started' ? LOOK_MS : false,
  })
  const last = data?.at(-1)
  return (
    <figure className={classes['chart']}>
      <figcaption>
        <Group justify="space-between" gap="xs">
          <Text size="sm">
            Speed of <span className="mono">{streamName(stream)}</span>
          </Text>
          <Group gap="md" className="numbers" fz="sm">
            <span className={classes['key']} data-line="down">
              down {speed(last?.speed_down ?? null)}
            </span>
            <span className={classes['key']} data-line="up">
              up {speed(last?.speed_up ?? null)}
            </span>
            <span>{last?.peers ?? '–'} peers</span>
          </Group>
        </Group>
      </figcaption>
      {error !== null && data === undefined && <Failure error={error} />}
      {data !== undefined && data.length < 2 && (
        <Text size="sm" c="dimmed">
          There is a curve after two samples.
        </Text>
      )}
      {data !== undefined && data.length >= 2 && <Plot samples={data} />}
    </figure>
  )
}

function Plot({ samples }: { samples: StreamSampleState[] }) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot | null>(null)
  const scheme = useComputedColorScheme()
  const latest = useRef(samples)
  useEffect(() => {
    const element = box.current
    if (element === null) return
    plot.current = new UPlot(optionsFor(element), columns(latest.current), element)
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      plot.current?.destroy()
      plot.current = null
    }
  }, [scheme])
  useEffect(() => {
    latest.current = samples
    plot.current?.setData(columns(samples))
  }, [samples])
  return <div ref={box} className={classes['plot']} aria-hidden />
}

const timeOfDay = (seconds: number): string => moment(new Date(seconds * 1000).toISOString())

function columns(samples: StreamSampleState[]): AlignedData {
  return [
    samples.map(({ ts }) => Date.parse(ts) / 1000),
    samples.map(({ speed_down }) => speed_down),
    samples.map(({ speed_up }) => speed_up),
  ]
}

function optionsFor(element: HTMLElement): UPlot.Options {
  const style = getComputedStyle(element)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  const axis = { stroke: colour('--mantine-color-dimmed'), grid: { stroke: colour('--berth-line'), width: 1 }, ticks: { show: false } }
  const line = { width: 2, points: { show: false }, value: (_: UPlot, value: number | null) => speed(value) }
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false },
    scales: { y: { range: (_, __, most) => [0, Math.max(most, 1) * 1.1] } },
    axes: [
      { ...axis, space: 80, values: (_, values) => values.map(timeOfDay) },
      { ...axis, size: 78, values: (_, values) => values.map((value) => speed(value)) },
    ],
    series: [
      {},
      { ...line, label: 'down', stroke: colour('--berth-down'), fill: `${colour('--berth-down')}22` },
      { ...line, label: 'up', stroke: colour('--berth-up'), dash: [6, 4] },
    ],
  }
}
