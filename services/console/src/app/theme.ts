/**
 * How the console looks: its colours, type and density. Components take it from Mantine's theme;
 * what Mantine has no word for is in console.css.
 */
import {
  type AlertProps,
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
} from '@mantine/core'

/** The accent: jade. White on shades 6 and 7, and shade 4 on black, pass WCAG AA for text. */
const JADE: MantineColorsTuple = [
  '#ecfbf5',
  '#d3f4e6',
  '#a8e8ce',
  '#72d7b1',
  '#3cc295',
  '#1ba57b',
  '#0d8564',
  '#0a6b52',
  '#0a5543',
  '#084638',
]

/** For what cannot be undone, and for what went wrong. */
const RED: MantineColorsTuple = [
  '#fef3f2',
  '#fee4e2',
  '#fecdca',
  '#fda29b',
  '#f97066',
  '#f04438',
  '#d92d20',
  '#b42318',
  '#912018',
  '#7a271a',
]

/** Greys with a little blue, from paper to ink. */
const GRAY: MantineColorsTuple = [
  '#f8f9fa',
  '#f1f3f5',
  '#e6e9ed',
  '#d8dce2',
  '#bcc3cc',
  '#8a94a1',
  '#5d6875',
  '#454f5b',
  '#2f3740',
  '#1a2027',
]

/** Text first, the page's ground at 7, what lies deeper behind it. */
const DARK: MantineColorsTuple = [
  '#d5dae0',
  '#b4bcc6',
  '#98a2ae',
  '#5c6773',
  '#333c46',
  '#262e37',
  '#1b2229',
  '#12181e',
  '#0d1216',
  '#090c10',
]

/** By colour: the tone of the console that an alert has. */
const ALERT_TONES: Readonly<Record<string, string>> = { red: 'bad', yellow: 'warn', jade: 'good' }

/** A breath of its tone on a panel: an alert may stand there for long. */
function alertVars(_: unknown, { color }: AlertProps) {
  const tone = ALERT_TONES[color ?? '']
  if (tone === undefined) return { root: {} }
  return {
    root: {
      '--alert-bg': `color-mix(in srgb, var(--console-${tone}) 9%, var(--console-panel))`,
      '--alert-color': `var(--console-${tone})`,
    },
  }
}

export const theme = createTheme({
  primaryColor: 'jade',
  primaryShade: { light: 7, dark: 6 },
  colors: { jade: JADE, red: RED, gray: GRAY, dark: DARK },
  black: '#1a2027',
  fontFamily: "'Inter Variable', system-ui, -apple-system, 'Segoe UI', sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, 'SF Mono', Menlo, monospace",
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.5' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '1.375rem', lineHeight: '1.3' },
      h2: { fontSize: '1rem', lineHeight: '1.4' },
      h3: { fontSize: '0.875rem', lineHeight: '1.4' },
    },
  },
  defaultRadius: 'sm',
  radius: { xs: '3px', sm: '6px', md: '8px', lg: '12px', xl: '16px' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Alert: { vars: alertVars },
    Button: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    NumberInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm', checkIconPosition: 'right' } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
    Modal: { defaultProps: { centered: true, radius: 'md', overlayProps: { blur: 2 } } },
  },
})

/** Where a shade of the palette is not legible in the dark. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-error': RED[6] },
  dark: { '--mantine-color-error': RED[4] },
})
