import { type DragEvent, useRef, useState } from 'react'

const holdsFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files')

/** Takes files that are dropped on an element; spread `handlers` on it. */
export function useDropZone(onDrop: ((files: File[]) => void) | null) {
  // Every element inside says that the pointer enters and leaves.
  const depth = useRef(0)
  const [isOver, setOver] = useState(false)
  const leave = () => {
    depth.current = 0
    setOver(false)
  }
  const handlers = {
    onDragEnter: (event: DragEvent) => {
      if (!holdsFiles(event)) return
      event.preventDefault()
      depth.current += 1
      setOver(onDrop !== null)
    },
    onDragOver: (event: DragEvent) => {
      // Without this the browser would open the file in place of the page.
      if (holdsFiles(event)) event.preventDefault()
    },
    onDragLeave: (event: DragEvent) => {
      if (!holdsFiles(event)) return
      depth.current -= 1
      if (depth.current <= 0) leave()
    },
    onDrop: (event: DragEvent) => {
      if (!holdsFiles(event)) return
      event.preventDefault()
      leave()
      onDrop?.([...event.dataTransfer.files])
    },
  }
  return { isOver, handlers }
}
