/*
 * The ways to pay that the pay form knows beside cards: which source type each makes, and what it
 * asks for first. A name that is not here is ignored without a word, as in the genuine form.
 */

const MALAYSIAN_BANKS = {
  affin: 'Affin Bank', agro: 'Agrobank', alliance: 'Alliance Bank', ambank: 'AmBank',
  bocm: 'Bank of China', bsn: 'BSN', cimb: 'CIMB Clicks', hongleong: 'Hong Leong Bank',
  hsbc: 'HSBC', islam: 'Bank Islam', kfh: 'KFH', maybank2e: 'Maybank2E', maybank2u: 'Maybank2U',
  muamalat: 'Bank Muamalat', ocbc: 'OCBC', public: 'Public Bank', rakyat: 'Bank Rakyat',
  rhb: 'RHB Bank', sc: 'Standard Chartered', uob: 'UOB',
};

const BANKS = {
  bay: { en: 'Krungsri', th: 'กรุงศรี' },
  bbl: { en: 'Bangkok Bank', th: 'ธนาคารกรุงเทพ' },
  first_choice: { en: 'Krungsri First Choice' },
  kbank: { en: 'KBank', th: 'กสิกรไทย' },
  ktb: { en: 'Krungthai', th: 'กรุงไทย' },
  ktc: { en: 'KTC' },
  mbb: { en: 'Maybank' },
  ocbc: { en: 'OCBC' },
  scb: { en: 'SCB', th: 'ไทยพาณิชย์' },
  ttb: { en: 'TTB' },
  uob: { en: 'UOB' },
};

/* Months offered, and the least a month may cost in the smallest unit. */
const TERMS = {
  bay: { terms: [3, 4, 6, 9, 10], least: 50000 },
  bbl: { terms: [4, 6, 8, 9, 10], least: 50000 },
  first_choice: { terms: [3, 4, 6, 9, 10, 12, 18, 24, 36], least: 30000 },
  kbank: { terms: [3, 4, 6, 10], least: 0 },
  ktc: { terms: [3, 4, 5, 6, 7, 8, 9, 10], least: 0 },
  mbb: { terms: [6, 12, 18, 24], least: 0 },
  scb: { terms: [3, 4, 6, 9, 10], least: 50000 },
  ttb: { terms: [3, 4, 6, 10], least: 50000 },
  uob: { terms: [3, 4, 6, 10], least: 50000 },
};

/* Ways to pay that ask for nothing: the name is the source type. */
const DIRECT = {
  alipay: 'Alipay', alipay_cn: 'Alipay', alipay_hk: 'AlipayHK', alipayplus_mpm: 'Alipay+ QR',
  atome_qr: 'Atome QR', bkash: 'bKash', boost: 'Boost', dana: 'DANA', duitnow_qr: 'DuitNow QR',
  easypaisa: 'easypaisa', gcash: 'GCash', grabpay: 'GrabPay', kakaopay: 'KakaoPay',
  installment_paynext_extra_jumpapp: 'PayNext Extra', installment_paynext_extra_qr: 'PayNext Extra QR',
  maybank_qr: 'Maybank QRPay', paynow: 'PayNow', paypay: 'PayPay', points_citi: 'Citi points',
  promptpay: 'PromptPay', qr_code_upi: 'UPI QR', rabbit_linepay: 'LINE Pay', shopeepay: 'ShopeePay',
  shopeepay_jumpapp: 'ShopeePay app', touch_n_go: 'Touch \u2019n Go', truemoney_jumpapp: 'TrueMoney app',
  truemoney_qr: 'TrueMoney QR', wechat_pay: 'WeChat Pay', wechat_pay_mpm: 'WeChat Pay QR',
};

const SHOPPER = ['name', 'email', 'phone_number'];

const METHODS = {
  credit_card: { label: { en: 'Credit / Debit card', th: 'บัตรเครดิต / เดบิต', ja: 'クレジットカード' }, card: true },
  convenience_store: { label: { en: 'Convenience store', th: 'ร้านสะดวกซื้อ', ja: 'コンビニ' }, type: 'econtext', fields: SHOPPER },
  pay_easy: { label: { en: 'Pay-easy', ja: 'ペイジー' }, type: 'econtext', fields: SHOPPER },
  net_banking: { label: { en: 'Net banking', ja: 'ネットバンキング' }, type: 'econtext', fields: SHOPPER },
  bill_payment_tesco_lotus: { label: { en: 'Lotus\u2019s bill payment', th: 'จ่ายบิลที่โลตัส' } },
  truemoney: { label: { en: 'TrueMoney', th: 'ทรูมันนี่' }, fields: ['phone_number'] },
  atome: { label: { en: 'Atome' }, fields: ['phone_number'] },
  fpx: { label: { en: 'FPX' }, fields: ['bank'], banks: MALAYSIAN_BANKS },
  duitnow_obw: { label: { en: 'DuitNow Online Banking' }, fields: ['bank'], banks: MALAYSIAN_BANKS },
  internet_banking: {
    label: { en: 'Internet banking', th: 'อินเทอร์เน็ตแบงก์กิ้ง', ja: 'インターネットバンキング' },
    members: ['bay', 'bbl', 'ktb', 'scb'],
  },
  mobile_banking: {
    label: { en: 'Mobile banking', th: 'โมบายแบงก์กิ้ง', ja: 'モバイルバンキング' },
    members: ['bay', 'bbl', 'kbank', 'ktb', 'ocbc', 'scb'],
  },
  installment: {
    label: { en: 'Instalments', th: 'ผ่อนชำระ', ja: '分割払い' },
    members: ['bay', 'bbl', 'first_choice', 'kbank', 'ktc', 'mbb', 'scb', 'ttb', 'uob'],
  },
};

