import { Service } from '@troupe/worker-host'

/** Says what it has to say once a second, for as long as it is RUNNING. */
export class Spammer extends Service {
  protected override async run(): Promise<void> {
    do console.log('spam!')
    while (await this.sleep('1s'))
  }
}
