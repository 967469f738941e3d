/*
 * Keeps a page of the dashboard fresh: draws it again every few seconds, but never under the hands of
 * somebody who is typing. Without this script the page says how old it is, and that is that.
 */
const EVERY_MS = 4000;
const main = document.querySelector('main[data-live]');
const age = document.querySelector('.age');

function changed(field) {
  if (field.type === 'checkbox') return field.checked !== field.defaultChecked;
  if (!field.options) return field.value !== field.defaultValue;
  const first = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(first, 0);
}

function inUse() {
  return main.contains(document.activeElement) || [...main.querySelectorAll('input, select')].some(changed);
}

function redraw(fresh) {
  const open = [...main.querySelectorAll('details[open]')].map(({ id }) => id);
  main.innerHTML = fresh.innerHTML;
  open.map((id) => document.getElementById(id)).filter(Boolean).forEach((details) => { details.open = true; });
}

async function look() {
  if (document.hidden) return;
  if (inUse()) {
    note('stands still while you use it');
    return;
  }
  try {
    const answer = await fetch(window.location.href, { headers: { Accept: 'text/html' } });
    // The page that a refused action was answered with cannot be fetched again.
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (inUse()) return;
    redraw(page.querySelector('main'));
    age.replaceChildren(...page.querySelector('.age').childNodes);
    note('updates itself');
  } catch {
    note('could not be drawn again');
  }
}

function note(words) {
  const [, ...old] = age.querySelectorAll('time, span');
  old.forEach((node) => node.remove());
  const said = document.createElement('span');
  said.textContent = `, ${words}`;
  age.append(said);
}

if (main) {
  note('updates itself');
  setInterval(look, EVERY_MS);
}
