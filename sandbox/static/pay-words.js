/* What the pay form says, in the three languages that the genuine one speaks. */

const EN = {
  sandbox: 'Sandbox',
  notice: 'No real money moves. Only test cards belong here.',
  close: 'Close',
  back: 'Back',
  cardNumber: 'Card number',
  nameOnCard: 'Name on card',
  expiryDate: 'Expiry (MM/YY)',
  securityCode: 'Security code',
  city: 'City',
  postalCode: 'Postal code',
  country: 'Country',
  phone_number: 'Phone number',
  email: 'Email',
  name: 'Name',
  bank: 'Bank',
  chooseBank: 'Choose a bank',
  installment_term: 'Number of months',
  months: (count, each) => `${count} months, about ${each} a month`,
  tooSmall: 'This amount is too small to pay by instalments with this bank.',
  otherMethods: 'Other Methods',
  pay: 'Pay',
  testCard: 'Fill in a test card that succeeds',
  moreTestCards: 'More test cards: refusals and other brands',
  accepted: (brands) => `Accepted: ${brands}`,
  threeDSecure: 'To see the bank\u2019s 3-D Secure page, switch 3-D Secure on in the sandbox dashboard: then every card goes there.',
  working: 'One moment\u2026',
  goOn: 'You can look it over on the next page before anything is paid.',
  unreachable: 'The sandbox could not be reached. Nothing was charged. Please try again.',
  badNumber: 'Enter the card number.',
  badName: 'Enter the name on the card.',
  badExpiry: 'Enter the expiry as month and year, like 04/29.',
  badCode: 'Enter the 3 or 4 digits of the security code.',
  fillIn: (label) => `Please fill in: ${label}.`,
};

const TH = {
  sandbox: 'ระบบทดสอบ (Sandbox)',
  notice: 'ไม่มีการตัดเงินจริง ใช้ได้เฉพาะบัตรทดสอบเท่านั้น',
  close: 'ปิด',
  back: 'ย้อนกลับ',
  cardNumber: 'หมายเลขบัตร',
  nameOnCard: 'ชื่อบนบัตร',
  expiryDate: 'วันหมดอายุ (ดด/ปป)',
  securityCode: 'รหัสความปลอดภัย',
  city: 'เมือง',
  postalCode: 'รหัสไปรษณีย์',
  country: 'ประเทศ',
  phone_number: 'หมายเลขโทรศัพท์',
  email: 'อีเมล',
  name: 'ชื่อ',
  bank: 'ธนาคาร',
  chooseBank: 'เลือกธนาคาร',
  installment_term: 'จำนวนเดือน',
  months: (count, each) => `${count} เดือน เดือนละประมาณ ${each}`,
  tooSmall: 'ยอดนี้น้อยเกินไปสำหรับการผ่อนชำระกับธนาคารนี้',
  otherMethods: 'วิธีชำระเงินอื่น',
  pay: 'ชำระเงิน',
  testCard: 'กรอกบัตรทดสอบที่ชำระสำเร็จ',
  moreTestCards: 'บัตรทดสอบอื่น: ถูกปฏิเสธ และบัตรแบรนด์อื่น',
  accepted: (brands) => `รับบัตร ${brands}`,
  threeDSecure: 'หากต้องการเห็นหน้า 3-D Secure ของธนาคาร ให้เปิด 3-D Secure ในแดชบอร์ดของระบบทดสอบ',
  working: 'กรุณารอสักครู่\u2026',
  goOn: 'คุณตรวจสอบได้ในหน้าถัดไปก่อนชำระเงิน',
  unreachable: 'เชื่อมต่อระบบทดสอบไม่ได้ ยังไม่มีการตัดเงิน กรุณาลองอีกครั้ง',
  badNumber: 'กรุณากรอกหมายเลขบัตร',
  badName: 'กรุณากรอกชื่อบนบัตร',
  badExpiry: 'กรุณากรอกเดือนและปีที่หมดอายุ เช่น 04/29',
  badCode: 'กรุณากรอกรหัสความปลอดภัย 3 หรือ 4 หลัก',
  fillIn: (label) => `กรุณากรอก${label}`,
};

const JA = {
  sandbox: 'テスト環境 (Sandbox)',
  notice: '実際のお金は動きません。テストカードのみご利用ください。',
  close: '閉じる',
  back: '戻る',
  cardNumber: 'カード番号',
  nameOnCard: 'カード名義',
  expiryDate: '有効期限 (月/年)',
  securityCode: 'セキュリティコード',
  city: '市区町村',
  postalCode: '郵便番号',
  country: '国',
  phone_number: '電話番号',
  email: 'メールアドレス',
  name: 'お名前',
  bank: '銀行',
  chooseBank: '銀行を選択',
  installment_term: '分割回数',
  months: (count, each) => `${count}回 (1回あたり約${each})`,
  tooSmall: 'この金額では、この銀行の分割払いをご利用いただけません。',
  otherMethods: 'その他のお支払い方法',
  pay: '支払う',
  testCard: '成功するテストカードを入力する',
  moreTestCards: 'その他のテストカード (失敗例・他ブランド)',
  accepted: (brands) => `利用可能: ${brands}`,
  threeDSecure: '銀行の 3-D セキュア画面を試すには、テスト環境のダッシュボードで 3-D セキュアを有効にしてください。',
  working: 'お待ちください\u2026',
  goOn: 'お支払いの前に、次のページで内容を確認できます。',
  unreachable: 'テスト環境に接続できませんでした。請求は行われていません。もう一度お試しください。',
  badNumber: 'カード番号を入力してください。',
  badName: 'カード名義を入力してください。',
  badExpiry: '有効期限を月/年で入力してください (例: 04/29)。',
  badCode: 'セキュリティコードを3桁または4桁で入力してください。',
  fillIn: (label) => `${label}を入力してください。`,
};

export const LANGUAGES = { en: EN, th: TH, ja: JA };

/* The API's refusals name the field in English; this tells which input to point at. */
export const FIELD_OF_REFUSAL = [
  [/number|brand/, 'cardNumber'],
  [/expiration/, 'expiryDate'],
  [/security/, 'securityCode'],
  [/^name|name can/, 'nameOnCard'],
];

const MONEY_LOCALE = { en: 'en-GB', th: 'th-TH-u-nu-latn', ja: 'ja-JP' };

/** Write an amount of smallest units as the language writes money; JPY has no decimals. */
export function money(amount, currency, locale) {
  try {
    const style = { style: 'currency', currency, currencyDisplay: 'narrowSymbol' };
    const format = new Intl.NumberFormat(MONEY_LOCALE[locale] || 'en-GB', style);
    const units = 10 ** format.resolvedOptions().maximumFractionDigits;
    return format.format(Number(amount) / units);
  } catch {
    return `${amount} ${currency}`;
  }
}
