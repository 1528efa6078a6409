export { templateRoutes } from './templates.routes.ts'
export { TemplateService, templateTexts } from './templates.service.ts'
