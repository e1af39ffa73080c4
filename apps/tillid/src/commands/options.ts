import { InvalidArgumentError, Option } from 'commander';
import { portSpan } from '../installation/addresses.js';
import { DataFolder, defaultDataFolder } from '../installation/data-folder.js';

export function dataOption(): Option {
  return new Option('--data <folder>', 'the data folder of the installation').default(defaultDataFolder, '.tillid in the checkout');
}

export function portBaseOption(): Option {
  return new Option('--port-base <port>', 'first of the ports; kept for the next start (7400 at first)').argParser((text) => {
    const port = Number(text);
    const most = 65_535 - portSpan;
    if (!/^\d+$/.test(text) || port < 1024 || port > most) throw new InvalidArgumentError(`a number from 1024 to ${most}`);
    return port;
  });
}

export function folderOf(path: string): DataFolder {
  return new DataFolder(path);
}
