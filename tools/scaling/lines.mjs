// What a size of the country needs, line by line. `times`: how many times today's log-ins.
import { valueOf } from './inputs.mjs';
import { sum } from './sum.mjs';

const secondsAYear = 365 * 86_400;

export function linesFor(times) {
  const of = valueOf;
  const load = {
    logInsAYear: sum`${of('logInsAMonth') * times} * 12`,
    average: sum`${of('logInsAMonth') * times} * 12 / ${secondsAYear}`,
    peak: sum`${of('peak')} * ${times}`,
  };
  const events = { year: sum`${load.logInsAYear} * ${of('events')}`, average: sum`${load.average} * ${of('events')}`, peak: sum`${load.peak} * ${of('events')}` };
  const perLogIn = {
    authentication: sum`${of('hashing')} + ${of('beside')} + ${of('commits')} * ${of('driver')}`,
    others: sum`(${of('others')} / ${of('eventsMeasured')} + ${of('ownLogsCpu')}) * ${of('events')}`,
  };
  const cores = {
    authentication: sum`${load.peak} * ${perLogIn.authentication} / 1000`,
    authenticationAverage: sum`${load.average} * ${perLogIn.authentication} / 1000`,
    others: sum`${load.peak} * ${perLogIn.others} / 1000`,
  };
  const pods = sum`${cores.authentication} / (${of('podCores')} * ${of('utilisation')}) * ${of('zoneLost')}`;
  const commits = {
    peak: sum`${load.peak} * ${of('commits')}`,
    most: sum`1000 / ${of('roundTrip')} * ${of('batch')}`,
    turn: sum`${Math.ceil(pods)} * ${of('roundTrip')}`,
  };
  // What own logs add of CPU takes the rate down with it: one thread does it all.
  const takes = sum`${of('ingest')} * ${of('ingestCpu')} / (${of('ingestCpu')} + ${of('ownLogsCpu')})`;
  const audit = { takes, use: sum`${events.peak} / ${takes}`, backlog: sum`(${events.peak} - ${takes}) * 3600`, caughtUp: sum`(${events.peak} - ${takes}) * 3600 / (${takes} - ${events.average}) / 60` };
  const kafka = {
    use: sum`${events.peak} / ${of('producing')}`,
    in: sum`${events.peak} * ${of('kafka')} / 1e6`,
    disk: sum`${events.average} * ${of('kafka')} * ${of('retention')} * 3600 / 1e9`,
  };
  const disk = {
    logs: sum`${events.year} * ${of('bson')} * ${of('indexes')} / 1e12`,
    ledger: sum`${events.year} * ${of('bson')} * ${of('indexes')} / 1e12`,
    lists: sum`${events.year} * ${of('accessLog')} / ${of('eventsMeasured')} / 1e12`,
  };
  const member = sum`${disk.logs} + ${disk.ledger} + ${disk.lists}`;
  const files = sum`${events.year} * (${of('bundles')} + ${of('tiles')}) / ${of('eventsMeasured')} / 1e12`;
  const ends = {
    months: sum`${of('memberTb')} / ${member} * 12`,
    audit: sum`${of('memberTb')} / (${disk.ledger} + ${disk.lists}) * 12`,
  };
  const hours = {
    lists: sum`${events.year} / ${of('lists')} / 3600`,
    replay: sum`${events.year} / ${of('replay')} / 3600`,
    proven: sum`${events.year} * ${of('proven')} / 1000 / 3600`,
    away: sum`${events.average} * ${of('retention')} / ${Math.min(of('backfill'), Number(takes))}`,
    hashes: sum`${events.year} / ${of('hashes')} / 3600`,
    files: sum`${files} * 1e6 / ${of('restore')} / 3600`,
    member: sum`${of('memberTb')} * 1e6 / ${of('restore')} / 3600`,
  };
  const remembered = { month: sum`${of('logInsAMonth') * times} * ${of('streams')} * ${of('streamBytes')} / 1e9` };
  return { remembered, load, events, perLogIn, cores, pods, commits, audit, kafka, disk, member, files, ends, hours, devices: of('citizens') };
}
