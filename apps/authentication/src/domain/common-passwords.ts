/**
 * Data. What guessers try first, of ten characters or more (shorter ones are refused by length), in lower case.
 * A longer list is a config file away, not a rule away: what counts is that guessing is capped (tries.ts).
 */
export const commonPasswords: ReadonlySet<string> = new Set(
  `1234567890 0123456789 12345678910 123456789a a123456789 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4t5 1qaz2wsx3edc qwertyuiop qwertyuiopå
  asdfghjkl; asdfghjklæ asdfghjklæø zxcvbnm,.- 1qazxsw2ed qazwsxedcr qwerty1234 qwerty12345 qwerty123456 qwe123qwe123 abc123abc123
  letmein123 iloveyou12 iloveyou123 password12 passw0rd12 p@ssw0rd123 trustno1234 correcthorsebatterystaple jegelskerdig jegelskerdig1
  mypassword mitpassword minadgangskode adgangskode adgangskode1 kodeord123 hemmelig123 hemmeligkode velkommen1 velkommen12 velkommen123
  danmark1234 danmark123 danmark2026 københavn1 kobenhavn1 aarhus1234 odense1234 fcmidtjylland fckøbenhavn brøndbyif1 liverpool1 liverpool123
  manchester manchesterunited chelsea123 arsenal123 barcelona1 superman123 batman1234 spiderman1 starwars123 pokemon1234 football12 football123
  fodbold123 princess123 prinsesse1 sunshine12 sunshine123 sommer2024 sommer2025 sommer2026 vinter2024 vinter2025 vinter2026 summer2024
  summer2025 summer2026 winter2025 winter2026 welcome123 changeme123 administrator administrator1 testtest12 testtesttest test123456
  charlie1234 michael123 internet12 computer12 computer123 whatever12 blink182182 1111122222 1212121212 1122334455 9876543210 0987654321
  nemid12345 nemid123456 mitid12345 mitid123456 tillid1234 tillid12345 borger1234 borgerdk123 digitalpost`.split(/\s+/),
);

/** Words that no digits or signs before and after them make a password. */
export const commonWords: ReadonlySet<string> = new Set(
  `password passwort passw0rd pass word qwerty azerty letmein welcome admin administrator iloveyou monkey dragon master login princess
  sunshine football baseball superman batman secret summer winter spring autumn changeme default guest test testing hello internet computer
  adgangskode kodeord hemmelig hemmelighed velkommen danmark sommer vinter efterår forår kærlighed skat mormor farmor fodbold sol prinsesse
  københavn aarhus odense aalborg esbjerg nemid mitid tillid borger kommune sverige norge
  januar februar marts april juni juli august september oktober november december
  mandag tirsdag onsdag torsdag fredag lørdag søndag`.split(/\s+/),
);
