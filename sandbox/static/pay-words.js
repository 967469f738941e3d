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
  badPhone: 'Enter a phone number of 10 or 11 digits.',
  badEmail: 'Enter an email address, like name@example.com.',
  longName: 'This name is too long: at most 10 characters.',
  onlyTest: 'This may be a real card, so it was not sent. Use one of the test cards below.',
  tooLittle: 'This amount is too small for this way to pay.',
  tooMuch: 'This amount is too large for this way to pay.',
  notOffered: 'This account does not offer this way to pay.',
  badCurrency: 'This way to pay does not take this currency.',
  badKey: 'The public key of the shop is not right.',
  barcode: 'Barcode on the payer\u2019s phone',
  remember: 'Remember this card',
  optional: (label) => `${label} (optional)`,
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
  badPhone: 'กรุณากรอกหมายเลขโทรศัพท์ 10 หรือ 11 หลัก',
  badEmail: 'กรุณากรอกอีเมล เช่น name@example.com',
  longName: 'ชื่อยาวเกินไป กรอกได้ไม่เกิน 10 ตัวอักษร',
  onlyTest: 'หมายเลขนี้อาจเป็นบัตรจริง จึงไม่ได้ส่งออกไป กรุณาใช้บัตรทดสอบด้านล่าง',
  tooLittle: 'ยอดนี้น้อยเกินไปสำหรับวิธีชำระเงินนี้',
  tooMuch: 'ยอดนี้มากเกินไปสำหรับวิธีชำระเงินนี้',
  notOffered: 'บัญชีนี้ไม่รองรับวิธีชำระเงินนี้',
  badCurrency: 'วิธีชำระเงินนี้ไม่รองรับสกุลเงินนี้',
  badKey: 'คีย์สาธารณะของร้านค้าไม่ถูกต้อง',
  barcode: 'บาร์โค้ดบนโทรศัพท์ของผู้ชำระเงิน',
  remember: 'จดจำบัตรนี้',
  optional: (label) => `${label} (ไม่บังคับ)`,
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
  badPhone: '電話番号を10桁または11桁で入力してください。',
  badEmail: 'メールアドレスを入力してください (例: name@example.com)。',
  longName: 'お名前が長すぎます。10文字以内で入力してください。',
  onlyTest: '実在するカードの可能性があるため、送信しませんでした。下のテストカードをご利用ください。',
  tooLittle: 'この金額は、このお支払い方法には小さすぎます。',
  tooMuch: 'この金額は、このお支払い方法には大きすぎます。',
  notOffered: 'このアカウントでは、このお支払い方法をご利用いただけません。',
  badCurrency: 'このお支払い方法では、この通貨をご利用いただけません。',
  badKey: 'ショップの公開鍵が正しくありません。',
  barcode: 'お客様のスマートフォンのバーコード',
  remember: 'このカードを保存する',
  optional: (label) => `${label} (任意)`,
  fillIn: (label) => `${label}を入力してください。`,
};

export const LANGUAGES = { en: EN, th: TH, ja: JA };

/*
 * The API refuses in English. This tells which input it means, and what to say in another language;
 * the first pattern that fits counts.
 */
const REFUSALS = [
  [/^phone_number/, 'phone_number', 'badPhone'],
  [/^email/, 'email', 'badEmail'],
  [/^name is too long/, 'name', 'longName'],
  [/^bank/, 'bank', 'chooseBank'],
  [/^installment_term/, 'installment_term', null],
  [/^barcode/, 'barcode', null],
  [/number|brand/, 'cardNumber', 'badNumber'],
  [/expiration/, 'expiryDate', 'badExpiry'],
  [/security/, 'securityCode', 'badCode'],
  [/^name/, 'nameOnCard', 'badName'],
  [/^amount must be (at least|greater)/, null, 'tooLittle'],
  [/^amount must be less/, null, 'tooMuch'],
  [/^type is/, null, 'notOffered'],
  [/^currency/, null, 'badCurrency'],
  [/authentication|live keys/, null, 'badKey'],
];

function readable(message) {
  const text = String(message || '').trim();
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** Say a refusal of the API in a language, and name the input that it is about. */
export function sayRefusal(message, locale) {
  const [, name, word] = REFUSALS.find(([pattern]) => pattern.test(message)) || [];
  // In English the API's own words stay, so that a shop's developer can look them up.
  const sentence = locale === 'en' || !word ? readable(message) : LANGUAGES[locale][word];
  return { sentence, name };
}

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
