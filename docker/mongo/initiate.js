// Run by mongosh against the first member, at every start: a set that is there is left as it is.
const members = [1, 2, 3].map((number, index) => ({ _id: index, host: `mongo-${number}:27017` }));
try {
  rs.status();
} catch (error) {
  if (error.codeName !== 'NotYetInitialized') throw error;
  rs.initiate({ _id: 'tillid', members });
}
const states = () => rs.status().members.map(({ stateStr }) => stateStr).sort().join();
while (states() !== 'PRIMARY,SECONDARY,SECONDARY') sleep(200);
print(`replica set: ${states()}`);
