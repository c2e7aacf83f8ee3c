import { expose, Transfer } from 'threads/worker'

expose({
  add: (a, b) => a + b,
  echo: (value) => value,
  handOver: (buffer) => Transfer(buffer),
})
