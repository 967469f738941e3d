/*
 * The ways to pay that the pay form knows, as tables: which source type each makes, and what it asks
 * for first. A name that is not here is ignored without a word, as in the genuine form; that goes for
 * Google Pay and Apple Pay, which need their own wallets, and for what Omise has switched off, unless
 * the sandbox was told to offer it.
 */

const MALAYSIAN_BANKS = {
  affin: 'Affin Bank', agro: 'Agrobank', alliance: 'Alliance Bank', ambank: 'AmBank',
  bocm: 'Bank of China', bsn: 'BSN', cimb: 'CIMB Clicks', citi: 'Citibank', hongleong: 'Hong Leong Bank',
  hsbc: 'HSBC', islam: 'Bank Islam', kfh: 'KFH', maybank2e: 'Maybank2E', maybank2u: 'Maybank2U',
  muamalat: 'Bank Muamalat', ocbc: 'OCBC', public: 'Public Bank', rakyat: 'Bank Rakyat',
  rhb: 'RHB Bank', sc: 'Standard Chartered', uob: 'UOB',
};

const BANKS = {
  bay: { en: 'Krungsri', th: 'กรุงศรี', ja: 'アユタヤ銀行' },
  bbl: { en: 'Bangkok Bank', th: 'ธนาคารกรุงเทพ', ja: 'バンコク銀行' },
  citi: { en: 'Citi' },
  first_choice: { en: 'Krungsri First Choice', th: 'กรุงศรีเฟิร์สช้อยส์' },
  kbank: { en: 'KBank', th: 'กสิกรไทย', ja: 'カシコン銀行' },
  ktb: { en: 'Krungthai', th: 'กรุงไทย', ja: 'クルンタイ銀行' },
  ktc: { en: 'KTC' },
  mbb: { en: 'Maybank' },
  ocbc: { en: 'OCBC' },
  ocbc_pao: { en: 'OCBC Pay Anyone' },
  scb: { en: 'SCB', th: 'ไทยพาณิชย์', ja: 'サイアム商業銀行' },
  ttb: { en: 'TTB', th: 'ทีทีบี' },
  uob: { en: 'UOB', th: 'ยูโอบี' },
};

/* By bank: months offered, and the least that a month may cost in the smallest unit. */
const INSTALMENTS = {
  bay: { terms: [3, 4, 6, 9, 10], least: 50000 },
  bbl: { terms: [4, 6, 8, 9, 10], least: 50000 },
  citi: { terms: [4, 6, 8, 10], least: 0 },
  first_choice: { terms: [3, 4, 6, 9, 10, 12, 18, 24, 36], least: 30000 },
  kbank: { terms: [3, 4, 6, 10], least: 0 },
  ktc: { terms: [3, 4, 5, 6, 7, 8, 9, 10], least: 0 },
  mbb: { terms: [6, 12, 18, 24], least: 50000 / 6 },
  scb: { terms: [3, 4, 6, 9, 10], least: 50000 },
  ttb: { terms: [3, 4, 6, 10], least: 50000 },
  uob: { terms: [3, 4, 6, 10], least: 50000 },
};

/* White-label instalments, paid with a card typed at the shop; only the embedded form has them. */
const WHITE_LABEL = {
  bay: INSTALMENTS.bay,
  bbl: { terms: [4, 6, 8, 10], least: 50000 },
  first_choice: INSTALMENTS.first_choice,
  kbank: { terms: [3, 6, 10], least: 0 },
  ktc: { ...INSTALMENTS.ktc, least: 30000 },
  scb: INSTALMENTS.scb,
  ttb: INSTALMENTS.ttb,
  uob: INSTALMENTS.uob,
};

/* Ways to pay that ask for nothing: the name is the source type. */
const DIRECT = {
  alipay: 'Alipay', alipay_cn: 'Alipay', alipay_hk: 'AlipayHK', alipayplus_mpm: 'Alipay+ QR',
  atome_qr: 'Atome QR', bkash: 'bKash', boost: 'Boost', dana: 'DANA', duitnow_qr: 'DuitNow QR',
  easypaisa: 'easypaisa', gcash: 'GCash', grabpay: 'GrabPay', kakaopay: 'KakaoPay',
  installment_paynext_extra_jumpapp: 'PayNext Extra', installment_paynext_extra_qr: 'PayNext Extra QR',
  maybank_qr: 'Maybank QRPay', paynow: 'PayNow', paypay: 'PayPay', promptpay: 'PromptPay',
  qr_code_upi: 'UPI QR', rabbit_linepay: 'LINE Pay', shopeepay: 'ShopeePay',
  shopeepay_jumpapp: 'ShopeePay app', touch_n_go: 'Touch \u2019n Go', truemoney_jumpapp: 'TrueMoney app',
  truemoney_qr: 'TrueMoney QR', wechat_pay: 'WeChat Pay', wechat_pay_mpm: 'WeChat Pay QR',
};

/* Paid at the till: the cashier scans a barcode on the payer's phone. */
const SCANNED = {
  alipayplus_upm: 'Alipay+ (barcode)', barcode_alipay: 'Alipay (barcode)',
  barcode_wechat: 'WeChat Pay (old barcode)', wechat_pay_upm: 'WeChat Pay (barcode)',
};

/* A question mark behind a field: it may stay empty. */
const SHOPPER = ['name', 'email', 'phone_number'];

