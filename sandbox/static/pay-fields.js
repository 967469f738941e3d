/* The inputs of the pay form: how they look, how they help while one types, and when they are wrong. */
import { brandOf, mayBeReal, readBrands, TEST_CARDS } from './pay-cards.js';
import { amountText, element, isOn, labelOf, scene } from './pay-elements.js';
import { leastIn } from './pay-methods.js';

const COUNTRIES = ['th', 'jp', 'sg', 'my', 'au', 'cn', 'de', 'fr', 'gb', 'hk', 'us'];
const EXPIRY = /^(0[1-9]|1[0-2])\s*\/?\s*(\d{2}|\d{4})$/;

/** Draw one labelled input, or a select if it has options. */
export function field(name, attributes = {}, after = null) {
  const { options, label, ...others } = attributes;
  // Autofill stays off: a browser must not offer a shopper's real card here.
  const input = element(options ? 'select' : 'input', { id: name, name, autocomplete: 'off', spellcheck: 'false', ...others });
  (options || []).forEach(([value, text]) => input.append(element('option', { value }, text)));
  return element('div', { class: `field field-${name}` },
    element('label', { for: name }, label || scene.words[name]),
    element('div', { class: 'control' }, input, after));
}

function digitsOf(text) {
  return text.replace(/\D/g, '');
}

/* ---- the card ---- */

function grouped(digits) {
  if (/^3[47]/.test(digits)) {
    return [digits.slice(0, 4), digits.slice(4, 10), digits.slice(10, 19)].filter(Boolean).join(' ');
  }
  return (digits.match(/.{1,4}/g) || []).join(' ');
}

function formatNumber(input) {
  const digits = digitsOf(input.value).slice(0, 19);
  const before = digitsOf(input.value.slice(0, input.selectionStart)).length;
  const text = scene.config.autoCardNumberFormat === 'no' ? digits : grouped(digits);
  input.value = text;
  let caret = 0;
  for (let seen = 0; caret < text.length && seen < before; caret += 1) seen += text[caret] !== ' ';
  input.setSelectionRange(caret, caret);
  input.parentNode.querySelector('.brand').textContent = brandOf(digits);
}

function formatExpiry(input, event) {
  // What the "basic" style does was not recorded; taken to mean that typing is left alone.
  if (scene.config.expiryDateStyle === 'basic') return;
  let digits = digitsOf(input.value);
  if (/^[2-9]/.test(digits)) digits = `0${digits}`;
  digits = digits.slice(0, digits.slice(2, 4) === '20' ? 6 : 4);
  const deleting = event && event.inputType && event.inputType.startsWith('delete');
  const slash = digits.length > 2 || (digits.length === 2 && !deleting);
  input.value = slash ? `${digits.slice(0, 2)}/${digits.slice(2)}` : digits;
}

function locationFields() {
  if (!isOn(scene.config.location)) return [];
  const names = new Intl.DisplayNames([scene.config.locale], { type: 'region' });
  const options = [['', ''], ...COUNTRIES.map((code) => [code, names.of(code.toUpperCase())])];
  return [
    element('div', { class: 'row' }, field('city'), field('postalCode')),
    field('country', { options }),
  ];
}

/** Draw what is asked about a card. */
export function cardFields() {
  const brand = element('span', { class: 'brand', 'aria-live': 'polite' });
  const numbers = { inputmode: 'numeric', required: true };
  const accepted = readBrands(scene.config.cardBrands);
  return [
    field('cardNumber', { ...numbers, placeholder: '4242 4242 4242 4242', oninput: (event) => formatNumber(event.target) }, brand),
    accepted.length ? element('p', { class: 'hint accepted' }, scene.words.accepted(accepted.join(', '))) : null,
    field('nameOnCard', { required: true }),
    element('div', { class: 'row' },
      field('expiryDate', { ...numbers, placeholder: 'MM/YY', maxlength: 7, oninput: (event) => formatExpiry(event.target, event) }),
      field('securityCode', { ...numbers, placeholder: '123', maxlength: 4 })),
    ...locationFields(),
  ].filter(Boolean);
}

