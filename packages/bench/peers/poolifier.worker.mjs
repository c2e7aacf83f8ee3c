import { ThreadWorker } from 'poolifier'

export default new ThreadWorker({
  add: ({ a, b }) => a + b,
  echo: (value) => value,
})
