// Stands for `tillid up`: starts one service the way it does, tells its pid, and waits to be killed.
import { spawn } from 'node:child_process';

const [dieWithParent, service] = process.argv.slice(2);
const child = spawn(process.execPath, ['--import', dieWithParent, service], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'], detached: true });
child.stdout.pipe(process.stdout);
setInterval(() => undefined, 1000);
