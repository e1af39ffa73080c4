import { Argument, InvalidArgumentError, Option } from 'commander';
import { defaultDataFolder } from './running-system.js';

export function logArgument(): Argument {
  return new Argument('[log]', 'URL or folder of the log; without it the running system\'s');
}

export function vkeyOption(): Option {
  return new Option('--vkey <file>', 'the log\'s key; without it the one the data folder names');
}

export function dataOption(): Option {
  return new Option('--data <folder>', 'data folder of the running system').default(defaultDataFolder(), 'TILLID_DATA_DIR, or .tillid in the checkout');
}

export function tlsOption(): Option {
  return new Option('--tls <folder>', 'an auditor\'s key.pem, cert.pem and ca.pem; without it the one in the data folder');
}

export function waitOption(): Option {
  return new Option('--wait <seconds>', 'for what is on its way into the log, before it counts as missing').argParser(seconds).default(15);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0 || value > 3_600) throw new InvalidArgumentError('seconds, at most 3,600');
  return value;
}
