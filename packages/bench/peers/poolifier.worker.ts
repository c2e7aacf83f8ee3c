import { ThreadWorker } from 'poolifier'

export default new ThreadWorker<{ a: number; b: number }, number>((task) => task!.a + task!.b)
