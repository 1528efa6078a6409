let context: AudioContext | null = null

/** Sounds that the setting NotificationSound may name. */
export const sounds = ['chime', 'bell', 'knock', 'custom', 'none'] as const
export type Sound = (typeof sounds)[number]

/** The sound a value of the setting stands for; the chime for what this page does not know. */
export function soundOf(value: unknown): Sound {
  return sounds.find((sound) => sound === value) ?? 'chime'
}

/** Plays a sound made on the spot; a browser that was never clicked stays silent. */
export function playSound(sound: Sound): void {
  if (sound === 'none') return
  if (sound === 'custom') {
    // Without a file, or in a browser that does not know its format, an agent still hears that somebody wrote.
    new Audio('/api/settings/NotificationSound/file').play().catch(() => playSound('chime'))
    return
  }
  context ??= new AudioContext()
  const audio = context
  if (audio.state === 'suspended') void audio.resume().then(() => players[sound](audio))
  else players[sound](audio)
}

const players: Record<Exclude<Sound, 'none' | 'custom'>, (audio: AudioContext) => void> = {
  chime: (audio) => {
    tone(audio, { hertz: 659.26, after: 0, seconds: 0.22 })
    tone(audio, { hertz: 987.77, after: 0.11, seconds: 0.45 })
  },
  // Overtones that fit no scale make the metal.
  bell: (audio) => {
    for (const [index, ratio] of [1, 2.76, 5.4].entries()) {
      tone(audio, { hertz: 523.25 * ratio, after: 0, seconds: 1.1 / (index + 1), volume: 0.1 / (index + 1) })
    }
  },
  knock: (audio) => {
    for (const after of [0, 0.16]) tone(audio, { hertz: 170, after, seconds: 0.09, volume: 0.35, to: 70 })
  },
}

interface Tone {
  hertz: number
  /** Seconds from now. */
  after: number
  seconds: number
  volume?: number
  /** Where the pitch falls to. */
  to?: number
}

function tone(audio: AudioContext, { hertz, after, seconds, volume = 0.12, to }: Tone): void {
  const start = audio.currentTime + after
  const source = audio.createOscillator()
  const gain = audio.createGain()
  source.type = 'sine'
  source.frequency.setValueAtTime(hertz, start)
  if (to !== undefined) source.frequency.exponentialRampToValueAtTime(to, start + seconds)
  gain.gain.setValueAtTime(0, start)
  gain.gain.linearRampToValueAtTime(volume, start + 0.012)
  gain.gain.exponentialRampToValueAtTime(0.0001, start + seconds)
  source.connect(gain).connect(audio.destination)
  source.start(start)
  source.stop(start + seconds)
}
