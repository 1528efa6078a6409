import type { Worker } from 'node:worker_threads'

/** How often a computing thread's heap is looked at; most steps end before the first look. */
const intervalMs = 25

/**
 * Watches the heap of a thread while it computes. V8's own limit is no protection: when one large
 * allocation (a growing list) crosses it, Node ends the whole process instead of the thread. So the
 * thread's V8 limit is set well above the one watched here.
 */
export class HeapWatch {
  private timer: NodeJS.Timeout | null = null
  private isLooking = false
  private readonly worker: Worker
  private readonly maximumBytes: number
  private readonly onExceeded: () => void

  constructor(worker: Worker, maximumMb: number, onExceeded: () => void) {
    this.worker = worker
    this.maximumBytes = maximumMb * 1024 * 1024
    this.onExceeded = onExceeded
  }

  start() {
    this.timer ??= setInterval(() => void this.look(), intervalMs)
  }

  stop() {
    if (this.timer) clearInterval(this.timer)
    this.timer = null
  }

  private async look() {
    if (this.isLooking) return
    this.isLooking = true
    const used = await this.worker.getHeapStatistics().then(
      (heap) => heap.used_heap_size,
      // The thread ended meanwhile; its exit is handled where it is owned.
      () => 0,
    )
    this.isLooking = false
    if (this.timer && used > this.maximumBytes) this.onExceeded()
  }
}