/** Read the card that was typed, or say which input is wrong. */
export function cardOf(form) {
  const { words } = scene;
  const value = (name) => (form.elements[name] ? form.elements[name].value.trim() : '');
  const number = digitsOf(value('cardNumber'));
  const expiry = value('expiryDate').match(EXPIRY);
  if (!number) return { wrong: 'cardNumber', sentence: words.badNumber };
  if (mayBeReal(number)) return { wrong: 'cardNumber', sentence: words.onlyTest };
  if (!value('nameOnCard')) return { wrong: 'nameOnCard', sentence: words.badName };
  if (!expiry) return { wrong: 'expiryDate', sentence: words.badExpiry };
  if (!/^\d{3,4}$/.test(value('securityCode'))) return { wrong: 'securityCode', sentence: words.badCode };
  const card = {
    name: value('nameOnCard'),
    number,
    expiration_month: Number(expiry[1]),
    expiration_year: Number(expiry[2].length === 2 ? `20${expiry[2]}` : expiry[2]),
    security_code: value('securityCode'),
  };
  if (value('city')) card.city = value('city');
  if (value('postalCode')) card.postal_code = value('postalCode');
  if (value('country')) card.country = value('country');
  return { card };
}

function fillIn(form, number, then) {
  const year = String(new Date().getFullYear() + 2).slice(2);
  form.elements.cardNumber.value = number;
  formatNumber(form.elements.cardNumber);
  form.elements.nameOnCard.value = form.elements.nameOnCard.value || 'Test Shopper';
  form.elements.expiryDate.value = `12/${year}`;
  form.elements.securityCode.value = /^3[47]/.test(number) ? '1234' : '123';
  then();
}

/** Offer the test cards to click; `then` runs once one is filled in. */
export function testCards(form, then) {
  const choice = (number, title) => element('button', {
    type: 'button', class: 'test-card', 'data-number': number, onclick: () => fillIn(form, number, then),
  }, title ? element('strong', {}, title) : null, element('span', {}, `${brandOf(number)} \u2026 ${number.slice(-4)}`));
  const outcomes = TEST_CARDS.flatMap(({ label, numbers }) => {
    const title = label[scene.config.locale];
    const choices = numbers.map((number) => element('li', {}, choice(number, null)));
    return [element('h3', {}, title), element('ul', { 'aria-label': title }, ...choices)];
  });
  return element('div', { class: 'test-cards' },
    choice(TEST_CARDS[0].numbers[0], scene.words.testCard),
    element('details', {},
      element('summary', {}, scene.words.moreTestCards),
      ...outcomes,
      element('p', { class: 'hint' }, scene.words.threeDSecure)));
}

/* ---- the other ways to pay ---- */

/** List the numbers of months that this amount allows, as options of a select. */
export function termOptions(method) {
  return method.terms
    .filter((term) => Number(scene.config.amount) >= leastIn(method, term))
    .map((term) => [term, scene.words.months(term, amountText(Math.ceil(scene.config.amount / term)))]);
}

const INPUTS = {
  name: () => ({ maxlength: 50 }),
  email: () => ({ type: 'email' }),
  phone_number: () => ({ type: 'tel', placeholder: scene.config.currency === 'JPY' ? '09012345678' : '0812345678' }),
  barcode: () => ({ inputmode: 'numeric', placeholder: '1234567890123456' }),
  bank: (method) => ({ options: [['', scene.words.chooseBank], ...Object.entries(method.banks)] }),
  installment_term: (method) => ({ options: termOptions(method) }),
};

/* A stricter look at what was typed: the pattern that it must fit, and what to say otherwise. */
const CHECKS = {
  phone_number: [/^\+?\d{10,11}$/, 'badPhone'],
  email: [/^[^@\s]+@[^@\s]+\.[^@\s]+$/, 'badEmail'],
};

function parted(written) {
  return { name: written.replace('?', ''), optional: written.endsWith('?') };
}

/** Draw what a way to pay asks for. */
export function methodFields(method) {
  return (method.fields || []).map((written) => {
    const { name, optional } = parted(written);
    const label = optional ? scene.words.optional(scene.words[name]) : scene.words[name];
    return field(name, { label, required: !optional, ...INPUTS[name](method) });
  });
}

/** Read what was typed for a way to pay, or say which input is wrong. */
export function valuesOf(form, method) {
  const { words } = scene;
  const values = {};
  for (const { name, optional } of (method.fields || []).map(parted)) {
    let value = form.elements[name].value.trim();
    if (name === 'phone_number') value = value.replace(/[\s-]/g, '');
    const [pattern, word] = CHECKS[name] || [];
    if (!value && !optional) return { wrong: name, sentence: words.fillIn(words[name]) };
    if (value && pattern && !pattern.test(value)) return { wrong: name, sentence: words[word] };
    // A konbini's till prints no more.
    if (name === 'name' && method.type === 'econtext' && value.length > 10) return { wrong: name, sentence: words.longName };
    if (value) values[name] = name === 'installment_term' ? Number(value) : value;
  }
  return { values };
}
