import { parentPort } from 'node:worker_threads'
import { eld } from 'eld'

const loaded = 'load' in eld ? eld.load('medium') : Promise.resolve()

parentPort?.on('message', async ({ id, text }: { id: number; text: string }) => {
  await loaded
  const result = eld.detect(text)
  parentPort?.postMessage({ id, language: result.language !== '' && result.isReliable() ? result.language : null })
})
