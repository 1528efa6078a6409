/** The validation rules of a form-js field (https://docs.camunda.io/docs/components/modeler/forms/configuration/forms-config-validation/). */
export interface FieldRules {
  required?: unknown
  minLength?: unknown
  maxLength?: unknown
  min?: unknown
  max?: unknown
  pattern?: unknown
  /** Custom wording for a failed pattern. */
  patternErrorMessage?: unknown
  validationType?: unknown
}

/** One component of a form-js schema, as far as submissions depend on it. */
export interface FormComponent {
  type: string
  key: string | null
  /** Of groups and dynamic lists: where the values of their components are. */
  path: string | null
  label: string | null
  rules: FieldRules
  /** FEEL: hidden when true. */
  hide: string | null
  disabled: boolean
  /** Allowed values; null when they come from elsewhere or the field has none. */
  options: readonly unknown[] | null
  /** Variable that holds the allowed values. */
  optionsKey: string | null
  decimalDigits: number | null
  /** Of date and time fields: date, time or datetime. */
  subtype: string
  components: FormComponent[]
}

type Raw = { [name: string]: unknown }

const isRaw = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value)
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** The components of a form-js schema; none for anything else. */
export function readComponents(schema: unknown): FormComponent[] {
  const components = isRaw(schema) ? schema.components : null
  return Array.isArray(components) ? components.filter(isRaw).map(readComponent) : []
}

function readComponent(raw: Raw): FormComponent {
  const conditional = isRaw(raw.conditional) ? raw.conditional : {}
  return {
    type: text(raw.type) ?? '',
    key: text(raw.key),
    path: text(raw.path),
    label: text(raw.label) ?? text(raw.dateLabel) ?? text(raw.timeLabel),
    rules: isRaw(raw.validate) ? raw.validate : {},
    hide: text(conditional.hide),
    disabled: raw.disabled === true,
    options: Array.isArray(raw.values) ? raw.values.map((option) => (isRaw(option) ? option.value : option)) : null,
    optionsKey: text(raw.valuesKey),
    decimalDigits: typeof raw.decimalDigits === 'number' ? raw.decimalDigits : null,
    subtype: text(raw.subtype) ?? 'date',
    components: readComponents(raw),
  }
}
