/*
 * The pay form inside the frame. It hears SHOW_IFRAME_APP_FORM from the page around it, makes a token
 * or a source at the sandbox that served it, and hands back nothing but the id. What is typed about a
 * card goes to <base>/tokens and nowhere else.
 */
import { showEmbedded } from './pay-embedded.js';
import { amountText, ask, element, isOn, labelOf, scene, setScene, tell } from './pay-elements.js';
import { cardFields, cardOf, methodFields, termOptions, testCards, valuesOf } from './pay-fields.js';
import { readMethods } from './pay-methods.js';
import { sayRefusal } from './pay-words.js';

const FOCUSABLE = 'button, input, select, summary, a[href]';

const container = document.querySelector('.OmiseCheckoutForm_container');
const dialog = container.querySelector('[role="dialog"]');
const problem = container.querySelector('.problem');
const holder = container.querySelector('.views');

let stack = [];
// Goes up whenever the form opens or closes: an answer that comes back late belongs to nobody.
let visit = 0;
let busy = false;

function submitLabel() {
  // A shop that chose no label of its own gets the default in the shopper's language.
  const label = scene.config.submitLabel === 'Pay' ? scene.words.pay : scene.config.submitLabel;
  return isOn(scene.config.hideAmount) ? label : `${label} ${amountText()}`;
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
  if (input) {
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', 'problem');
    input.focus();
  }
  problem.scrollIntoView({ block: 'nearest' });
}

/* ---- asking the sandbox ---- */

function setBusy(now) {
  busy = now;
  dialog.setAttribute('aria-busy', String(now));
  holder.querySelectorAll('button[type="submit"]').forEach((button) => {
    // aria-disabled rather than disabled: a disabled button would drop the keyboard's focus.
    button.setAttribute('aria-disabled', String(now));
    button.textContent = now ? scene.words.working : button.dataset.label;
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
    made = { object: 'error', message: scene.words.unreachable };
  }
  if (mine !== visit) return;
  setBusy(false);
  if (made.object !== 'error') {
    leave('CLOSE_AND_SEND_TOKEN', made.id);
    return;
  }
  const { sentence, name } = sayRefusal(made.message, scene.config.locale);
  complain(sentence, form && form.elements[name]);
}

function platform() {
  if (/iPhone|iPad/.test(navigator.userAgent)) return 'IOS';
  return /Android/.test(navigator.userAgent) ? 'ANDROID' : 'WEB';
}

function makeSource(method, values = {}, form = null) {
  const { amount, currency } = scene.config;
  const device = method.inAnApp ? { platform_type: platform() } : {};
  return make('sources/', { type: method.type, amount: Number(amount), currency, ...device, ...values }, form);
}

/* ---- what is shown ---- */

function payButton() {
  const button = element('button', { type: 'submit', 'data-label': submitLabel() }, submitLabel());
  return element('div', { class: 'OmiseCheckoutForm_checkoutButton' }, button);
}

function heading(text) {
  const back = stack.length
    ? element('button', { type: 'button', class: 'back', onclick: goBack }, scene.words.back)
    : null;
  return element('div', { class: 'heading' }, back, element('h2', { tabindex: '-1' }, text));
}

function payByCard(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const { card, wrong, sentence } = cardOf(form);
  if (wrong) complain(sentence, form.elements[wrong]);
  else make('tokens', { card }, form);
}

function cardView(method) {
  const form = element('form', { class: 'card', novalidate: true, onsubmit: payByCard }, ...cardFields(), payButton());
  form.append(testCards(form, () => {
    calm();
    form.querySelector('.OmiseCheckoutForm_checkoutButton button').focus();
  }));
  const title = stack.length ? heading(labelOf(method)) : null;
  return element('section', { class: 'view', 'data-view': 'credit_card' }, title, form);
}

function payBySource(method, event) {
  event.preventDefault();
  const form = event.currentTarget;
  const { values, wrong, sentence } = valuesOf(form, method);
  if (wrong) complain(sentence, form.elements[wrong]);
  else makeSource(method, values, form);
}

function sourceView(method) {
  const section = element('section', { class: 'view', 'data-view': method.name }, heading(labelOf(method)));
  if (method.terms && !termOptions(method).length) {
    section.append(element('p', {}, scene.words.tooSmall));
    return section;
  }
  const inputs = methodFields(method);
  const hint = element('p', { class: 'hint' }, scene.words.goOn);
  section.append(element('form', { novalidate: true, onsubmit: (event) => payBySource(method, event) },
    ...inputs, inputs.length ? null : hint, payButton()));
  return section;
}

function groupView(group) {
  return element('section', { class: 'view', 'data-view': group.name },
    heading(labelOf(group)), methodList(group.members));
}

function viewOf(method) {
  if (method.card) return cardView(method);
  return method.members ? groupView(method) : sourceView(method);
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
  const { config, words } = scene;
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
  const { config, words } = scene;
  container.querySelector('.close').setAttribute('aria-label', words.close);
  container.querySelector('#frameLabel').textContent = config.frameLabel;
  container.querySelector('#frameDescription').textContent = config.frameDescription;
  const logo = container.querySelector('.logo');
  logo.hidden = !config.image;
  if (config.image) logo.src = config.image;
}

function show(given) {
  visit += 1;
  setScene(given);
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
  if (!message || message.type !== 'SHOW_IFRAME_APP_FORM') return;
  const config = (message.data && message.data.config) || {};
  if (config.customCardForm || config.customInstallmentForm) showEmbedded(config);
  else show(config);
}

window.addEventListener('message', hear);
document.addEventListener('keydown', keyed);
container.querySelector('.close').addEventListener('click', () => leave('CLOSE_IFRAME', null));
// A logo that cannot be had, or may not under this page's policy, leaves no broken picture.
container.querySelector('.logo').addEventListener('error', (event) => { event.target.hidden = true; });
document.querySelector('.alone').hidden = window.parent !== window;
