/** What each webhook file of test/payloads has to become, in the order of the events; keys left out are not looked at. */

type Expected = Array<Record<string, unknown>>

const olena = {
  identities: [{ namespace: 'telegram', externalId: '6012345678' }],
  name: 'Олена Коваль',
  username: 'olena_k',
  phone: null,
  language: 'uk',
}
const marta = {
  identities: [
    { namespace: 'phone', externalId: '+491512345678' },
    { namespace: 'whatsapp', externalId: 'DE.83920175546120398471' },
  ],
  name: 'Marta Vogel',
  username: null,
  phone: '+491512345678',
  language: null,
}
const lucia = { identities: [{ namespace: 'messenger:104477669912350', externalId: '7811203946650127' }], name: null }
const brooklyn = { identities: [{ namespace: 'phone', externalId: '+17185550199' }], name: null, phone: '+17185550199' }

const tg = (messageId: number, content: Record<string, unknown>): Expected => [
  {
    kind: 'message',
    externalId: `6012345678:${messageId}`,
    customer: olena,
    providerAt: new Date((1795340400 + messageId) * 1000),
    ...content,
  },
]
const file = (kind: string, name: string | null, type: string, size: number) => [{ source: { by: 'id' }, kind, name, type, size }]

const telegram: Record<string, Expected> = {
  'telegram/text.json': tg(101, { type: 'text', text: 'Добрий день, де моє замовлення 4711?', files: [], quoted: null, forwarded: false }),
  'telegram/command_start_deeplink.json': tg(102, { text: '/start order_4711', payload: 'order_4711' }),
  'telegram/text_reply.json': tg(103, { text: 'Так, саме це', quoted: { externalId: '6012345678:90', text: 'Ви про замовлення 4711?' } }),
  'telegram/photo.json': tg(104, {
    type: 'photo',
    text: 'ось фото',
    files: [
      {
        ...file('image', null, 'image/jpeg', 154321)[0],
        source: { by: 'id', id: 'AgACAgIAAxkBAAIJbdl2zbuQv0ac2d0O4vu5xUBCZri0-6p69ei-eK0ymnIQFOdp1lBg_IErQzu' },
      },
    ],
  }),
  'telegram/document.json': tg(105, {
    type: 'document',
    text: 'рахунок',
    files: file('document', 'рахунок.pdf', 'application/pdf', 84213),
  }),
  'telegram/voice.json': tg(107, { type: 'voice', text: null, files: file('voice', null, 'audio/ogg', 16231) }),
  'telegram/audio.json': tg(108, { type: 'audio', files: file('audio', 'song.mp3', 'audio/mpeg', 2931123) }),
  'telegram/video.json': tg(109, { type: 'video', files: file('video', 'clip.mp4', 'video/mp4', 1931123) }),
  'telegram/video_note.json': tg(110, { type: 'video_note', files: file('video', null, 'video/mp4', 531123) }),
  'telegram/animation.json': tg(111, { type: 'animation', files: file('video', 'wow.mp4', 'video/mp4', 81123) }),
  'telegram/sticker.json': tg(112, { type: 'sticker', files: file('sticker', null, 'image/webp', 21123) }),
  'telegram/location.json': tg(113, { type: 'location', text: '📍 50.4501, 30.5234\nhttps://www.google.com/maps?q=50.4501,30.5234' }),
  'telegram/edited_text.json': [
    {
      kind: 'edited',
      eventKey: 'update:884211017',
      externalId: '6012345678:101',
      text: 'Добрий день, де моє замовлення 4712?',
      providerAt: new Date(1795340700_000),
    },
  ],
  'telegram/callback_query.json': [
    {
      kind: 'message',
      externalId: 'callback:25822834100000001',
      customer: olena,
      acknowledge: '25822834100000001',
      text: 'Повернення',
      payload: 'topic:returns',
      quoted: { externalId: '6012345678:91', text: 'Оберіть тему' },
    },
  ],
  'telegram/group_text.json': [
    {
      kind: 'message',
      externalId: '-1002200334455:5501',
      customer: { identities: [{ namespace: 'telegram', externalId: '-1002200334455' }], name: 'ACME клієнти' },
      text: 'Олена Коваль: @acme_support_bot допоможіть',
    },
  ],
  'telegram/message_reaction.json': [{ kind: 'reaction', externalId: '6012345678:91', emoji: '👍', text: 'Reacted 👍', customer: olena }],
  'telegram/my_chat_member_unblocked.json': [
    { kind: 'unblocked', eventKey: 'update:884211020', customer: olena, at: new Date(1795340900_000) },
  ],
}

