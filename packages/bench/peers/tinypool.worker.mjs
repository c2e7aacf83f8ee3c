export default ({ a, b }) => a + b

export const echo = (value) => value
