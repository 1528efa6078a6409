import { ActionIcon, Tooltip } from '@mantine/core'
import { IconPaperclip } from '@tabler/icons-react'
import { useRef } from 'react'

export interface FileButtonProps {
  label: string
  /** What may be chosen, for the tooltip. */
  hint?: string
  onFiles: (files: File[]) => void
}

/** Lets a person choose files. */
export function FileButton({ label, hint, onFiles }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])])
          // The same file may be chosen again.
          event.currentTarget.value = ''
        }}
      />
      <Tooltip label={hint ? `${label}. ${hint}` : label} multiline maw={280}>
        <ActionIcon variant="subtle" color="gray" size={36} radius="xl" onClick={() => input.current?.click()} aria-label={label}>
          <IconPaperclip size={19} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
    </>
  )
}
