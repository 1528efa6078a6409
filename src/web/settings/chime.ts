let context: AudioContext | null = null

/** Two soft notes, made on the spot; a browser that was never clicked stays silent. */
export function chime(): void {
  context ??= new AudioContext()
  const audio = context
  if (audio.state === 'suspended') void audio.resume().then(() => play(audio))
  else play(audio)
}

function play(audio: AudioContext): void {
  note(audio, 659.26, audio.currentTime, 0.22)
  note(audio, 987.77, audio.currentTime + 0.11, 0.45)
}

function note(audio: AudioContext, hertz: number, start: number, seconds: number): void {
  const tone = audio.createOscillator()
  const volume = audio.createGain()
  tone.type = 'sine'
  tone.frequency.value = hertz
  volume.gain.setValueAtTime(0, start)
  volume.gain.linearRampToValueAtTime(0.12, start + 0.015)
  volume.gain.exponentialRampToValueAtTime(0.0001, start + seconds)
  tone.connect(volume).connect(audio.destination)
  tone.start(start)
  tone.stop(start + seconds)
}