const ASKING = {
  convenience_store: { label: { en: 'Convenience store', th: 'ร้านสะดวกซื้อ', ja: 'コンビニ' }, type: 'econtext', fields: SHOPPER },
  pay_easy: { label: { en: 'Pay-easy', ja: 'ペイジー' }, type: 'econtext', fields: SHOPPER },
  net_banking: { label: { en: 'Net banking', th: 'เน็ตแบงก์กิ้ง', ja: 'ネットバンキング' }, type: 'econtext', fields: SHOPPER },
  econtext: { label: { en: 'Konbini, Pay-easy or net banking', ja: 'コンビニ・ペイジー・ネットバンキング' }, fields: SHOPPER },
  virtual_account: { label: { en: 'Bank transfer', th: 'โอนผ่านธนาคาร', ja: '銀行振込' } },
  bill_payment_tesco_lotus: { label: { en: 'Lotus\u2019s bill payment', th: 'จ่ายบิลที่โลตัส' } },
  points_citi: { label: { en: 'Citi points' } },
  truemoney: { label: { en: 'TrueMoney', th: 'ทรูมันนี่' }, fields: ['phone_number'] },
  atome: { label: { en: 'Atome' }, fields: ['phone_number', 'name?', 'email?'] },
  fpx: { label: { en: 'FPX' }, fields: ['bank', 'email?'], banks: MALAYSIAN_BANKS },
  duitnow_obw: { label: { en: 'DuitNow Online Banking' }, fields: ['bank'], banks: MALAYSIAN_BANKS },
};

const GROUPS = {
  internet_banking: {
    label: { en: 'Internet banking', th: 'อินเทอร์เน็ตแบงก์กิ้ง', ja: 'インターネットバンキング' },
    banks: ['bay', 'bbl', 'ktb', 'scb'],
  },
  mobile_banking: {
    label: { en: 'Mobile banking', th: 'โมบายแบงก์กิ้ง', ja: 'モバイルバンキング' },
    banks: ['bay', 'bbl', 'kbank', 'ktb', 'ocbc', 'ocbc_pao', 'scb'],
  },
  installment: {
    label: { en: 'Instalments', th: 'ผ่อนชำระ', ja: '分割払い' },
    banks: Object.keys(INSTALMENTS),
  },
};

/* Methods that open the payer's own app want to know what the payer holds in the hand. */
const IN_AN_APP = new Set(['alipay_cn', 'alipay_hk', 'bkash', 'dana', 'easypaisa', 'gcash', 'kakaopay', 'touch_n_go']);

/* Which banks of a group belong to another currency; the genuine form reads this from the account. */
const ELSEWHERE = { mobile_banking_ocbc: 'SGD', mobile_banking_ocbc_pao: 'SGD', installment_mbb: 'MYR' };

/* What Omise has switched off for good; offered only where the sandbox is told to. */
const RETIRED = new Set([
  'bill_payment_tesco_lotus', 'installment_citi', 'mobile_banking_ocbc_pao', 'points_citi',
  ...GROUPS.internet_banking.banks.map((bank) => `internet_banking_${bank}`),
]);
const OFFERS_RETIRED = document.body.dataset.retired === 'yes';

const METHODS = {
  credit_card: { label: { en: 'Credit / Debit card', th: 'บัตรเครดิต / เดบิต', ja: 'クレジットカード' }, card: true },
  ...ASKING,
};
Object.entries(DIRECT).forEach(([name, label]) => { METHODS[name] = { label: { en: label } }; });
Object.entries(SCANNED).forEach(([name, label]) => { METHODS[name] = { label: { en: label }, fields: ['barcode'] }; });
Object.entries(GROUPS).forEach(([group, { label, banks }]) => {
  METHODS[group] = { label, members: banks };
  banks.forEach((bank) => {
    const asked = group === 'installment' ? { fields: ['installment_term'], ...INSTALMENTS[bank] } : {};
    METHODS[`${group}_${bank}`] = { label: BANKS[bank], group, ...asked };
  });
});
Object.keys(METHODS).forEach((name) => {
  METHODS[name].inAnApp = IN_AN_APP.has(name) || METHODS[name].group === 'mobile_banking';
});

function usable(name, currency) {
  const { group } = METHODS[name];
  return !group || (ELSEWHERE[name] || 'THB') === currency;
}

function known(name, currency, limit) {
  if (!Object.hasOwn(METHODS, name) || (RETIRED.has(name) && !OFFERS_RETIRED)) return null;
  const method = METHODS[name];
  const found = { name, type: method.type || name, ...method };
  if (!method.members) return found;
  const wanted = limit.length ? limit : method.members;
  found.members = wanted
    .map((bank) => `${name}_${bank}`)
    .filter((member) => METHODS[member] && usable(member, currency))
    .map((member) => known(member, currency, []))
    .filter(Boolean);
  return found.members.length ? found : null;
}

/** Tell the least amount that a bank takes in so many months. */
export function leastIn(method, term) {
  // A third of a smallest unit is no smallest unit.
  return Math.ceil(term * method.least - 0.001);
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

/** List the white-label instalments: a card and a number of months. */
export function whiteLabelMethods() {
  return Object.entries(WHITE_LABEL).map(([bank, rules]) => (
    { name: `installment_wlb_${bank}`, type: `installment_wlb_${bank}`, label: BANKS[bank], ...rules }
  ));
}

/** List every way to pay that makes a source, for whoever wants to compare it with the API. */
export function everyMethod() {
  const sources = Object.keys(METHODS)
    .filter((name) => !METHODS[name].card && !METHODS[name].members)
    .map((name) => known(name, '', []))
    .filter(Boolean);
  return [...sources, ...whiteLabelMethods()];
}
