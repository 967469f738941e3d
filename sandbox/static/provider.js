/*
 * Makes tokens for Omise.createToken, in a hidden frame of the sandbox's own: the shop's page calls
 * nobody itself, so its policy needs frame-src and no connect-src, as with the genuine vault. Our own
 * script asks over a MessagePort. The genuine one asks with easyXDM (MIT), whose calls are JSON-RPC
 * in messages that begin with the name of a channel; how a refusal travels there is an inference.
 */
const TOKENS = new URL('../tokens', import.meta.url).href;
const NO_SUCH_CALL = { code: -32601, message: 'Procedure not found.' };
const LOST = { code: -32099, message: 'no answer', data: { status: 0, data: { code: 'rpc_error' } } };

async function answer({ key, body }) {
  const response = await fetch(TOKENS, {
    method: 'POST',
    credentials: 'omit',
    headers: { Authorization: `Basic ${btoa(`${key}:`)}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return [response.status, await response.json()];
}

window.addEventListener('message', async (event) => {
  const [port] = event.ports;
  if (event.source !== window.parent || !port) return;
  try {
    port.postMessage(await answer(event.data));
  } catch {
    // The page knows what a lost connection looks like.
    port.postMessage(null);
  }
});

async function called({ method, params }) {
  if (method !== 'createToken') return { error: NO_SUCH_CALL };
  try {
    const [status, data] = await answer({ key: params[0], body: params[1] });
    return { result: { status, data } };
  } catch {
    return { error: LOST };
  }
}

/* Answers a page that framed this one with easyXDM: xdm_c is the channel, xdm_e the page's origin. */
function serve(channel, page) {
  const say = (text) => window.parent.postMessage(channel + text, page);
  window.addEventListener('message', async ({ source, origin, data }) => {
    const meant = source === window.parent && origin === page;
    if (!meant || typeof data !== 'string' || !data.startsWith(`${channel} `)) return;
    const call = JSON.parse(data.slice(channel.length + 1));
    const said = await called(call);
    if (call.id) say(` ${JSON.stringify({ id: call.id, ...said, jsonrpc: '2.0' })}`);
  });
  say('-ready');
}

const asked = new URLSearchParams(window.location.search);
// 1 is postMessage, which easyXDM chooses in every browser of today.
if (asked.get('xdm_p') === '1') serve(asked.get('xdm_c'), asked.get('xdm_e'));