Object.entries(DIRECT).forEach(([name, label]) => { METHODS[name] = { label: { en: label } }; });

['internet_banking', 'mobile_banking', 'installment'].forEach((group) => {
  METHODS[group].members.forEach((bank) => {
    const one = { label: BANKS[bank], group };
    if (group === 'installment') Object.assign(one, { fields: ['installment_term'], ...TERMS[bank] });
    METHODS[`${group}_${bank}`] = one;
  });
});

/* Which banks of a group a currency can use; the genuine form reads this from the account. */
const ELSEWHERE = { mobile_banking_ocbc: 'SGD', installment_mbb: 'MYR' };

function usable(name, currency) {
  const group = METHODS[name].group;
  return !group || (ELSEWHERE[name] || 'THB') === currency;
}

function known(name, currency, limit) {
  const method = METHODS[name];
  if (!method) return null;
  const found = { name, type: method.type || name, ...method };
  if (!method.members) return found;
  const wanted = limit.length ? limit : method.members;
  found.members = wanted
    .map((bank) => `${name}_${bank}`)
    .filter((member) => METHODS[member] && usable(member, currency))
    .map((member) => known(member, currency, []));
  return found.members.length ? found : null;
}

/** Read `promptpay, internet_banking(bay, bbl)` (or a list of such) into the methods it names. */
export function readMethods(text, currency) {
  const written = Array.isArray(text) ? text.join(',') : String(text || '');
  const found = new Map();
  for (const [, name, limit] of written.matchAll(/([a-z0-9_]+)\s*(?:\(([^)]*)\))?/gi)) {
    const method = known(name, currency, (limit || '').split(',').map((bank) => bank.trim()).filter(Boolean));
    if (method) found.set(name, method);
  }
  return [...found.values()];
}

/* One card for each outcome that a shop should see (documentation page "api-testing"). */
export const TEST_CARDS = [
  { number: '4242424242424242', brand: 'Visa', label: { en: 'Succeeds', th: 'สำเร็จ', ja: '成功' } },
  { number: '5555555555554444', brand: 'Mastercard', label: { en: 'Succeeds', th: 'สำเร็จ', ja: '成功' } },
  { number: '3530111333300000', brand: 'JCB', label: { en: 'Succeeds', th: 'สำเร็จ', ja: '成功' } },
  { number: '4111111111140011', brand: 'Visa', label: { en: 'Insufficient funds', th: 'วงเงินไม่พอ', ja: '残高不足' } },
  { number: '4111111111130012', brand: 'Visa', label: { en: 'Stolen or lost', th: 'บัตรหายหรือถูกขโมย', ja: '盗難・紛失' } },
  { number: '4111111111110014', brand: 'Visa', label: { en: 'Rejected', th: 'ถูกปฏิเสธ', ja: '支払い拒否' } },
  { number: '4111111111160001', brand: 'Visa', label: { en: 'Security code fails', th: 'รหัสความปลอดภัยผิด', ja: 'コード不一致' } },
  { number: '4111111111140003', brand: 'Visa', label: { en: '3-D Secure fails', th: '3-D Secure ไม่ผ่าน', ja: '3-Dセキュア失敗' } },
];

const BRANDS = [
  [/^4/, 'Visa'], [/^(5[1-5]|2[2-7])/, 'Mastercard'], [/^35/, 'JCB'], [/^3[47]/, 'Amex'],
  [/^3[068]/, 'Diners Club'], [/^62/, 'UnionPay'], [/^6/, 'Discover'],
];

const BRAND_NAMES = {
  visa: 'Visa', mastercard: 'Mastercard', jcb: 'JCB', amex: 'Amex', american_express: 'Amex',
  diners: 'Diners Club', discover: 'Discover', unionpay: 'UnionPay',
};

/** Read the brands that a shop says it takes, as `visa mastercard`. */
export function readBrands(text) {
  return String(text || '').toLowerCase().split(/[\s,]+/).map((name) => BRAND_NAMES[name]).filter(Boolean);
}

/** Name the brand of a card number, as far as its first digits tell. */
export function brandOf(digits) {
  const match = BRANDS.find(([pattern]) => pattern.test(digits));
  return match ? match[1] : '';
}
