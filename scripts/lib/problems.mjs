/** A problem that whoever ran the command can put right; its message says how and is all that is shown. */
export class UserError extends Error {}
