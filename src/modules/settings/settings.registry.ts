import { type Static, type TSchema, Type } from 'typebox'

interface Definition<S extends TSchema> {
  schema: S
  fallback: Static<S>
  description: string
  /** What is allowed, as the end of "… must be". */
  allowed: string
  /** Brings a value into the one form in which it is kept, before it is checked. */
  normalise?: (value: unknown) => unknown
  /** Fields of an object value that are stored encrypted and never shown. */
  secretFields?: readonly string[]
}

const define = <S extends TSchema>(definition: Definition<S>) => definition

/** What systems run when somebody opens it, and what scripts and shortcuts come as. */
const runnable =
  'ade adp apk app appx appxbundle application asp aspx bas bat cgi chm class cmd com command cpl crt csh deb dex dll dmg drv elf exe gadget hlp hta htm html inf ins iso isp jar js jse jsp ksh lib lnk mad maf mam maq mar mas mat mde mdt mdw mdz mjs mpkg msc msh msh1 msh2 msi msix msixbundle msp mst nsh ocx ops osd pcd php php3 php4 php5 phtml pif pkg pl plg prf prg ps1 ps1xml ps2 psc1 psc2 psd1 psm1 py pyc pyw rb reg rpm run scf scr sct sh shb shs so svg swf sys url vb vbe vbp vbs vhd vhdx vsmacros vsw vxd ws wsc wsf wsh xbap xll xnk'.split(
    ' ',
  )

const extension = Type.String({ pattern: '^[a-z0-9][a-z0-9_+-]{0,19}$' })

const contactFields = ['channel', 'mobilePhone', 'email', 'account', 'language', 'notes'] as const
const panels = ['inbox', 'contacts', 'none'] as const
const sounds = ['chime', 'bell', 'knock', 'custom', 'none'] as const
const translators = ['none', 'libretranslate', 'deepl', 'google', 'azure', 'apertium'] as const

const oneOf = <const T extends readonly string[]>(values: T) => Type.Unsafe<T[number]>(Type.Enum([...values]))
const list = (values: readonly string[]): string => `one of ${values.join(', ')}`

/** Every setting of the product by its code. */
export const settingRegistry = {
  DefaultPanelForChatProcessing: define({
    schema: oneOf(panels),
    fallback: 'inbox',
    description: 'The panel that opens when a new chat message comes in',
    allowed: list(panels),
  }),
  FileExtensionsDenyList: define({
    schema: Type.Array(extension, { maxItems: 1000, uniqueItems: true }),
    fallback: runnable,
    description: 'Extensions of files that nobody may send or receive',
    allowed: 'a list of extensions such as ["exe", "bat"]',
    normalise: toExtensions,
  }),
  MaxFileSize: define({
    schema: Type.Integer({ minimum: 1, maximum: 2048 }),
    fallback: 50,
    description: 'Largest size of one file, in MiB; a channel may allow less',
    allowed: 'a whole number of MiB from 1 to 2048',
  }),
  ContactProfileFields: define({
    schema: Type.Array(Type.Union([oneOf(contactFields), Type.String({ pattern: '^custom\\.[^.]{1,100}$' })]), {
      maxItems: 50,
      uniqueItems: true,
    }),
    fallback: ['channel', 'mobilePhone', 'email'],
    description: 'Fields of the contact profile beside a chat, in this order',
    allowed: `a list of ${contactFields.join(', ')} and custom.<name>, each once`,
  }),
  NotificationSound: define({
    schema: oneOf(sounds),
    fallback: 'chime',
    description: 'Sound of a new chat message; custom is the uploaded one',
    allowed: list(sounds),
  }),
  TranslationProvider: define({
    schema: Type.Object(
      {
        provider: oneOf(translators),
        url: Type.Optional(Type.String({ pattern: '^https?://[^\\s/]+', maxLength: 500 })),
        apiKey: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
        region: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
      },
      { additionalProperties: false },
    ),
    fallback: { provider: 'none' },
    description: 'The service that translates chats, its address (LibreTranslate, Apertium) and its key',
    allowed: `{"provider": ${translators.map((name) => `"${name}"`).join(' | ')}, "url"?, "apiKey"?, "region"?}`,
    secretFields: ['apiKey'],
  }),
  LinkContactProcess: define({
    schema: Type.String({ pattern: '^[A-Za-z_][\\w.-]{0,199}$' }),
    fallback: 'link_chat_to_contact',
    description: 'Key of the process that links a chat to another contact',
    allowed: 'the key of a process',
  }),
} as const

export type SettingCode = keyof typeof settingRegistry
export type SettingValues = { [Code in SettingCode]: Static<(typeof settingRegistry)[Code]['schema']> }

/** Whether there is a setting of this code. */
export function isSettingCode(code: string): code is SettingCode {
  return Object.hasOwn(settingRegistry, code)
}

/** The definition behind a code, without its exact types. */
export function definitionOf(code: SettingCode): Definition<TSchema> {
  return settingRegistry[code] as Definition<TSchema>
}

/** Takes a list or one text with commas, with or without dots, in any case. */
function toExtensions(value: unknown): unknown {
  const items = typeof value === 'string' ? value.split(/[\s,;]+/) : value
  if (!Array.isArray(items) || !items.every((item) => typeof item === 'string')) return value
  const plain = items.map((item) =>
    item
      .trim()
      .replace(/^\*?\.+/, '')
      .toLowerCase(),
  )
  return [...new Set(plain.filter((item) => item !== ''))].sort()
}