const wamid = (tail: string) => `wamid.HBgMNDkxNTEyMzQ1Njc4FQIAERgS${tail}`
const wa = (tail: string, second: number, content: Record<string, unknown>): Expected => [
  { kind: 'message', externalId: wamid(tail), customer: marta, providerAt: new Date((1795340400 + second) * 1000), ...content },
]
const waFile = (kind: string, id: string, name: string | null, type: string) => [{ source: { by: 'id', id }, kind, name, type }]
const waStatus = (tail: string, status: string, second: number, rest: Record<string, unknown>): Expected => [
  {
    kind: 'status',
    eventKey: `${wamid(tail)}:${status}`,
    target: { by: 'message', externalId: wamid(tail), correlationId: '01JD8Q2W6T9Y' },
    status,
    at: new Date((1795340400 + second) * 1000),
    failure: null,
    ...rest,
  },
]
const waFailed = (tail: string, code: number, rest: Record<string, unknown>): Expected =>
  waStatus(tail, 'failed', 63, {
    target: { by: 'message', externalId: wamid(tail), correlationId: '01JD8Q2W6T9Z' },
    failure: { code: `whatsapp.${code}`, retry: false, uncertain: false, ...rest },
  })

const whatsapp: Record<string, Expected> = {
  'whatsapp/text.json': wa('YotJ2W3N6XpDDdT1lw==', 0, { type: 'text', text: 'Guten Tag, wo bleibt meine Bestellung 4711? 🙂', files: [] }),
  'whatsapp/text_reply_context.json': wa('ovGmijz3urFCRbo05g==', 20, {
    text: 'Ja, genau die',
    quoted: { externalId: wamid('Z3YSgofvLLjq15go5Q==') },
  }),
  'whatsapp/text_forwarded.json': wa('9BPkPXT4F4dFway0iw==', 21, { text: 'Schau mal hier', forwarded: true, quoted: null }),
  'whatsapp/image.json': wa('yg3yyVqhRMHQByBzyA==', 30, {
    text: 'Kratzer am Gehäuse',
    files: [{ ...waFile('image', '1180392746650011', null, 'image/jpeg')[0], sha256: 'pNS15XEJ2HDvgDrdfYW+zY6mJJgxc/EeIPzteRXahjM=' }],
  }),
  'whatsapp/document.json': wa('KcGyiedSIZWzYuRPVA==', 31, {
    text: 'Rechnung',
    files: waFile('document', '1180392746650012', 'Rechnung_4711.pdf', 'application/pdf'),
  }),
  'whatsapp/audio_voice.json': wa('FTgSrlBqC3OgEb8ovQ==', 32, {
    text: null,
    files: waFile('voice', '1180392746650013', null, 'audio/ogg; codecs=opus'),
  }),
  'whatsapp/video.json': wa('I5ahJWrEscaEnJMd2w==', 33, {
    text: 'So klingt es',
    files: waFile('video', '1180392746650014', null, 'video/mp4'),
  }),
  'whatsapp/sticker.json': wa('tfIDHrYuN8bTgoezjw==', 34, { text: null, files: waFile('sticker', '1180392746650015', null, 'image/webp') }),
  'whatsapp/location.json': wa('KAS61v6UpV8YsrNAMA==', 40, {
    text: '📍 Alexanderplatz, Alexanderplatz 1, 10178 Berlin, 52.520008, 13.404954\nhttps://www.google.com/maps?q=52.520008,13.404954',
  }),
  'whatsapp/contacts.json': wa('0PYxyh3bqNs7z8ueBQ==', 41, { text: '👤 Jonas Vogel\n+49 1512 3456799\njonas@example.org' }),
  'whatsapp/reaction.json': [
    { kind: 'reaction', eventKey: wamid('gvPpxpXca40bEYGNVw=='), externalId: wamid('Z3YSgofvLLjq15go5Q=='), emoji: '👍', customer: marta },
  ],
  'whatsapp/reaction_removed.json': [
    { kind: 'reaction', externalId: wamid('Z3YSgofvLLjq15go5Q=='), emoji: null, text: 'Took a reaction back', customer: marta },
  ],
  'whatsapp/interactive_button_reply.json': wa('TNm3Zy1Bvuj7UfseBA==', 44, { text: 'Bestätigen', payload: 'confirm_4711' }),
  'whatsapp/interactive_list_reply.json': wa('QgBOMUF130Aq2Arjzw==', 45, {
    text: 'Rückgabe (Ware zurücksenden)',
    payload: 'topic_returns',
  }),
  'whatsapp/button_template_reply.json': wa('fclvd2yEIAV6J4VImg==', 46, { text: 'Keine Werbung', payload: 'STOP_MARKETING' }),
  'whatsapp/unsupported.json': wa('u4IDDbwryroyqQvy4g==', 47, {
    type: 'unsupported',
    text: '[WhatsApp message that cannot be shown here: poll creation]',
  }),
  'whatsapp/system_user_changed_number.json': [
    {
      kind: 'identity_changed',
      eventKey: `${wamid('6LwWPILu4YczKIx9Sg==')}:phone`,
      from: { namespace: 'phone', externalId: '+491512345678' },
      to: { namespace: 'phone', externalId: '+491700000123' },
    },
    {
      kind: 'identity_changed',
      from: { namespace: 'whatsapp', externalId: 'DE.83920175546120398471' },
      to: { namespace: 'whatsapp', externalId: 'DE.10029384756601928374' },
    },
  ],
  'whatsapp/status_sent.json': waStatus('Z3YSgofvLLjq15go5Q==', 'sent', 61, {}),
  'whatsapp/status_sent_v23_conversation.json': waStatus('Z3YSgofvLLjq15go5Q==', 'sent', 61, {
    target: { by: 'message', externalId: wamid('Z3YSgofvLLjq15go5Q=='), correlationId: null },
  }),
  'whatsapp/status_delivered.json': waStatus('Z3YSgofvLLjq15go5Q==', 'delivered', 62, {}),
  'whatsapp/status_read.json': waStatus('Z3YSgofvLLjq15go5Q==', 'read', 75, {}),
  'whatsapp/status_failed_131026.json': waFailed('CubNHO5CcNB0Dpje6Q==', 131026, { category: 'unreachable', scope: 'recipient' }),
  'whatsapp/status_failed_131047.json': waFailed('92iSxFUvtRvUIBPHrQ==', 131047, { category: 'window_closed' }),
  'whatsapp/status_failed_131049.json': waFailed('0b50ZBmK792ekdkxuA==', 131049, { retryAfterMs: 86_400_000 }),
  'whatsapp/status_failed_131053.json': waFailed('xNqS3urjUajvYXREWg==', 131053, {
    category: 'content',
    scope: 'message',
    reason: 'Downloading media from weblink failed with http code 404, status message Not Found',
  }),
}

