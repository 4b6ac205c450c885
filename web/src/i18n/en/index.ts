import admin from './admin.json'
import auth from './auth.json'
import canvas from './canvas.json'
import charts from './charts.json'
import common from './common.json'
import compare from './compare.json'
import datasets from './datasets.json'
import errors from './errors.json'
import experiments from './experiments.json'
import format from './format.json'
import guide from './guide.json'
import inference from './inference.json'
import labels from './labels.json'
import members from './members.json'
import profile from './profile.json'
import projects from './projects.json'
import queue from './queue.json'
import shell from './shell.json'
import training from './training.json'
import wizard from './wizard.json'

const messages = {
  admin,
  auth,
  canvas,
  charts,
  common,
  compare,
  datasets,
  errors,
  experiments,
  format,
  guide,
  inference,
  labels,
  members,
  profile,
  projects,
  queue,
  shell,
  training,
  wizard,
}
export type Messages = typeof messages
export default messages
