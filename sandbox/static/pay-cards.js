/* The test cards of the documentation page "api-testing": the only numbers that belong in this form. */

const OUTCOMES = [
  [{ en: 'Succeeds', th: 'สำเร็จ', ja: '成功' },
    '4242424242424242 4111111111111111 5555555555554444 5454545454545454 3530111333300000 3566111111111113'
    + ' 378282246310005 6447032400000000001 36021042000004 6250947000000006'],
  [{ en: 'Insufficient funds', th: 'วงเงินไม่พอ', ja: '残高不足' },
    '4111111111140011 5555551111110011 3530111111190011 6250947000000014'],
  [{ en: 'Stolen or lost', th: 'บัตรหายหรือถูกขโมย', ja: '盗難・紛失' },
    '4111111111130012 5555551111100012 3530111111180012 6250947000000022'],
  [{ en: 'Processing fails', th: 'ประมวลผลไม่สำเร็จ', ja: '処理失敗' },
    '4111111111120013 5555551111190013 3530111111170013 377138160000009 6447032400001111005 36021042111108'
    + ' 6250947000000030'],
  [{ en: 'Rejected', th: 'ถูกปฏิเสธ', ja: '支払い拒否' },
    '4111111111110014 5555551111180014 3530111111160014 6250947000000048'],
  [{ en: 'Fraud check fails', th: 'ไม่ผ่านการตรวจสอบการฉ้อโกง', ja: '不正検知' },
    '4111111111190016 5555551111160016 3530111111140016 6250947000000055'],
  [{ en: 'Invalid account number', th: 'เลขบัญชีไม่ถูกต้อง', ja: '口座番号が無効' },
    '4111111111180017 5555551111150017 3530111111130017 6250947000000063'],
  [{ en: 'Security code fails', th: 'รหัสความปลอดภัยผิด', ja: 'コード不一致' },
    '4111111111160001 5555551111130001 3530111111110001'],
  [{ en: '3-D Secure: not enrolled', th: '3-D Secure: ไม่ได้ลงทะเบียน', ja: '3-Dセキュア: 未登録' },
    '4111111111150002 5555551111120002 3530111111100002'],
  [{ en: '3-D Secure: fails', th: '3-D Secure: ไม่ผ่าน', ja: '3-Dセキュア: 失敗' },
    '4111111111140003 5555551111110003 3530111111190003'],
];

/** Every outcome that a shop should see, with the numbers that bring it about. */
export const TEST_CARDS = OUTCOMES.map(([label, numbers]) => ({ label, numbers: numbers.split(' ') }));

const TEST_NUMBERS = new Set(TEST_CARDS.flatMap(({ numbers }) => numbers));

const BRANDS = [
  [/^4/, 'Visa'], [/^(5[1-5]|2[2-7])/, 'Mastercard'], [/^35/, 'JCB'], [/^3[47]/, 'Amex'],
  [/^3[068]/, 'Diners Club'], [/^62/, 'UnionPay'], [/^6/, 'Discover'],
];

const BRAND_NAMES = {
  visa: 'Visa', mastercard: 'Mastercard', jcb: 'JCB', amex: 'Amex', american_express: 'Amex',
  diners: 'Diners Club', discover: 'Discover', unionpay: 'UnionPay',
};

/** Read the brands that a shop says it takes, as `visa mastercard` or a list. */
export function readBrands(given) {
  const names = Array.isArray(given) ? given : String(given || '').split(/[\s,]+/);
  return names.map((name) => BRAND_NAMES[String(name).toLowerCase()]).filter(Boolean);
}

/** Name the brand of a card number, as far as its first digits tell. */
export function brandOf(digits) {
  const match = BRANDS.find(([pattern]) => pattern.test(digits));
  return match ? match[1] : '';
}

function passesLuhn(digits) {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const twice = Number(digit) * (place % 2 ? 2 : 1);
    return total + (twice > 9 ? twice - 9 : twice);
  }, 0);
  return sum % 10 === 0;
}

/**
 * Tell whether this may be somebody's real card. The API would take it, as Omise's test mode does,
 * but nobody should get used to typing real numbers into a page like this one.
 */
export function mayBeReal(digits) {
  return digits.length >= 12 && passesLuhn(digits) && !TEST_NUMBERS.has(digits);
}
