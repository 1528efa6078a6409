/** One sentence or bullet of what the product promises, in our words, and the tests that prove it. */
export interface Requirement {
  /** R1, R2, … in the order of the promises. */
  id: string
  requirement: string
  tests: TestName[]
}

export interface TestName {
  /** Path from the root of the repository. */
  file: string
  /** The test's name, or how it begins when the rest is made up at run time. */
  name: string
}

const testsOf =
  (file: string) =>
  (name: string): TestName => ({ file, name })
const inNew = testsOf('test/reference/new-chats.test.ts')
const inStatus = testsOf('test/reference/agent-status.test.ts')
const inInbox = testsOf('test/reference/inbox.test.ts')
const inOverdue = testsOf('test/reference/overdue.test.ts')
const inAccept = testsOf('test/reference/accept-and-reply.test.ts')
const inDrafts = testsOf('test/reference/templates-and-drafts.test.ts')
const inLink = testsOf('test/reference/link-contact.test.ts')
const inTransfer = testsOf('test/reference/transfer.test.ts')
const inActions = testsOf('test/reference/quick-actions.test.ts')
const inTranslation = testsOf('test/reference/translation.test.ts')
const inComplete = testsOf('test/reference/complete.test.ts')
const inDelivery = testsOf('test/reference/delivery-status.test.ts')
const inInboxPage = testsOf('test/e2e/inbox.test.ts')
const inMainJob = testsOf('test/integration/chats/main-job.test.ts')
const inCustomers = testsOf('test/integration/channels/customers.test.ts')
const inTelegram = testsOf('test/integration/channels/telegram-path.test.ts')
const inMessenger = testsOf('test/integration/channels/messenger-path.test.ts')
const inSession = testsOf('test/integration/agents/session.test.ts')
const inPresence = testsOf('test/integration/agents/presence.test.ts')
const inEveryone = testsOf('test/integration/routing/everyone.test.ts')
const inQueues = testsOf('test/integration/routing/queues.test.ts')
const inFiles = testsOf('test/integration/files/messages.test.ts')
const inUpload = testsOf('test/integration/files/upload.test.ts')
const inSettings = testsOf('test/integration/settings/settings.test.ts')
const inContacts = testsOf('test/integration/contacts/contacts.test.ts')
const inLinking = testsOf('test/integration/contacts/link.test.ts')
const inTemplates = testsOf('test/integration/templates/templates.test.ts')
const inActionList = testsOf('test/integration/quick-actions/actions.test.ts')
const inTranslator = testsOf('test/integration/translation/translation.test.ts')
const inFaults = testsOf('test/integration/channels/delivery-faults.test.ts')
const inWork = testsOf('test/e2e/work.test.ts')
const inScreen = testsOf('test/reference/screen.test.ts')

