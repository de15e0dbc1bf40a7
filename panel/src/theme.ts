/**
 * @module
 * Colours and type. Shade 8, and greys darker than Mantine's own, as those miss the contrast that WCAG AA asks for.
 */
import { type CSSVariablesResolver, createTheme } from '@mantine/core'

const SYSTEM = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif'

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: 8,
  fontFamily: SYSTEM,
  fontFamilyMonospace: 'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontFamily: SYSTEM, fontWeight: '650', sizes: { h1: { fontSize: '1.5rem', lineHeight: '1.3' }, h2: { fontSize: '1rem' } } },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
})

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#545b64',
    '--mantine-color-placeholder': '#646b74',
    '--berth-canvas': '#f6f7f9',
    '--berth-line': '#e2e5ea',
    '--berth-line-strong': '#8a919b',
    '--berth-good': '#2b8a3e',
    '--berth-bad': '#c92a2a',
    '--berth-warn': '#b35c00',
    '--berth-idle': '#6b727c',
    '--berth-down': '#364fc7',
    '--berth-up': '#0b7285',
    '--berth-tint': '#edf1ff',
    '--berth-bad-tint': '#fff1f1',
    '--berth-warn-tint': '#fff6e6',
  },
  dark: {
    '--mantine-color-body': '#1b1d22',
    '--mantine-color-text': '#d6d9df',
    '--mantine-color-dimmed': '#a3a9b3',
    '--mantine-color-placeholder': '#9aa1ac',
    '--mantine-color-error': '#ff8787',
    '--berth-canvas': '#141519',
    '--berth-line': '#2d3038',
    '--berth-line-strong': '#767d89',
    '--berth-good': '#51cf66',
    '--berth-bad': '#ff8787',
    '--berth-warn': '#ffc078',
    '--berth-idle': '#9aa1ac',
    '--berth-down': '#91a7ff',
    '--berth-up': '#3bc9db',
    '--berth-tint': '#22273a',
    '--berth-bad-tint': '#33211f',
    '--berth-warn-tint': '#332a1c',
  },
})