const at = new Date(1795340400123)
const ms = (mid: string, content: Record<string, unknown>): Expected => [
  { kind: 'message', externalId: mid, customer: lucia, providerAt: at, ...content },
]
const ourMid = 'm_Nr4czZHvRXgdPSk3FT5eohzHDj4fjRJu-TzJhsfjLKs_ScSFJV861bCiSTQpvmaXRRbglEpZpqE6O8cCA19iLQ'
const otherMid = 'm_KZEuti6Q_utNOvIq37GpPS5l2S0eOx_mIjJ-QlCm3853-FI90dFoEjEyYuSqH98TGJ9UMZZHRMbswkQ20HkbRg'
const cdn = 'https://cdn.fbsbx.com/v/t59.2708-21/example/'
const msFile = (kind: string, url: string, name: string) => ({ text: null, files: [{ source: { by: 'url', url }, kind, name }] })

const messenger: Record<string, Expected> = {
  'messenger/text.json': ms('m_Tf9Oo0DwqCPxXT9PAati6uDl2lecy4Ufjbnf6ExYsrN7iZA6dA4e4XLaeTpuedVg5ff5vQWKEqKAQz7W-kZRCg', {
    text: '¿Tienen la talla M en azul? 😀',
    files: [],
  }),
  'messenger/text_quick_reply.json': ms('m_QLJEESZB3XjdT5O2yRkN1G4AmRlNWkQle3761u-f9Gg9oe2gJERIyzQ6poj10-_XMU2v5YCsC8vxFa7Kno3BFA', {
    text: 'Sí',
    payload: 'CONFIRM_YES',
  }),
  'messenger/text_reply_to.json': ms('m_O6-_CIgqLRATMJOhuEM_UFY7k8FKzQW3kCjrHRJ5kCckFFCYBlGZRQFCOmbCdq4mxDtzm8ZcThaxDDr2wgKuuw', {
    text: 'Este',
    quoted: { externalId: ourMid },
  }),
  'messenger/image.json': ms(
    'm_oyHYtAXj7yYElZhHs20XHuvrxKiUHccKR4STWk_KXVgT3oTfoEnwZUmqYbIISMFjPOgbZ1KG6o-1PbJA2DHFaA',
    msFile('image', `${cdn}photo.jpg?oh=1&oe=6A`, 'photo.jpg'),
  ),
  'messenger/audio.json': ms(
    'm_8FIQxbQmPw7Ew5lb2rRY2B05U_NUqRCVIPFZ2x6IALzUW5fFbc6QofwnqwPguKmvhnN0cCPEBimTdBFtb5ZpgQ',
    msFile('audio', `${cdn}audioclip.mp4?oe=6A`, 'audioclip.mp4'),
  ),
  'messenger/video.json': ms(
    'm_vCO4sBdy0t1n77j-Gl5r0PRLl8NhAb5swJ8lO1PmjWeiLkZDBo39E0GYATTqV1cKz2XjBuTZbO9NVgOEiUyIpA',
    msFile('video', `${cdn}clip.mp4?oe=6A`, 'clip.mp4'),
  ),
  'messenger/file.json': ms(
    'm_PJrVUUenFE9gZzJ8O4LqcOfFQmrdnO6k0H3CkCI5v54Em4hiXrZdAUp3GPeTVGCMqwkheCxkPwIImD__o1guQA',
    msFile('document', `${cdn}factura.pdf?_nc_cat=1&oe=6A`, 'factura.pdf'),
  ),
  'messenger/sticker.json': ms(
    'm_DcUm2MT6BAhPSypkM_TNFGZLk9-fuKngC3e6iQuDcE0klEyTyqaStRCFu0dvgYUsJ-eTYA8TeuOSkBjNTI8aRQ',
    msFile('sticker', 'https://scontent.example.fbcdn.net/sticker.png', 'sticker.png'),
  ),
  'messenger/fallback_link.json': ms('m_PBHk8xbJVqJ2VZAtwaGbkluIh9We_3ke6mPtyKBUVOxZTV6w9ArhUd-HrNbhAXYezFuw07gpvzqF9UMkk7IvNw', {
    text: 'https://shop.example.org/p/33\nCamisa azul',
    files: [],
  }),
  'messenger/postback.json': ms('m_Wq20VSDc2HJrKCKnp4u1PXlPVXGZ1dSr3t0sVaS9bKc2B2BcVY3j24DI6GwxlkhFZhY-0TJ-gui2dX0ZMhE8uA', {
    type: 'postback',
    text: 'Empezar',
    payload: 'GET_STARTED',
  }),
  'messenger/reaction.json': [
    { kind: 'reaction', externalId: ourMid, eventKey: `${ourMid}:7811203946650127:react:1795340400123`, emoji: '❤️' },
  ],
  'messenger/reaction_removed.json': [
    { kind: 'reaction', externalId: ourMid, eventKey: `${ourMid}:7811203946650127:unreact:1795340400123`, emoji: null },
  ],
  'messenger/referral.json': [{ kind: 'ignored', reason: 'Event referral' }],
  'messenger/delivery_with_mids.json': [
    { kind: 'status', target: { by: 'message', externalId: ourMid }, status: 'delivered' },
    { kind: 'status', target: { by: 'message', externalId: otherMid }, status: 'delivered' },
    {
      kind: 'status',
      target: { by: 'watermark', customer: lucia.identities[0], upTo: new Date(1795340402123), inclusive: false },
      status: 'delivered',
    },
  ],
  'messenger/read.json': [
    {
      kind: 'status',
      target: { by: 'watermark', customer: lucia.identities[0], upTo: new Date(1795340403123), inclusive: true },
      status: 'read',
    },
  ],
  'messenger/echo_own_app.json': [
    { kind: 'echo', externalId: ourMid, correlationId: '01JD8Q2W6T9Y', customer: lucia.identities[0], providerAt: at },
  ],
  'messenger/echo_page_inbox.json': [
    {
      kind: 'outgoing',
      externalId: 'm_DDP7pBE6WsQPpkYE7k3VfRdC0QqJwCTEkPMo3ec9Dsy2qV2wgymZrhpc_7V2ReCUTsQ7ZikXVriXYQd2IvqW0w',
      customer: lucia,
      text: 'Le respondo desde la bandeja.',
    },
  ],
}

