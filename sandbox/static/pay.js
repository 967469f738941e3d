/*
 * The pay form inside the frame. It hears SHOW_IFRAME_APP_FORM from the page around it, makes a token
 * or a source at the sandbox that served it, and hands back nothing but the id. What is typed about a
 * card goes to <base>/tokens and nowhere else.
 */
import { brandOf, readBrands, readMethods, TEST_CARDS } from './pay-methods.js';
import { FIELD_OF_REFUSAL, LANGUAGES, money } from './pay-words.js';

const BASE = new URL('..', import.meta.url).href;
const COUNTRIES = ['th', 'jp', 'sg', 'my', 'au', 'cn', 'de', 'fr', 'gb', 'hk', 'us'];
const FOCUSABLE = 'button, input, select, summary, a[href]';

const container = document.querySelector('.OmiseCheckoutForm_container');
const dialog = container.querySelector('[role="dialog"]');
const problem = container.querySelector('.problem');
const holder = container.querySelector('.views');

let config = {};
let words = LANGUAGES.en;
let stack = [];
// Goes up whenever the form opens or closes: an answer that comes back late belongs to nobody.
let visit = 0;
let busy = false;

/* ---- small tools ---- */

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? '' : value);
  });
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function labelOf(thing) {
  return thing.label[config.locale] || thing.label.en;
}

function amountText(amount = config.amount) {
  return money(amount, config.currency, config.locale);
}

function submitLabel() {
  // A shop that chose no label of its own gets the default in the shopper's language.
  const label = config.submitLabel === 'Pay' ? words.pay : config.submitLabel;
  const hidden = config.hideAmount === true || config.hideAmount === 'true';
  return hidden ? label : `${label} ${amountText()}`;
}

function tell(type, data) {
  window.parent.postMessage(JSON.stringify({ type, data }), '*');
}

/* ---- complaints ---- */

function calm() {
  problem.textContent = '';
  holder.querySelectorAll('[aria-invalid]').forEach((input) => {
    input.removeAttribute('aria-invalid');
    input.removeAttribute('aria-describedby');
  });
}

function complain(sentence, input) {
  calm();
  problem.textContent = sentence;
  if (!input) {
    problem.scrollIntoView({ block: 'nearest' });
    return;
  }
  input.setAttribute('aria-invalid', 'true');
  input.setAttribute('aria-describedby', 'problem');
  input.focus();
  problem.scrollIntoView({ block: 'nearest' });
}

