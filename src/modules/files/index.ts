export { createFiles, type Files } from './create-files.ts'
export { filesSweep, mediaFetch, mediaSweep } from './files.jobs.ts'
export { fileRoutes } from './files.routes.ts'
export { simulatorFileRoutes } from './simulator-files.routes.ts'
