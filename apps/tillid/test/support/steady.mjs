// Stands for a service: says it is there, and stays until it is told to stop.
process.on('SIGTERM', () => {
  process.stdout.write('stopping\n');
  process.exit(0);
});
setInterval(() => undefined, 1000);
process.stdout.write(`there ${process.pid}\n`);
