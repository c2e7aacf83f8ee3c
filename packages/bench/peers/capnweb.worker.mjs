import { workerData } from 'node:worker_threads'
import { newMessagePortRpcSession, RpcTarget } from 'capnweb'

class Echo extends RpcTarget {
  add(a, b) {
    return a + b
  }

  echo(value) {
    return value
  }
}

newMessagePortRpcSession(workerData, new Echo())