const strangerOnMessenger = inNew('a stranger on Messenger: a chat, and a contact with name, picture and user id')
const strangerOnTelegram = inNew('a stranger on Telegram: a chat, and a contact with name, picture and user id')
const strangerOnWhatsapp = inNew('a stranger on WhatsApp: a chat, and a contact with name and phone number')
const strangerBySms = inNew('a stranger by SMS: a chat, and a contact with the phone number')
const activeChat = inNew('a message goes to the active chat; without one a known customer gets a new chat and no new contact')
const push = inInbox('every message of a customer is pushed to the inbox the moment it comes')
const knownPhone = inNew('a phone number that a contact has already makes no contact, on WhatsApp and by SMS')
const manyIdentities = inNew('several WhatsApp accounts of one contact share one chat with the whole history')
const activeAgent = inStatus('an active agent sees new chats and messages, processes them and answers')
const inactiveAgent = inStatus('an inactive agent keeps what it received, processes and answers it, and gets no new chats')
const login = inStatus('a login starts inactive, and no new chat comes before the switch to active')
const wholeChatOnScreen = inInboxPage('an agent answers a chat from the first message to the end')
const logout = inStatus('closing the session makes the agent inactive, and new chats go past it')
const areas = inInbox('a chat is among the new items until it is accepted, then in progress, then in neither area')
const alertOnScreen = inScreen('a new message makes a sound, and a browser notification when the agent allows it')
const workOnScreen = inWork('an agent works on a chat from its first picture to its transfer')
const alertSettings = inInbox('an administrator chooses the panel that opens and the sound of a new message')
const timerOnScreen = inInboxPage('the timer of an overdue response runs until the reply')
const late = inOverdue('a late answer makes the chat overdue, the timer counts from the last message, and the reply ends it')
const responseTimes = inOverdue('the first and the ongoing response time of the queue set when an answer is due')
const owner = inAccept('who accepts becomes the owner, has the messages with their files, and alone answers')
const abilities = inAccept('an accepted chat can be transferred, acted on, translated and completed')
const profile = inAccept('the contact profile shows channel, mobile phone and email, or what an administrator chose')
const profileOnScreen = inInboxPage('no barriers for anybody, ')
const toAgent = inTransfer('to an agent: the chat is completed and a child chat is in progress with that agent, who reads it all')
const toQueue = inTransfer('to a queue: the child chat waits, is offered by the rule of the queue, and is in progress once accepted')
const action = inActions('an administrator lists a process as an action; running it uses the data of the chat, which stays open')
const translation = inTranslation(
  'languages are found out and can be changed, both directions are translated, originals stay, cancel ends it',
)
const completedByAgent = inComplete('completed by its agent: read-only, out of the inbox, and a line in the conversation says so')
const tenFiles = inAccept('ten files fit into a message, eleven are refused before anything is sent')
const fileSettings = inAccept('the deny list and the size limit hold for what agents upload, as they are set at the time')
const channelLimits = inAccept('a channel refuses types and sizes of its own')
const templatesOnScreen = inScreen('two slashes open the templates, and the one chosen is in the field')
const findTemplates = inDrafts('templates are found by name and by text, in the queue and with the values of the chat')
const recentTemplates = inDrafts('a template that was selected is in the recently used group of that agent, the last one first')
const draft = inDrafts('a draft with its files is there when the chat is opened again, for its agent alone, until it is sent')
const draftOnScreen = inInboxPage('what is written is kept: as a draft, and when the server is away')
const link = inLink('the chat with its messages and the identity go to the chosen contact, and the unknown one is removed')
const linkKeeps = inLink('a previous contact that something else refers to stays, a removed one can be restored')
const linkProcess = inLink('an administrator changes what linking does by changing its process')
const targets = inTransfer('agents are listed with their status, queues with the available agents besides the current one')
const byRule = inTransfer('a queue that offers to one agent at a time does so with a transferred chat')
const makesCase = inActions('a case from the chat has every field as promised')
const form = inActions('an action with a form asks the agent, works on the answer, and leaves the chat open')
const translationOff = inTranslation('it is off until an administrator has set it up')
const completedByTimeout = inComplete('completed by the timeout of its queue, which does not run while the customer waits')
const whatsappStatus = inDelivery('WhatsApp: sending, sent, delivered, read, or failed with the reason of WhatsApp')
const smsStatus = inDelivery('SMS: sending, sent, delivered, read, or failed with the reason of the carrier')
const tooltip = inScreen('the tooltip of a message tells its status, or why it failed')
const telegramStatus = inDelivery('Telegram: sending, then sent or failed with the reason of Telegram')
const strangers = [strangerOnMessenger, strangerOnTelegram, strangerOnWhatsapp, strangerBySms]

type Row = [id: string, requirement: string, ...tests: TestName[]]