const sms = (externalId: string, content: Record<string, unknown>): Expected => [
  { kind: 'message', externalId, customer: brooklyn, providerAt: null, ...content },
]
const smsStatus = (externalId: string, word: string, status: string, failure: Record<string, unknown> | null = null): Expected => [
  { kind: 'status', eventKey: `${externalId}:${word}`, target: { by: 'message', externalId }, status, at: null, failure },
]

const twilio: Record<string, Expected> = {
  'twilio/sms_text.txt': sms('SMc4ca4238a0b923820dcc509a6f75849b', {
    text: "Hi, where is my order #4711? It's late & I paid 20% more + tax",
    files: [],
  }),
  'twilio/sms_unicode.txt': sms('SMc81e728d9d4c2f636f067f89cc14862c', { text: '¿Dónde está mi pedido? 📦 Спасибо' }),
  'twilio/sms_messaging_service.txt': sms('SMa87ff679a2f3e71d9181a67b7542122c', { text: 'YES' }),
  'twilio/sms_start_optin.txt': [
    ...sms('SM1679091c5a880faf6fb5e6087eb1b2dc', { text: 'START' }),
    { kind: 'opted_in', eventKey: 'SM1679091c5a880faf6fb5e6087eb1b2dc:START', customer: brooklyn },
  ],
  'twilio/mms_image.txt': sms('MM8f14e45fceea167a5a36dedd4bea2543', {
    text: 'see photo',
    files: [
      {
        source: {
          by: 'url',
          url: 'https://api.twilio.com/2010-04-01/Accounts/AC4c122831efef10ac68b5223dccd6f614/Messages/MM8f14e45fceea167a5a36dedd4bea2543/Media/ME7cbbc409ec990f19c78c75bd1e06f215',
        },
        kind: 'image',
        type: 'image/jpeg',
      },
    ],
  }),
  'twilio/status_queued.txt': smsStatus('SMf1584b995a4770986ad75bb8d29e9734', 'queued', 'sending'),
  'twilio/status_sending.txt': smsStatus('SMf1584b995a4770986ad75bb8d29e9734', 'sending', 'sending'),
  'twilio/status_sent.txt': smsStatus('SMf1584b995a4770986ad75bb8d29e9734', 'sent', 'sent'),
  'twilio/status_delivered.txt': smsStatus('SMf1584b995a4770986ad75bb8d29e9734', 'delivered', 'delivered'),
  'twilio/status_failed_21610.txt': smsStatus('SM5e7494662ea04ad8e731cc25c6140eb6', 'failed', 'failed', {
    code: 'twilio.21610',
    category: 'opted_out',
    retry: false,
    scope: 'recipient',
  }),
  'twilio/status_failed_30001.txt': smsStatus('SM39d987fd8304752bbbec0bd1afd4b7f3', 'failed', 'failed', {
    code: 'twilio.30001',
    category: 'temporary',
    retry: true,
  }),
  'twilio/status_undelivered_30003.txt': smsStatus('SM2d387ab98437e5f528a87b031a086256', 'undelivered', 'failed', {
    code: 'twilio.30003',
    retry: true,
    scope: 'recipient',
  }),
  'twilio/status_undelivered_30006.txt': smsStatus('SM417c4fa3b4135a6c64e05f8d35f71648', 'undelivered', 'failed', {
    code: 'twilio.30006',
    category: 'unreachable',
    retry: false,
  }),
  'twilio/status_undelivered_30007.txt': smsStatus('SM500dbb501d3577b1d6d187f6e454de37', 'undelivered', 'failed', {
    code: 'twilio.30007',
    category: 'content',
    retry: false,
  }),
}

export const webhookCases: Record<string, Expected> = { ...telegram, ...whatsapp, ...messenger, ...twilio }
