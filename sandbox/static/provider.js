/*
 * Makes tokens for Omise.createToken, in a hidden frame of the sandbox's own: the shop's page calls
 * nobody itself, so its policy needs frame-src and no connect-src, as with the genuine vault. How the
 * genuine frame talks with its page (easyXDM) is not imitated.
 */
const TOKENS = new URL('../tokens', import.meta.url).href;

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
