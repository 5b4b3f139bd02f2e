// Prints, as JSON lines, how Google's phone-number library reads and writes
// numbers of every country: the answers that phone_oracle_test.go holds the Go
// reader to. Run it again when the Go library's version changes:
//
//	npm ci && npm run generate
import library from 'google-libphonenumber';

const { PhoneNumberFormat: Format, PhoneNumberType: Type, PhoneNumberUtil } = library;
const util = PhoneNumberUtil.getInstance();
const POSSIBLE = PhoneNumberUtil.ValidationResult.IS_POSSIBLE;

// Notations of a few numbers, each read in each of the regions beside it.
const notations = [
  [['US', 'CA', 'GB'], [
    '(512) 555-0177', '512.555.0177', '512-555-0177', '512 555 0177', '5125550177', '1-512-555-0177', '15125550177',
    '+15125550177', '+1 (512) 555-0177', '(+1) 512 555 0177', '512/555-0177', '[512] 555-0177', '001 512 555 0177',
    '011 1 512 555 0177', '555-0177', '88202', '911', '+1 555 0177', '+1 512 555 01777', '555-555-5555', '000-000-0000',
    '111-111-1111', '123-456-7890', '012-345-6789', '1 123 456 7890', '1 012 345 6789', '0115550177', '0111234567890',
    '+1 512 555 0177 ext. 12', '(512) 555-0177 x12', '512-555-0177x12', '512-555-0177 #12', '512-555-0177, ext 12',
    'tel:+1-512-555-0177', 'tel:+1-512-555-0177;ext=12', 'tel:5550177;phone-context=+1512',
    'tel:512-555-0177;phone-context=example.com', '５１２−５５５−０１７７', '＋１５１２５５５０１７７', '٥١٢٥٥٥٠١٧٧',
    '512\u00a0555\u00a00177', '512\u2013555\u20130177', '011 44 20 7946 0958', '+44 20 7946 0958', '+44 (0)20 7946 0958',
  ]],
  [['GB', 'GG', 'JE', 'IM'], ['020 7946 0958', '0044 20 7946 0958', '07700 900123', '447700900123', '0800 1111', '01481 256789', '256789']],
  [['DE', 'AT', 'CH'], ['030/1234567', '030 1234567', '030 / 1234567', '0049 30 1234567', '00 44 20 7946 0958', '0171 1234567', '110']],
  [['IT', 'VA', 'SM'], ['02 1234 5678', '+39 02 1234 5678', '06 698 12345', '0549 886377', '339 1234567']],
  [['BR'], ['(11) 98765-4321', '11 8765-4321', '0 15 11 98765-4321', '90 11 98765-4321', '+55 11 98765 4321', '3456-7890', '0800 123 4567']],
  [['AR'], ['011 15-2345-6789', '11 15 2345-6789', '11 2345-6789', '0341 15 312-3456', '0341 431-3456', '+54 9 11 2345 6789', '+54 11 2345 6789', '4312-3456']],
  [['MX'], ['55 1234 5678', '+52 55 1234 5678', '52 55 1234 5678', '1234 5678', '800 123 4567', '00 1 512 555 0177']],
  [['BS', 'JM', 'PR', 'DO', 'VI'], ['357-0177', '242-357-0177', '1 876 555 0177', '787 555 0177']],
  [['RU', 'KZ'], ['8 (495) 123-45-67', '8 10 44 20 7946 0958', '+7 495 123-45-67', '7 701 123 4567']],
  [['AU', 'NZ', 'JP', 'KR', 'CN', 'IN', 'HK', 'SG', 'ZA', 'NG', 'KE'], [
    '04 1234 5678', '021 123 4567', '090-1234-5678', '010-1234-5678', '138 0013 8000', '98765 43210', '6123 4567', '082 123 4567',
    '0803 123 4567', '0712 345678', '0011 1 512 555 0177', '+86 138 0013 8000',
  ]],
  [['NO', 'SE', 'FI', 'DK', 'NL', 'FR', 'ES', 'PT', 'PL', 'HU'], [
    '21 23 45 67', '02800', '070-123 45 67', '040 1234567', '20 12 34 56', '06 12345678', '01 23 45 67 89', '612 34 56 78', '06 20 123 4567',
  ]],
  [['US'], ['+883 5100 1234 5678', '+881 6 123 45678', '+800 1234 5678', '+979 123 456 789', '+39 339 1234567', '+225 01 23 45 67 89', '+229 01 23 45 67 89']],
];

const written = new Set(); // each number's own forms are asked for once

function answer(text, region) {
  const line = { text, region, e164: '' };
  try {
    const number = util.parse(text, region);
    if (util.isPossibleNumberWithReason(number) === POSSIBLE) {
      number.clearExtension();
      line.e164 = util.format(number, Format.E164);
      if (util.isValidNumber(number) && !written.has(line.e164)) {
        written.add(line.e164);
        line.national = util.format(number, Format.NATIONAL);
        line.international = util.format(number, Format.INTERNATIONAL);
        line.of = util.getRegionCodeForNumber(number);
      }
    }
  } catch {
    // No number: e164 stays empty.
  }
  return line;
}

const lines = new Set();
const add = (text, region) => lines.add(JSON.stringify(answer(text, region)));

for (const [regions, texts] of notations) {
  for (const region of regions) {
    for (const text of texts) add(text, region);
  }
}
for (const region of [...util.getSupportedRegions()].sort()) {
  for (const type of [Type.FIXED_LINE, Type.MOBILE]) {
    const number = util.getExampleNumberForType(region, type);
    if (!number) continue;
    add(util.format(number, Format.NATIONAL), region);
    add(util.formatOutOfCountryCallingNumber(number, 'US'), 'US');
    add(util.format(number, Format.E164).slice(1), region);
  }
}
console.log([...lines].join('\n'));
