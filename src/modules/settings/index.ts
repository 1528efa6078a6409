export { audit } from './audit.ts'
export { createSecretBox, type SecretBox, SecretKeyError } from './secrets.ts'
