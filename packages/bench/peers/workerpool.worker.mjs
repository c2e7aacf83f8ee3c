import workerpool from 'workerpool'

workerpool.worker({
  add: (a, b) => a + b,
  echo: (value) => value,
  handOver: (buffer) => new workerpool.Transfer(buffer, [buffer]),
})
