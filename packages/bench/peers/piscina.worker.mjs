export default ({ a, b }) => a + b

export const echo = (value) => value

// Loaded when it is needed: in a thread that is only started, the library would cost more than the thread.
export const handOver = async (buffer) => (await import('piscina')).move(buffer)
