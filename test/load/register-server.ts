import type { ManagedProcess, Supervisor } from '../../harness/process/supervisor.ts';
import { builtProgram } from '../../harness/project.ts';
import type { FromRegisterServer, Misbehaviour, ToRegisterServer } from './register-server-main.ts';

export interface RegisterServer {
  readonly url: string;
  readonly pid: number;
  readonly process: ManagedProcess;
  stall(ms: number): void;
  behave(behave: Partial<Misbehaviour>): void;
  takePrecedence(): void;
}

export async function startRegisterServer(supervisor: Supervisor, logPath: string): Promise<RegisterServer> {
  const managed = await supervisor.spawn({
    name: 'register-server',
    command: process.execPath,
    args: [builtProgram('test/load/register-server-main.ts')],
    logPath,
    ipc: true,
  });
  const port = await new Promise<number>((resolve, reject) => {
    managed.onMessage((message) => resolve((message as FromRegisterServer).port));
    void managed.exited.then(async () => reject(new Error(await managed.lastOutput())));
  });
  const tell = (message: ToRegisterServer) => managed.send(message);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: managed.pid,
    process: managed,
    stall: (ms) => tell({ type: 'stall', ms }),
    behave: (behave) => tell({ type: 'behave', behave }),
    takePrecedence: () => tell({ type: 'takePrecedence' }),
  };
}
