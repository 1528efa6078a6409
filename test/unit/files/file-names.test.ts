import t from 'tap'
import { deniedExtension } from '../../../src/modules/files/deny-list.ts'
import { extensionsOf, normaliseFileName } from '../../../src/modules/files/file-names.ts'
import { sniffProgram } from '../../../src/modules/files/sniff.ts'

const denied = ['exe', 'bat', 'js', 'php', 'sh', 'svg', 'msi', 'lnk']
const byName = (name: string) => deniedExtension({ name, declaredType: null, sniffed: null }, denied)

t.test('A name on the deny list is found in every disguise', async (t) => {
  const disguises: [string, string][] = [
    ['setup.exe', 'exe'],
    ['SETUP.EXE', 'exe'],
    ['setup.exe.', 'exe'],
    ['setup.exe. . .', 'exe'],
    ['setup.exe ', 'exe'],
    ['setup.exe\u00a0', 'exe'],
    ['setup.exe\t', 'exe'],
    ['setup . exe', 'exe'],
    ['invoice.pdf.exe', 'exe'],
    ['invoice.exe.pdf', 'exe'],
    ['.exe', 'exe'],
    ['setup．exe', 'exe'],
    ['setup․exe', 'exe'],
    ['setup。exe', 'exe'],
    ['setup…exe', 'exe'],
    ['setup.ｅｘｅ', 'exe'],
    ['setup.𝐞𝐱𝐞', 'exe'],
    ['setup.ехе', 'exe'],
    ['setup.e\u200bx\u200de', 'exe'],
    ['setup.e\u00adxe', 'exe'],
    ['setup.exe\ufeff', 'exe'],
    ['setup.éxe', 'exe'],
    ['photo\u202egpj.exe', 'exe'],
    ['photo.\u202eexe', 'exe'],
    ['photo.\u2066exe\u2069', 'exe'],
    ['page.php;.jpg', 'php'],
    ['page.php%00.jpg', 'php'],
    ['page.php\0.jpg', 'php'],
    ['setup.exe::$DATA', 'exe'],
    ['drawing.SVG', 'svg'],
    ['run.b\u034fat', 'bat'],
  ]
  for (const [name, extension] of disguises) t.equal(byName(name), extension, JSON.stringify(name))
})

t.test('Names without a denied extension pass', async (t) => {
  const fine = [
    'report.pdf',
    'exe',
    'photo.exemplar.jpg',
    'js notes.txt',
    'my.bath.png',
    'Отчёт за май.docx',
    '報告書・最終.pdf',
    'a.b.c.txt',
    '',
    '...',
  ]
  for (const name of fine) t.equal(byName(name), null, JSON.stringify(name))
  t.same(extensionsOf('Invoice.PDF．exe .'), ['pdf', 'exe'])
})

t.test('Content and declared type count as much as the name', async (t) => {
  const heads: [string, Buffer, string | null][] = [
    ['a Windows program', Buffer.concat([Buffer.from('MZ\x90\0\x03\0'), Buffer.alloc(64)]), 'exe'],
    [
      'a text that begins with MZ',
      Buffer.from('MZ is the signature of Mark Zbikowski, who wrote it into every program he linked for years.'),
      null,
    ],
    ['a shell script', Buffer.from('#!/bin/sh\nrm -rf /\n'), 'sh'],
    ['a script behind a byte order mark', Buffer.from('\ufeff#!/usr/bin/env bash\n'), 'sh'],
    ['a script of Node', Buffer.from('#!/usr/bin/env node\n'), 'js'],
    ['a PHP page', Buffer.from('\n<?php system($_GET[0]);'), 'php'],
    ['a shortcut', Buffer.from('L\0\0\0\x01\x14\x02\0rest', 'latin1'), 'lnk'],
    ['an installer', installer(), 'msi'],
    ['a PDF', Buffer.from('%PDF-1.7\n'), null],
  ]
  for (const [what, head, extension] of heads) {
    t.equal(deniedExtension({ name: 'photo.jpg', declaredType: 'image/jpeg', sniffed: sniffProgram(head) }, denied), extension, what)
  }
  t.equal(deniedExtension({ name: 'data', declaredType: 'Application/X-MSDownload; q=1', sniffed: null }, denied), 'exe')
  const elf = sniffProgram(Buffer.from('\x7fELF\x02\x01'))
  t.equal(deniedExtension({ name: 'tool', declaredType: null, sniffed: elf }, denied), null, 'what is not on the list passes')
  t.equal(deniedExtension({ name: 'tool', declaredType: null, sniffed: elf }, ['elf']), 'elf')
})

/** The first sectors of a compound file whose root entry is that of Windows Installer. */
function installer(): Buffer {
  const file = Buffer.alloc(4096)
  file.writeUInt32BE(0xd0cf11e0, 0)
  file.writeUInt16LE(9, 0x1e)
  file.writeUInt32LE(1, 0x30)
  Buffer.from('84100c0000000000c000000000000046', 'hex').copy(file, 2 * 512 + 0x50)
  return file
}

t.test('Names are kept readable and harmless', async (t) => {
  const names: [string, string][] = [
    ['report.pdf', 'report.pdf'],
    ['C:\\Users\\anna\\report.pdf', 'report.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['  two   spaces .txt. ', 'two spaces .txt'],
    ['photo\u202egpj.png', 'photogpj.png'],
    ['a<b>c:d"e|f?g*h.txt', 'a_b_c_d_e_f_g_h.txt'],
    ['line\nbreak\0.txt', 'linebreak.txt'],
    ['CON.txt', '_CON.txt'],
    ['Ünïcödé 報告.pdf', 'Ünïcödé 報告.pdf'],
    ['..', 'file'],
    ['', 'file'],
  ]
  for (const [sent, kept] of names) t.equal(normaliseFileName(sent), kept, JSON.stringify(sent))
  const long = normaliseFileName(`${'ä'.repeat(300)}.pdf`)
  t.ok(Buffer.byteLength(long) <= 255 && long.endsWith('ä.pdf'), 'a long name keeps its extension')
})