function readable(message) {
  const text = String(message || '').trim();
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

function refused(message, form) {
  const match = FIELD_OF_REFUSAL.find(([pattern]) => pattern.test(message));
  const named = ['phone_number', 'email', 'name', 'bank'].find((name) => message.startsWith(name));
  const input = form && (form.elements[named] || (match && form.elements[match[1]]));
  complain(readable(message), input || null);
}

/* ---- asking the sandbox ---- */

async function ask(path, body) {
  const answer = await fetch(BASE + path, {
    method: 'POST',
    credentials: 'omit',
    headers: { Authorization: `Basic ${btoa(`${config.key}:`)}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return answer.json();
}

function setBusy(now) {
  busy = now;
  dialog.setAttribute('aria-busy', String(now));
  holder.querySelectorAll('button[type="submit"]').forEach((button) => {
    // aria-disabled rather than disabled: a disabled button would drop the keyboard's focus.
    button.setAttribute('aria-disabled', String(now));
    button.textContent = now ? words.working : button.dataset.label;
  });
}

async function make(path, body, form) {
  if (busy) return;
  const mine = visit;
  calm();
  setBusy(true);
  let made = null;
  try {
    made = await ask(path, body);
  } catch {
    made = { object: 'error', message: words.unreachable };
  }
  if (mine !== visit) return;
  setBusy(false);
  if (made.object === 'error') refused(made.message, form);
  else leave('CLOSE_AND_SEND_TOKEN', made.id);
}

function makeSource(method, fields = {}, form = null) {
  const amount = Number(config.amount);
  return make('sources/', { type: method.type, amount, currency: config.currency, ...fields }, form);
}

/* ---- inputs ---- */

function field(name, attributes = {}, after = null) {
  const input = element(attributes.options ? 'select' : 'input', {
    id: name, name, autocomplete: 'off', spellcheck: 'false', ...attributes, options: null,
  });
  (attributes.options || []).forEach(([value, text]) => input.append(element('option', { value }, text)));
  const label = element('label', { for: name }, words[name]);
  return element('div', { class: `field field-${name}` }, label, element('div', { class: 'control' }, input, after));
}

function digitsOf(text) {
  return text.replace(/\D/g, '');
}

function grouped(digits) {
  if (/^3[47]/.test(digits)) {
    return [digits.slice(0, 4), digits.slice(4, 10), digits.slice(10, 19)].filter(Boolean).join(' ');
  }
  return (digits.match(/.{1,4}/g) || []).join(' ');
}

function formatNumber(input) {
  const digits = digitsOf(input.value).slice(0, 19);
  const before = digitsOf(input.value.slice(0, input.selectionStart)).length;
  const text = config.autoCardNumberFormat === 'no' ? digits : grouped(digits);
  input.value = text;
  let caret = 0;
  for (let seen = 0; caret < text.length && seen < before; caret += 1) seen += text[caret] !== ' ';
  input.setSelectionRange(caret, caret);
  input.parentNode.querySelector('.brand').textContent = brandOf(digits);
}

function formatExpiry(input, event) {
  let digits = digitsOf(input.value);
  if (/^[2-9]/.test(digits)) digits = `0${digits}`;
  digits = digits.slice(0, digits.slice(2, 4) === '20' ? 6 : 4);
  const deleting = event && event.inputType && event.inputType.startsWith('delete');
  const slash = digits.length > 2 || (digits.length === 2 && !deleting);
  input.value = slash ? `${digits.slice(0, 2)}/${digits.slice(2)}` : digits;
}

/* ---- the card ---- */

function cardOf(form) {
  const value = (name) => (form.elements[name] ? form.elements[name].value.trim() : '');
  const number = digitsOf(value('cardNumber'));
  if (!number) return { wrong: 'cardNumber', sentence: words.badNumber };
  if (!value('nameOnCard')) return { wrong: 'nameOnCard', sentence: words.badName };
  const expiry = value('expiryDate').match(/^(\d{2})\/(\d{2}|\d{4})$/);
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

function payByCard(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const { card, wrong, sentence } = cardOf(form);
  if (wrong) complain(sentence, form.elements[wrong]);
  else make('tokens', { card }, form);
}

function locationFields() {
  if (config.location !== 'yes') return [];
  const names = new Intl.DisplayNames([config.locale], { type: 'region' });
  const options = [['', ''], ...COUNTRIES.map((code) => [code, names.of(code.toUpperCase())])];
  return [
    element('div', { class: 'row' }, field('city'), field('postalCode')),
    field('country', { options }),
  ];
}

function fillIn(form, { number }) {
  const year = String(new Date().getFullYear() + 2).slice(2);
  form.elements.cardNumber.value = number;
  formatNumber(form.elements.cardNumber);
  form.elements.nameOnCard.value = form.elements.nameOnCard.value || 'Test Shopper';
  form.elements.expiryDate.value = `12/${year}`;
  form.elements.securityCode.value = '123';
  calm();
  form.querySelector('.OmiseCheckoutForm_checkoutButton button').focus();
}

function testCard(form, card, title) {
  const number = `${card.brand} \u2026 ${card.number.slice(-4)}`;
  return element('button', {
    type: 'button', class: 'test-card', 'data-number': card.number, onclick: () => fillIn(form, card),
  }, element('strong', {}, title), element('span', {}, number));
}

function testCards(form) {
  const [first, ...others] = TEST_CARDS;
  const choices = others.map((card) => element('li', {}, testCard(form, card, labelOf(card))));
  return element('div', { class: 'test-cards' },
    testCard(form, first, words.testCard),
    element('details', {},
      element('summary', {}, words.moreTestCards),
      element('ul', {}, ...choices),
      element('p', { class: 'hint' }, words.threeDSecure)));
}

function payButton() {
  const button = element('button', { type: 'submit', 'data-label': submitLabel() }, submitLabel());
  return element('div', { class: 'OmiseCheckoutForm_checkoutButton' }, button);
}

function cardView() {
  // Autofill stays off: a browser must not offer a shopper's real card here.
  const brand = element('span', { class: 'brand', 'aria-live': 'polite' });
  const numbers = { inputmode: 'numeric', required: true };
  const brands = readBrands(config.cardBrands);
  const form = element('form', { class: 'card', novalidate: true, onsubmit: payByCard },
    field('cardNumber', { ...numbers, placeholder: '4242 4242 4242 4242', oninput: (event) => formatNumber(event.target) }, brand),
    brands.length ? element('p', { class: 'hint accepted' }, words.accepted(brands.join(', '))) : null,
    field('nameOnCard', { required: true }),
    element('div', { class: 'row' },
      field('expiryDate', { ...numbers, placeholder: 'MM/YY', maxlength: 7, oninput: (event) => formatExpiry(event.target, event) }),
      field('securityCode', { ...numbers, placeholder: '123', maxlength: 4 })),
    ...locationFields(),
    payButton());
  form.append(testCards(form));
  return element('section', { class: 'view', 'data-view': 'credit_card' }, form);
}

/* ---- the other ways to pay ---- */

function heading(text) {
  const back = stack.length
    ? element('button', { type: 'button', class: 'back', onclick: goBack }, words.back)
    : null;
  return element('div', { class: 'heading' }, back, element('h2', { tabindex: '-1' }, text));
}

function termOptions(method) {
  return method.terms
    .filter((term) => Number(config.amount) / term >= method.least)
    .map((term) => [term, words.months(term, amountText(Math.ceil(config.amount / term)))]);
}

const INPUTS = {
  name: () => field('name', { required: true, maxlength: 50 }),
  email: () => field('email', { type: 'email', required: true }),
  phone_number: () => field('phone_number', { type: 'tel', required: true, placeholder: config.currency === 'JPY' ? '09012345678' : '0812345678' }),
  bank: (method) => field('bank', {
    required: true, options: [['', words.chooseBank], ...Object.entries(method.banks)],
  }),
  installment_term: (method) => field('installment_term', { required: true, options: termOptions(method) }),
};

function payBySource(method, event) {
  event.preventDefault();
  const form = event.currentTarget;
  const fields = {};
  for (const name of method.fields || []) {
    const value = form.elements[name].value.trim();
    if (!value) {
      complain(words.fillIn(words[name]), form.elements[name]);
      return;
    }
    fields[name] = name === 'installment_term' ? Number(value) : value;
  }
  makeSource(method, fields, form);
}

function sourceView(method) {
  const section = element('section', { class: 'view', 'data-view': method.name }, heading(labelOf(method)));
  if (method.terms && !termOptions(method).length) {
    section.append(element('p', {}, words.tooSmall));
    return section;
  }
  const inputs = (method.fields || []).map((name) => INPUTS[name](method));
  const hint = element('p', { class: 'hint' }, words.goOn);
  section.append(element('form', { novalidate: true, onsubmit: (event) => payBySource(method, event) },
    ...inputs, inputs.length ? null : hint, payButton()));
  return section;
}

function groupView(group) {
  return element('section', { class: 'view', 'data-view': group.name },
    heading(labelOf(group)), methodList(group.members));
}

function viewOf(method) {
  if (method.card) return stack.length ? withHeading(cardView(), method) : cardView();
  return method.members ? groupView(method) : sourceView(method);
}

function withHeading(section, method) {
  section.prepend(heading(labelOf(method)));
  return section;
}

function choose(method) {
  if (busy) return;
  const straight = !method.card && !method.members && !method.fields;
  if (straight) makeSource(method);
  else goTo(viewOf(method));
}

function methodList(methods) {
  const choices = methods.map((method) => element('li', {},
    element('button', { type: 'button', class: 'method', 'data-method': method.name, onclick: () => choose(method) },
      labelOf(method))));
  return element('ul', { class: 'methods' }, ...choices);
}

function rootView() {
  const first = readMethods(config.defaultPaymentMethod, config.currency)[0]
    || readMethods('credit_card', config.currency)[0];
  const others = readMethods(config.otherPaymentMethods, config.currency)
    .filter((method) => method.name !== first.name);
  const view = viewOf(first);
  if (others.length) {
    view.append(element('div', { class: 'others' }, element('h2', {}, words.otherMethods), methodList(others)));
  }
  return view;
}

/* ---- moving about ---- */

function focusables() {
  return [...dialog.querySelectorAll(FOCUSABLE)].filter((node) => node.getClientRects().length);
}

function focusIn(view) {
  const target = view.querySelector('input, select, h2[tabindex], .OmiseCheckoutForm_checkoutButton button');
  (target || dialog).focus();
}

function goTo(view) {
  calm();
  if (stack.length) stack[stack.length - 1].hidden = true;
  stack.push(view);
  holder.append(view);
  window.scrollTo(0, 0);
  focusIn(view);
}

function goBack() {
  if (busy || stack.length < 2) return;
  calm();
  stack.pop().remove();
  stack[stack.length - 1].hidden = false;
  focusIn(stack[stack.length - 1]);
}

function leave(type, data) {
  visit += 1;
  setBusy(false);
  container.classList.remove('open');
  holder.replaceChildren();
  stack = [];
  tell(type, data);
}

function trapTab(event) {
  const nodes = focusables();
  const first = nodes[0];
  const last = nodes[nodes.length - 1];
  const outside = !dialog.contains(document.activeElement) || document.activeElement === dialog;
  if (event.shiftKey && (document.activeElement === first || outside)) {
    event.preventDefault();
    last.focus();
  } else if (!event.shiftKey && (document.activeElement === last || outside)) {
    event.preventDefault();
    first.focus();
  }
}

function keyed(event) {
  if (!container.classList.contains('open')) return;
  if (event.key === 'Escape') leave('CLOSE_IFRAME', null);
  if (event.key === 'Tab') trapTab(event);
}

/* ---- opening ---- */

function dress() {
  document.documentElement.lang = config.locale;
  container.querySelectorAll('[data-word]').forEach((node) => { node.textContent = words[node.dataset.word]; });
  container.querySelector('.close').setAttribute('aria-label', words.close);
  container.querySelector('#frameLabel').textContent = config.frameLabel;
  container.querySelector('#frameDescription').textContent = config.frameDescription;
  const logo = container.querySelector('.logo');
  logo.hidden = !config.image;
  if (config.image) logo.src = config.image;
}

function show(given) {
  visit += 1;
  config = { submitLabel: 'Pay', ...given };
  config.locale = LANGUAGES[config.locale] ? config.locale : 'en';
  config.currency = String(config.currency || 'THB').toUpperCase();
  words = LANGUAGES[config.locale];
  stack = [];
  holder.replaceChildren();
  setBusy(false);
  dress();
  container.classList.add('open');
  goTo(rootView());
}

function hear(event) {
  if (event.source !== window.parent) return;
  let message;
  try {
    message = JSON.parse(event.data);
  } catch {
    return;
  }
  if (message && message.type === 'SHOW_IFRAME_APP_FORM') show((message.data && message.data.config) || {});
}

window.addEventListener('message', hear);
document.addEventListener('keydown', keyed);
container.querySelector('.close').addEventListener('click', () => leave('CLOSE_IFRAME', null));
// A logo that the policy of this page (own images only) keeps out leaves no broken picture.
container.querySelector('.logo').addEventListener('error', (event) => { event.target.hidden = true; });
document.querySelector('.alone').hidden = window.parent !== window;
