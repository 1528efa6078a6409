import { Alert, Button, PasswordInput, TextInput } from '@mantine/core'
import { IconAlertCircle, IconInfoCircle } from '@tabler/icons-react'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { ApiError, explain, NetworkError, waitText } from '../api/client.ts'
import { Brand } from '../ui/brand.tsx'
import { Link } from '../ui/router.tsx'
import { useTitle } from '../ui/use-title.ts'
import classes from './login-page.module.css'
import { texts } from './texts.ts'
import { useLogIn } from './use-session.ts'

function messageFor(error: unknown): string {
  if (error instanceof NetworkError) return texts.unreachable
  if (error instanceof ApiError && error.status === 401) return texts.wrong
  if (error instanceof ApiError && error.status === 429) return texts.throttled(waitText(error.retryAfterSeconds))
  return explain(error)
}

/** Email and password; `ended` says that a session has just run out. */
export function LoginPage({ ended }: { ended: boolean }) {
  const logIn = useLogIn()
  const [missing, setMissing] = useState<{ email?: string; password?: string }>({})
  const passwordInput = useRef<HTMLInputElement>(null)
  useTitle('Log in')
  useEffect(() => {
    if (logIn.isError) passwordInput.current?.select()
  }, [logIn.isError])

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    const login = { email: String(fields.get('email')).trim(), password: String(fields.get('password')) }
    const problems = {
      ...(login.email === '' ? { email: texts.needEmail } : {}),
      ...(login.password === '' ? { password: texts.needPassword } : {}),
    }
    setMissing(problems)
    if (Object.keys(problems).length === 0) logIn.mutate(login)
  }

  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <Brand size={36} />
        <h1 className={classes.title}>{texts.title}</h1>
        <p className={classes.intro}>{texts.intro}</p>
        {ended && !logIn.isError && (
          <Alert className={classes.alert} color="petrol" icon={<IconInfoCircle size={18} />} role="status">
            {texts.ended}
          </Alert>
        )}
        {logIn.isError && (
          <Alert className={classes.alert} color="red" icon={<IconAlertCircle size={18} />} role="alert">
            {messageFor(logIn.error)}
          </Alert>
        )}
        <form onSubmit={submit} noValidate className={classes.form}>
          <TextInput
            label={texts.email}
            name="email"
            type="email"
            autoComplete="username"
            autoFocus
            size="md"
            error={missing.email ?? null}
          />
          <PasswordInput
            ref={passwordInput}
            label={texts.password}
            name="password"
            autoComplete="current-password"
            size="md"
            error={missing.password ?? null}
            visibilityToggleButtonProps={{ 'aria-label': texts.showPassword }}
          />
          <Button type="submit" size="md" loading={logIn.isPending} fullWidth>
            {texts.submit}
          </Button>
        </form>
      </div>
      <Link href="/simulator" className={classes.aside ?? ''}>
        {texts.tryOut}
      </Link>
    </main>
  )
}
