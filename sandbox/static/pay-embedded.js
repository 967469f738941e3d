/*
 * The card form that a shop puts into its own page (customCardForm), and the one for white-label
 * instalments (customInstallmentForm). It has no pay button: the shop's page asks for the token.
 * How the genuine form talks with its page was not recorded; these messages are our own.
 */
import { ask, element, isOn, labelOf, scene, setScene, tell } from './pay-elements.js';
import { cardFields, cardOf, field, termOptions, testCards } from './pay-fields.js';
import { whiteLabelMethods } from './pay-methods.js';
import { sayRefusal } from './pay-words.js';

const place = document.querySelector('.embedded');
const problem = place.querySelector('.problem');
const holder = place.querySelector('.views');

/* Which part of the shop's `style` goes into which custom property of the style sheet. */
const LOOKS = {
  fontFamily: '--font', fontSize: '--size',
  'input.height': '--input-height', 'input.borderRadius': '--input-radius', 'input.border': '--input-border',
  'input.focusBorder': '--input-focus', 'input.background': '--input-paper', 'input.color': '--input-ink',
  'input.labelColor': '--label-ink', 'input.placeholderColor': '--placeholder-ink',
  'checkBox.textColor': '--check-ink', 'checkBox.themeColor': '--check-theme', 'checkBox.border': '--check-border',
};

let making = false;

function paint({ style, customCardFormTheme: theme }) {
  place.dataset.theme = theme === 'dark' ? 'dark' : 'light';
  Object.entries(LOOKS).forEach(([path, property]) => {
    const value = path.split('.').reduce((part, name) => (part || {})[name], style);
    if (value) place.style.setProperty(property, value);
    else place.style.removeProperty(property);
  });
}

/* ---- instalments ---- */

function drawTerms(form) {
  const method = whiteLabelMethods().find(({ type }) => type === form.elements.wlb.value);
  const options = termOptions(method);
  form.querySelector('.field-installment_term').replaceWith(field('installment_term', { options, required: true }));
  say(options.length ? '' : scene.words.tooSmall);
}

function instalmentFields() {
  const banks = whiteLabelMethods().map((method) => [method.type, labelOf(method)]);
  const chosen = (event) => drawTerms(event.target.form);
  return [
    field('wlb', { label: scene.words.bank, options: banks, onchange: chosen }),
    field('installment_term', { options: [] }),
  ];
}

/* ---- drawing ---- */

function rememberBox() {
  if (scene.config.customInstallmentForm || isOn(scene.config.customCardFormHideRememberCard)) return null;
  return element('label', { class: 'remember' }, element('input', { type: 'checkbox', name: 'remember' }), scene.words.remember);
}

function say(sentence, input = null) {
  problem.textContent = sentence;
  holder.querySelectorAll('[aria-invalid]').forEach((one) => one.removeAttribute('aria-invalid'));
  if (!input) return;
  input.setAttribute('aria-invalid', 'true');
  input.focus();
}

/** Show the form in the page's flow, and keep the page told how high it is. */
export function showEmbedded(config) {
  const icons = config.customCardFormBrandIcons;
  setScene({ ...config, cardBrands: Array.isArray(icons) ? icons : config.cardBrands });
  paint(config);
  const instalments = config.customInstallmentForm ? instalmentFields() : [];
  const form = element('form', { class: 'card', novalidate: true, onsubmit: (event) => event.preventDefault() },
    ...instalments, ...cardFields(), rememberBox());
  form.append(testCards(form, () => say('')));
  holder.replaceChildren(form);
  place.hidden = false;
  say('');
  if (instalments.length) drawTerms(form);
}

/* ---- asking for the token ---- */

function refuse(sentence, input, error) {
  say(sentence, input);
  tell('EMBEDDED_FORM_FAILED', error || { object: 'error', code: 'invalid_card', message: sentence });
}

async function made(path, body, form) {
  let answer = null;
  try {
    answer = await ask(path, body);
  } catch {
    answer = { object: 'error', code: 'rpc_error', message: scene.words.unreachable };
  }
  if (answer.object !== 'error') return answer.id;
  const { sentence, name } = sayRefusal(answer.message, scene.config.locale);
  refuse(sentence, form.elements[name], answer);
  return null;
}

function sourceOf(form) {
  const { amount, currency } = scene.config;
  const term = Number(form.elements.installment_term.value);
  return { type: form.elements.wlb.value, amount: Number(amount), currency, installment_term: term };
}

async function makeToken(billing) {
  const form = holder.querySelector('form');
  const { card, wrong, sentence } = cardOf(form);
  if (wrong) {
    refuse(sentence, form.elements[wrong]);
    return;
  }
  say('');
  const instalments = Boolean(scene.config.customInstallmentForm);
  const source = instalments ? await made('sources/', sourceOf(form), form) : null;
  if (instalments && !source) return;
  const token = await made('tokens', { card: { ...card, ...billing } }, form);
  if (!token) return;
  const remember = Boolean(form.elements.remember && form.elements.remember.checked);
  tell('EMBEDDED_FORM_MADE', instalments ? { source, token } : { token, remember });
}

async function hear(event) {
  if (event.source !== window.parent || making || place.hidden) return;
  let message;
  try {
    message = JSON.parse(event.data);
  } catch {
    return;
  }
  if (!message || message.type !== 'REQUEST_CARD_TOKEN') return;
  making = true;
  await makeToken(message.data || {});
  making = false;
}

window.addEventListener('message', hear);
new ResizeObserver(() => {
  if (!place.hidden) tell('EMBEDDED_FORM_HEIGHT', Math.ceil(place.getBoundingClientRect().height));
}).observe(place);
