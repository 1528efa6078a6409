import {
  type CSSVariablesResolver,
  createTheme,
  localStorageColorSchemeManager,
  type MantineColorsTuple,
  Notification,
  Switch,
} from '@mantine/core'
import switchClasses from './switch.module.css'

const petrol: MantineColorsTuple = [
  '#e9f6f8',
  '#d3eaee',
  '#a6d5dd',
  '#75bfcb',
  '#4eadbc',
  '#2f9fb0',
  '#17889a',
  '#0b6b7d',
  '#075766',
  '#03424e',
]

const ink: MantineColorsTuple = [
  '#e3e7eb',
  '#c3cad2',
  '#a3adb8',
  '#77828e',
  '#47515c',
  '#38414b',
  '#2a323a',
  '#1d242b',
  '#161c22',
  '#10151a',
]

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 7 },
  colors: { petrol, dark: ink },
  fontFamily:
    'Inter, "Segoe UI Variable Text", "Segoe UI", system-ui, -apple-system, Roboto, "Helvetica Neue", "Liberation Sans", sans-serif',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'auto',
  components: {
    Notification: Notification.extend({
      defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } },
      styles: { description: { color: 'var(--mantine-color-dimmed)' } },
    }),
    Switch: Switch.extend({ classNames: { input: switchClasses.input ?? '', track: switchClasses.track ?? '' } }),
  },
})

/** Greys that keep 4.5:1 against every surface they are used on (WCAG 2.2, 1.4.3). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#56616d',
    '--mantine-color-placeholder': '#667180',
    '--mantine-color-error': '#b42318',
    '--mantine-color-anchor': '#0b6b7d',
  },
  dark: {
    '--mantine-color-dimmed': '#a3adb8',
    '--mantine-color-placeholder': '#8f9aa6',
    '--mantine-color-error': '#ff9a8f',
    '--mantine-color-anchor': '#75bfcb',
  },
})

/** Shared with public/color-scheme.js, which reads the same key before the first paint. */
export const colorScheme = localStorageColorSchemeManager({ key: 'parley.color-scheme' })