const rows: Row[] = [
  // Conversations
  [
    'R1',
    'Agents talk with customers in real time, over the channel the customer chose.',
    inMainJob('a customer writes, an agent answers, on '),
    inInboxPage('the Simulator plays the customer'),
  ],
  // New chats and contacts
  ['R2', 'A first message of an unknown customer on Messenger, WhatsApp, Telegram or SMS opens a chat.', ...strangers],
  [
    'R3',
    'SMS is a channel like the others.',
    strangerBySms,
    inCustomers('one person under a phone number, a user id, or both, is one contact; the number is the same over SMS'),
  ],
  ['R4', 'A message of a known customer without an active chat opens a new chat.', activeChat],
  ['R5', 'Every other message is shown in the active chat.', activeChat, push],
  ['R6', 'A chat makes a contact when the customer writes for the first time, on any of the four channels …', ...strangers],
  [
    'R7',
    '… and no contact has the Messenger id, Telegram id or, for WhatsApp and SMS, the phone number.',
    knownPhone,
    activeChat,
    inContacts('20 first messages of one customer at once make one contact'),
  ],
  ['R8', 'The new contact is filled with what the channel tells.', ...strangers],
  [
    'R9',
    'Messenger: name, picture and user id.',
    strangerOnMessenger,
    inMessenger('a customer of a page gets a name, a picture and answers, and reads them'),
  ],
  ['R10', 'Telegram: name, picture and user id.', strangerOnTelegram],
  ['R11', 'WhatsApp: name and phone number (its API hands out no pictures).', strangerOnWhatsapp],
  ['R12', 'SMS: phone number.', strangerBySms],
  ['R13', 'Messages of one contact under several identities of a channel share one chat.', manyIdentities],
  [
    'R14',
    'The agent sees the whole history of such a contact in one place.',
    manyIdentities,
    inContacts('a contact shows its identities and its chats on every channel, newest first'),
  ],
  // Agent status
  ['R15', 'The status decides whether an agent receives and processes chats in the inbox.', activeAgent, inactiveAgent],
  ['R16', 'Active: sees new chats and messages, processes them and answers.', activeAgent],
  [
    'R17',
    'Inactive: sees only chats received before, processes and answers them.',
    inactiveAgent,
    inEveryone('everyone: becoming active brings the waiting chats; becoming inactive keeps those received'),
  ],
  ['R18', 'Inactive agents are given no new chats.', inactiveAgent],
  [
    'R19',
    'After a login the agent is inactive.',
    login,
    inSession('a new login starts inactive, another browser changes nothing, the last logout makes inactive'),
  ],
  ['R20', 'Agents change it in the bar at the top.', wholeChatOnScreen, login],
  [
    'R21',
    'The end of the session makes the agent inactive, and new chats go to others.',
    logout,
    inPresence('a lost last connection makes the agent inactive after the grace'),
  ],
  // Inbox
  ['R22', 'Chats are processed in the inbox.', wholeChatOnScreen, areas],
  ['R23', 'Agents have access to two areas of chats.', areas, wholeChatOnScreen],
  ['R24', 'New items: chats that wait to be accepted.', areas],
  ['R25', 'In progress: chats that are accepted.', areas],
  ['R26', 'A new message opens the panel by itself and makes a sound.', push, alertOnScreen, workOnScreen],
  ['R27', 'Administrators customise two things about that.', alertSettings],
  [
    'R28',
    'Which panel opens: the setting DefaultPanelForChatProcessing.',
    alertSettings,
    inSettings('Everybody reads them, an administrator changes them, and the change is on record'),
  ],
  ['R29', 'How a new message is announced: the notification sound.', alertSettings],
  ['R30', 'An agent who allows it gets a browser notification of every new message.', push, alertOnScreen],
  // Response overdue
  ['R31', 'A running timer on the tile helps agents to see what is urgent.', timerOnScreen, late],
  ['R32', 'The limits are settings of the queue.', responseTimes, inQueues('changed minutes move the times of open chats')],
  ['R33', 'First response time: minutes until the first answer of an agent.', responseTimes],
  ['R34', 'Ongoing response time: minutes until each later answer.', responseTimes],
  ['R35', 'Past the limit the timer appears on the tile.', late, timerOnScreen],
  [
    'R36',
    'It counts from the last message of the customer, and an answer of the agent resets it.',
    late,
    inOverdue('a transferred chat whose customer is unanswered keeps its due time, also past it'),
  ],
  // Accept
  ['R37', 'The Accept button of the tile starts the processing.', wholeChatOnScreen, owner],
  ['R38', 'Who accepts is the owner of the chat.', owner, inInboxPage('of two agents the first to accept gets the chat')],
  ['R39', 'The owner has access to the following.', abilities],
  [
    'R40',
    'The messages: texts and files of the conversation.',
    owner,
    inFiles('An agent sends text and files; the customer gets them under signed addresses'),
  ],
  ['R41', 'The contact profile with picture or initials and name, collapsed at first.', profile, profileOnScreen],
  ['R42', 'The name of the contact leads to the page of the contact.', workOnScreen],
  ['R43', 'The expanded profile tells more about contact and chat.', profile, profileOnScreen],
  ['R44', '… the channel.', profile],
  ['R45', '… the mobile phone of the contact.', profile],
  ['R46', '… the email address of the contact.', profile],
  ['R47', 'Administrators choose the fields.', profile, inContacts('the profile beside a chat shows the fields that administrators chose')],
  ['R48', 'The chat has actions.', abilities],
  ['R49', '… transfer to another agent or queue.', toAgent, toQueue],
  ['R50', '… run a quick action.', action],
  ['R51', '… switch the translation on.', translation],
  ['R52', '… complete the chat.', completedByAgent],
  // Reply
  [
    'R53',
    'An answer is a text, or has files.',
    owner,
    inFiles('An agent sends text and files; the customer gets them under signed addresses'),
  ],
  [
    'R54',
    'At most ten files in a message.',
    tenFiles,
    inFiles('Ten files go, eleven are refused, and nothing is stored of the refused message'),
  ],
  ['R55', 'Types and sizes of files are limited.', fileSettings, inUpload('What is refused leaves nothing behind')],
  ['R56', '… by the settings FileExtensionsDenyList and MaxFileSize.', fileSettings],
  ['R57', '… and by the channel.', channelLimits],
  ['R58', 'Two slashes in the message field open the templates.', templatesOnScreen],
  [
    'R59',
    'They are searched by name or text while typing.',
    findTemplates,
    inTemplates('they are found by name or text, whatever its case, page by page'),
  ],
  ['R60', 'The one chosen becomes the answer.', recentTemplates, templatesOnScreen],
  [
    'R61',
    'A chosen template is in the group Recently used from then on.',
    recentTemplates,
    inTemplates('what an agent used comes first for that agent, the latest on top'),
  ],
  ['R62', 'Leaving a chat without sending keeps a draft.', draft, draftOnScreen],
  ['R63', 'The agent can go back to it at any time.', draft],
  ['R64', 'It is in the message field when the chat is open again.', draftOnScreen, draft],
  // Link to another contact
  [
    'R65',
    'An open chat can be linked to another existing contact.',
    link,
    inLinking('the chat, its messages and the customer belong to the selected contact; the unknown one is removed'),
  ],
  ['R66', 'A chat often starts with an unknown new contact.', link],
  [
    'R67',
    'Linking keeps the history of the conversation.',
    link,
    inLinking('customers who write while their chats are linked lose nothing and are nobody twice'),
  ],
  ['R68', 'It begins in an open chat.', link],
  ['R69', 'The header of the chat offers it and opens a window.', workOnScreen],
  ['R70', 'The agent finds and selects the contact there.', link, workOnScreen],
  ['R71', 'The chat is linked to that contact.', link],
  ['R72', 'All messages of the chat belong to that contact.', link],
  ['R73', 'The contact linked before is removed, unless something else refers to it; it can be restored.', link, linkKeeps],
  ['R74', 'Administrators change what linking does in its process.', linkProcess, inLinking('administrators draw their own linking')],
  // Transfer
  ['R75', 'A conversation can be handed to another agent or queue.', toAgent, toQueue],
  ['R76', '… to an expert, or to another team.', toQueue],
  ['R77', 'It begins in an open chat.', toAgent],
  ['R78', 'The header of the chat offers it and opens a window.', workOnScreen],
  ['R79', 'The window has a tab of agents and a tab of queues.', workOnScreen, targets],
  [
    'R80',
    'Agents: the name and the status of each.',
    targets,
    inQueues('transfer targets: every other agent with its load, and each queue with the agents there besides the current one'),
  ],
  [
    'R81',
    'Queues: the name and how many agents are available, the current one not counted.',
    targets,
    inQueues('transfer targets: every other agent with its load, and each queue with the agents there besides the current one'),
  ],
  ['R82', 'The agent selects one of them.', toAgent, toQueue],
  ['R83', 'The chat is completed and a child chat made at once.', toAgent, toQueue],
  ['R84', 'It is read-only for the agent and leaves In progress when it is no longer looked at.', toAgent, workOnScreen],
  ['R85', 'The status of the child chat follows from the target.', toAgent, toQueue],
  ['R86', 'To an agent: it is among the chats in progress of that agent, in progress.', toAgent],
  ['R87', 'To a queue: it waits for processing and is offered by the routing rule of the queue.', toQueue, byRule],
  ['R88', 'It is among the new items until an agent accepts it.', toQueue],
  ['R89', 'Once accepted it is in progress.', toQueue],
  [
    'R90',
    'The next agent reads the messages of the parent chat and carries on.',
    toAgent,
    inFiles('Files follow the right to see the chat, also from a child chat'),
  ],
  // Quick actions
  ['R91', 'A quick action runs a predefined process out of the chat.', action],
  ['R92', 'It does routine work, such as records and workflows, with the data of the chat.', action, makesCase],
  ['R93', 'It begins in an open chat.', action],
  ['R94', 'The header of the chat offers the list.', workOnScreen],
  ['R95', 'The agent selects the action.', action, workOnScreen],
  ['R96', 'Its process starts.', action, form],
  ['R97', 'The process works on the data of the chat.', action, inActionList('inputs are those that the process declares')],
  ['R98', 'The chat stays open and goes on.', action, form],
  ['R99', 'Administrators keep the list of actions.', action, inActionList('administrators keep the list; each queue offers its own')],
  // Case from a chat
  ['R100', 'There is an action that makes a case.', makesCase],
  ['R101', 'Running it adds a case with its fields filled.', makesCase],
  ['R102', 'Subject: the first message.', makesCase],
  [
    'R103',
    'Description: all that came in before the agent answered.',
    makesCase,
    inActions('a case from a transferred chat is about the whole conversation and assigned to the agent who has it'),
  ],
  ['R104', 'Source: Chat.', makesCase],
  ['R105', 'Registration date: when the case was made.', makesCase],
  ['R106', 'Status: New.', makesCase],
  ['R107', 'Contact: that of the chat.', makesCase],
  ['R108', 'Account: that of the contact.', makesCase],
  [
    'R109',
    'Assignee: the agent of the chat.',
    makesCase,
    inActions('a case from a transferred chat is about the whole conversation and assigned to the agent who has it'),
  ],
  // Translation
  [
    'R110',
    'Customers and agents may write in different languages.',
    translation,
    inTranslator('a real translation server translates a chat'),
  ],
  ['R111', 'The language of the customer is found out, and messages are translated as they come.', translation],
  ['R112', 'An administrator has to set it up first.', translationOff],
  ['R113', 'It begins in an open chat.', translation],
  ['R114', 'The header of the chat opens the translation panel.', workOnScreen],
  ['R115', 'The language of the messages is found out by itself.', translation],
  ['R116', 'The target is the language of the agent.', translation],
  ['R117', 'Both can be changed.', translation],
  ['R118', 'The button of the panel switches it on.', workOnScreen, translation],
  ['R119', 'What the customer wrote is translated into the language of the agent.', translation],
  ['R120', 'So is all that comes later.', translation],
  ['R121', 'So is what goes out.', translation, inTranslator('a chat is translated in both directions, and the originals stay')],
  ['R122', 'The panel has choices.', workOnScreen],
  ['R123', 'Cancel switches the translation off.', translation, workOnScreen],
  ['R124', 'Each message can be read as written and as translated.', translation, workOnScreen],
  ['R125', 'One outgoing message can be left as written.', translation],
  ['R126', 'The panel can be shown and hidden.', workOnScreen],
  // Complete
  [
    'R127',
    'A chat is completed by hand, or by the timeout of its queue.',
    completedByAgent,
    completedByTimeout,
    inMainJob('the chat timeout completes a chat, on '),
  ],
  ['R128', 'It begins in an open chat.', completedByAgent],
  ['R129', 'The header of the chat has the button.', wholeChatOnScreen],
  ['R130', 'The chat is read-only.', completedByAgent, wholeChatOnScreen],
  ['R131', 'It leaves In progress when it is no longer looked at.', wholeChatOnScreen, completedByAgent],
  ['R132', 'A line in the conversation says that it is completed.', completedByAgent, completedByTimeout],
  // Delivery status
  ['R133', 'Each outgoing message shows in the conversation how far it came.', wholeChatOnScreen, whatsappStatus],
  [
    'R134',
    'The status follows what the provider reports.',
    whatsappStatus,
    smsStatus,
    inFaults('reports of WhatsApp before the send call returns, twice and in the wrong order'),
  ],
  ['R135', 'Pointing at the status shows a tooltip.', tooltip],
  ['R136', '… with the name of the status.', tooltip],
  ['R137', '… or the reason of the failure.', tooltip, telegramStatus],
  ['R138', 'The statuses depend on the channel.', telegramStatus, whatsappStatus, smsStatus],
  [
    'R139',
    'Telegram: sending, sent or failed.',
    telegramStatus,
    inTelegram('a customer of a Telegram bot is answered, and what they do afterwards shows'),
  ],
  ['R140', 'WhatsApp and SMS: sending, sent, delivered, read or failed.', whatsappStatus, smsStatus],
  ['R141', 'Status and reason are kept with each message.', telegramStatus, whatsappStatus, smsStatus],
]

export const requirements: Requirement[] = rows.map(([id, requirement, ...tests]) => ({ id, requirement, tests }))
