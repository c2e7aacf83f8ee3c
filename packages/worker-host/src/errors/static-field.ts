/** A class's own word on its methods, for those who have no decorators; what a class above it says is not repeated. */
export function staticField<T>(prototype: object, name: string): T | undefined {
  const type = prototype.constructor as object | undefined
  return type !== undefined && Object.hasOwn(type, name) ? Reflect.get(type, name) : undefined
}
