/* What every part of the pay form draws with: elements, the shop's settings, the shopper's language. */
import { LANGUAGES, money } from './pay-words.js';

export const BASE = new URL('..', import.meta.url).href;

/** What the shop asked for, and the words of the language it asked for it in. */
export const scene = { config: {}, words: LANGUAGES.en };

/** Take over the settings that a shop's page sent. */
export function setScene(given) {
  const config = { submitLabel: 'Pay', ...given };
  config.locale = LANGUAGES[config.locale] ? config.locale : 'en';
  config.currency = String(config.currency || 'THB').toUpperCase();
  Object.assign(scene, { config, words: LANGUAGES[config.locale] });
  document.documentElement.lang = config.locale;
  document.querySelectorAll('[data-word]').forEach((node) => { node.textContent = scene.words[node.dataset.word]; });
}

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? '' : value);
  });
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function labelOf(thing) {
  return thing.label[scene.config.locale] || thing.label.en;
}

export function amountText(amount = scene.config.amount) {
  return money(amount, scene.config.currency, scene.config.locale);
}

/** Read a setting that shops write as true, "true" or "yes". */
export function isOn(setting) {
  return setting === true || setting === 'true' || setting === 'yes';
}

/** Post to the sandbox that served this form; the key is public. */
export async function ask(path, body) {
  const answer = await fetch(BASE + path, {
    method: 'POST',
    credentials: 'omit',
    headers: { Authorization: `Basic ${btoa(`${scene.config.key}:`)}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return answer.json();
}

/** Tell the page around the frame; as on the genuine form, whichever page that is. */
export function tell(type, data) {
  window.parent.postMessage(JSON.stringify({ type, data }), '*');
}
