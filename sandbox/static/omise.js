/*
 * Stands in for the vendor's browser script: the same data attributes, functions, hidden fields and
 * messages as the classic pop-up (documentation page "omise-js"), and the functions of the embedded
 * forms, pointed at the sandbox that served this file.
 *
 * Not imitated: Google Pay and Apple Pay buttons (Omise.createToken('tokenization', ...) does work),
 * passkeys, and how the genuine embedded form and token frame talk with the page.
 */
(function () {
  'use strict';

  // The mount prefix is nobody's business but the URL's: whoever serves this file is the base. A
  // bundle or a module that loads it leaves no currentScript.
  const OWN = document.currentScript || document.querySelector('script[src*="/omise.js"]');
  const BASE = new URL('.', OWN.src).href;
  const IFRAME_ID = 'omise-checkout-iframe-app';
  const EMBEDDED_ID = 'omise-embedded-iframe';
  const CLOSING_MS = 250;
  const LOADING_MS = 3000;
  const ANSWER_MS = 30000;

  const DEFAULTS = {
    key: '',
    amount: 0,
    currency: 'THB',
    image: `${BASE}static/icon.svg`,
    frameLabel: 'Omise',
    frameDescription: 'Secured by Omise',
    buttonLabel: 'Pay with Omise',
    submitLabel: 'Pay',
    location: 'no',
    defaultPaymentMethod: 'credit_card',
    otherPaymentMethods: [],
    submitAuto: 'yes',
    submitFormTarget: '',
    cardBrands: 'visa mastercard',
    locale: 'en',
    autoCardNumberFormat: 'yes',
    expiryDateStyle: '',
    hideAmount: 'false',
    style: {},
  };

  const ALIASES = { publicKey: 'key', logo: 'image', locationField: 'location' };

  const HIDDEN_LOOK = [
    'display: none',
    'visibility: visible',
    'position: fixed',
    'left: 0',
    'top: 0',
    'width: 100%',
    'height: 100%',
    'z-index: 2147483647',
    'padding: 0',
    'margin: 0',
    'border: 0 none transparent',
    'background-color: rgba(0, 0, 0, 0)',
    'overflow-x: hidden',
    'overflow-y: auto',
    '-webkit-tap-highlight-color: transparent',
    'transition: background-color .2s',
  ].join('; ') + ';';

  /* ---- settings ---- */

  function tidy(config) {
    const known = {};
    Object.entries(config || {}).forEach(([name, value]) => {
      const key = ALIASES[name] || name;
      // An alias never wins over the name it stands for.
      if (value !== undefined && !(name in ALIASES && key in config)) known[key] = value;
    });
    return known;
  }

  function listOf(methods) {
    // What stands in brackets belongs to the name before it.
    return String(methods).split(/,(?![^(]*\))/).map((name) => name.trim()).filter(Boolean);
  }

  function prepareConfig(config) {
    const known = tidy(config);
    if (typeof known.otherPaymentMethods === 'string') known.otherPaymentMethods = listOf(known.otherPaymentMethods);
    return known;
  }

  function merged(config) {
    return { ...state.defaults, ...prepareConfig(config) };
  }

  function isEmbedded(config) {
    return Boolean(config.customCardForm || config.customInstallmentForm);
  }

  /* ---- the frame ---- */

  const state = {
    defaults: { ...DEFAULTS },
    buttons: [],
    injected: [],
    embedded: null,
    ready: false,
    iframe: null,
    loaded: false,
    open: null,
    cameFrom: null,
  };

  function ensureFrame() {
    if (state.iframe) return state.iframe;
    const iframe = document.createElement('iframe');
    iframe.id = IFRAME_ID;
    iframe.src = `${BASE}pay.html`;
    iframe.title = 'Payment form (sandbox)';
    iframe.setAttribute('style', HIDDEN_LOOK);
    iframe.addEventListener('load', () => { state.loaded = true; });
    state.iframe = iframe;
    addToPage(iframe);
    createParentFrameHandler();
    return iframe;
  }

  function addToPage(iframe) {
    // In the head of a page there is no body yet.
    if (document.body) document.body.appendChild(iframe);
    else document.addEventListener('DOMContentLoaded', () => document.body.appendChild(iframe), { once: true });
  }

  function say(iframe, type, data) {
    iframe.contentWindow.postMessage(JSON.stringify({ type, data }), new URL(BASE).origin);
  }

  function whenLoaded(iframe, loaded, act) {
    if (loaded) {
      act();
      return;
    }
    let done = false;
    const once = () => {
      if (done) return;
      done = true;
      act();
    };
    iframe.addEventListener('load', once, { once: true });
    setTimeout(once, LOADING_MS);
  }

  function plain(config) {
    // Functions and elements cannot cross to the frame; they stay here.
    const stays = (value) => typeof value === 'function' || value instanceof Node;
    return Object.fromEntries(Object.entries(config).filter(([, value]) => !stays(value)));
  }

  function show(config, form, opened) {
    const iframe = ensureFrame();
    const current = { config, form };
    state.open = current;
    state.cameFrom = document.activeElement;
    whenLoaded(iframe, state.loaded, () => {
      if (state.open !== current) return;
      iframe.style.display = 'block';
      iframe.style.backgroundColor = 'rgba(15, 23, 42, 0.6)';
      iframe.focus();
      say(iframe, 'SHOW_IFRAME_APP_FORM', { config: plain(current.config) });
      if (typeof opened === 'function') opened();
    });
  }

  function hide(then) {
    const { iframe, open, cameFrom } = state;
    if (!iframe || !open) return;
    state.open = null;
    iframe.style.backgroundColor = 'rgba(0, 0, 0, 0)';
    setTimeout(() => {
      if (!state.open) {
        iframe.style.display = 'none';
        if (cameFrom && cameFrom.focus) cameFrom.focus();
      }
      then(open);
    }, CLOSING_MS);
  }

  function tellClosed({ config }) {
    if (typeof config.onFormClosed === 'function') config.onFormClosed();
  }

  function setTokenAtOmiseTokenField(id, form) {
    const name = id.startsWith('src_') ? 'omiseSource' : 'omiseToken';
    const field = (form || document).querySelector(`input[name="${name}"]`);
    if (field) field.value = id;
  }

  function deliver(id, { config, form }) {
    if (form) setTokenAtOmiseTokenField(id, form);
    if (typeof config.onCreateTokenSuccess === 'function') config.onCreateTokenSuccess(id);
    // form.submit(), as the genuine script: no submit event, no validation, no button name.
    if (form && config.submitAuto === 'yes') form.submit();
  }

  // The genuine script does not look at event.origin, so a page must never trust these ids. Staying
  // as open as it is keeps that visible here too.
  function hear(event) {
    let message;
    try {
      message = JSON.parse(event.data);
    } catch {
      return;
    }
    if (!message || !state.open) return;
    if (message.type === 'CLOSE_IFRAME') hide(tellClosed);
    if (message.type === 'CLOSE_AND_SEND_TOKEN' && typeof message.data === 'string') {
      hide((open) => deliver(message.data, open));
    }
  }

  function createParentFrameHandler() {
    // The same listener is added once, however often this is called.
    window.addEventListener('message', hear);
  }

  /* ---- the forms that stand in the page itself ---- */

  function removeEmbedded() {
    if (!state.embedded) return;
    window.removeEventListener('message', state.embedded.listen);
    state.embedded.iframe.remove();
    state.embedded = null;
  }

  function embed(config) {
    const { element } = config;
    const place = typeof element === 'string' ? document.querySelector(element) : element;
    if (!(place instanceof Element)) throw new Error('OmiseCard: the embedded form has no element to stand in');
    removeEmbedded();
    const iframe = document.createElement('iframe');
    iframe.id = EMBEDDED_ID;
    iframe.src = `${BASE}pay.html`;
    iframe.title = 'Card form (sandbox)';
    // Through CSSOM, which no content security policy forbids.
    Object.assign(iframe.style, { width: '100%', border: '0', display: 'block' });
    const listen = (event) => { if (event.source === iframe.contentWindow) hearEmbedded(event, iframe, config); };
    state.embedded = { iframe, listen };
    window.addEventListener('message', listen);
    place.appendChild(iframe);
    iframe.addEventListener('load', () => say(iframe, 'SHOW_IFRAME_APP_FORM', { config: plain(config) }), { once: true });
  }

  function hearEmbedded(event, iframe, config) {
    const { type, data } = JSON.parse(event.data);
    if (type === 'EMBEDDED_FORM_HEIGHT') iframe.style.height = `${data}px`;
    if (type === 'EMBEDDED_FORM_MADE' && config.onCreateTokenSuccess) config.onCreateTokenSuccess(data);
    if (type === 'EMBEDDED_FORM_FAILED' && config.onError) config.onError(data);
  }

  /* ---- forms and buttons of the page ---- */

  function ensureField(form, name) {
    if (form.querySelector(`input[name="${name}"]`)) return;
    const field = document.createElement('input');
    field.type = 'hidden';
    field.name = name;
    form.appendChild(field);
    state.injected.push(field);
  }

  function prepare(form) {
    ensureField(form, 'omiseToken');
    ensureField(form, 'omiseSource');
  }

  function opens(button, form, config) {
    const pressed = (event) => {
      event.preventDefault();
      show(config(), form);
    };
    button.addEventListener('click', pressed);
    state.buttons.push({ button, pressed });
  }

  function startFromScript() {
    const script = document.querySelector('script[data-key][data-amount]');
    if (!script) return;
    const form = script.closest('form');
    if (!form) {
      console.warn('OmiseCard: the script with data-key and data-amount stands in no form, so there is no button');
      return;
    }
    state.ready = true;
    ensureFrame();
    prepare(form);
    const button = document.createElement('button');
    button.className = 'omise-checkout-button';
    button.innerHTML = merged(script.dataset).buttonLabel;
    script.parentNode.insertBefore(button, script.nextSibling);
    state.injected.push(button);
    opens(button, form, () => merged(script.dataset));
  }

  function attachOne({ buttonId, configuration }) {
    const button = document.querySelector(buttonId);
    if (!button) throw new Error(`OmiseCard: nothing on the page is ${buttonId}`);
    const target = configuration.submitFormTarget;
    const form = target ? document.querySelector(target) : button.closest('form');
    if (!form) throw new Error(`OmiseCard: no form around ${buttonId} and no submitFormTarget`);
    button.innerHTML = configuration.buttonLabel;
    prepare(form);
    opens(button, form, () => configuration);
  }

  const waiting = [];

  // What these return was seen of the genuine script, but for attach(): true is our inference.
  window.OmiseCard = {
    prepareConfig,
    setTokenAtOmiseTokenField,
    createParentFrameHandler,
    configure(config) {
      state.defaults = merged(config);
      state.ready = true;
      if (!isEmbedded(state.defaults)) ensureFrame();
      return { ...state.defaults };
    },
    configureButton(buttonId, config) {
      const one = { buttonId, configuration: merged(config) };
      const button = document.querySelector(buttonId);
      if (button) button.innerHTML = one.configuration.buttonLabel;
      waiting.push(one);
      return one;
    },
    attach() {
      state.ready = true;
      ensureFrame();
      waiting.splice(0).forEach(attachOne);
      return true;
    },
    open(config, opened) {
      if (!state.ready) return false;
      const wanted = merged(config);
      if (isEmbedded(wanted)) embed(wanted);
      else show(wanted, null, opened);
      return true;
    },
    requestCardToken(billingAddress) {
      if (!state.embedded) throw new Error('OmiseCard: open the embedded form first');
      say(state.embedded.iframe, 'REQUEST_CARD_TOKEN', billingAddress || {});
    },
    close() {
      if (!state.ready) return false;
      hide(tellClosed);
      return true;
    },
    destroy() {
      window.removeEventListener('message', hear);
      state.buttons.splice(0).forEach(({ button, pressed }) => button.removeEventListener('click', pressed));
      state.injected.splice(0).forEach((node) => node.remove());
      if (state.iframe) state.iframe.remove();
      removeEmbedded();
      Object.assign(state, { ready: false, iframe: null, loaded: false, open: null });
    },
    getDefaultConfig() {
      return { ...state.defaults };
    },
  };

  /* ---- the functions a page may call itself ---- */

  let provider = null;

  function providerFrame() {
    if (provider) return provider;
    const iframe = document.createElement('iframe');
    iframe.src = `${BASE}provider`;
    iframe.hidden = true;
    iframe.title = 'Tokens (sandbox)';
    provider = new Promise((resolve) => {
      iframe.addEventListener('load', () => resolve(iframe), { once: true });
    });
    addToPage(iframe);
    return provider;
  }

  function askProvider(key, body) {
    return providerFrame().then((iframe) => new Promise((resolve, reject) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => (data ? resolve(data) : reject(new Error('lost')));
      iframe.contentWindow.postMessage({ key, body }, new URL(BASE).origin, [port2]);
    }));
  }

  function askForSource(key, body) {
    return fetch(`${BASE}sources/`, {
      method: 'POST',
      // No colon after the key: the genuine script leaves it out here.
      headers: { Authorization: `Basic ${btoa(key)}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    }).then((answer) => answer.json().then((content) => [answer.status, content]));
  }

  function finish(asking, lost, callback) {
    const late = new Promise((_, reject) => { setTimeout(() => reject(new Error('late')), ANSWER_MS); });
    Promise.race([asking, late]).catch(() => [0, lost]).then(([status, content]) => {
      // Off the promise, so that a mistake in the callback shows as what it is.
      setTimeout(() => callback(status, content));
    });
  }

  window.Omise = {
    publicKey: '',
    setPublicKey(key) {
      this.publicKey = key;
      return key;
    },
    createToken(type, attributes, callback) {
      const lost = { object: 'error', code: 'rpc_error', message: 'unable to connect to provider after timeout' };
      finish(askProvider(this.publicKey, { [type]: attributes }), lost, callback);
    },
    createSource(type, attributes, callback) {
      const lost = { code: 'create_source_error', error: 'cannot connect to api or cannot get response from api' };
      finish(askForSource(this.publicKey, { ...attributes, type }), lost, callback);
    },
  };

  startFromScript();
})();
