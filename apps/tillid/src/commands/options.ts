import { InvalidArgumentError, Option } from 'commander';
import { DataFolder, defaultDataFolder } from '../installation/data-folder.js';

export function dataOption(): Option {
  return new Option('--data <folder>', 'the data folder of the installation').default(defaultDataFolder, '.tillid in the checkout');
}

export function portBaseOption(): Option {
  return new Option('--port-base <port>', 'first of the ports; kept for the next start (7400 at first)').argParser((text) => {
    const port = Number(text);
    // The highest port in use is base + 24.
    if (!/^\d+$/.test(text) || port < 1024 || port > 65_535 - 24) throw new InvalidArgumentError('a number from 1024 to 65511');
    return port;
  });
}

export function folderOf(path: string): DataFolder {
  return new DataFolder(path);
}
