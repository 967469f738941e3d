// A form marked data-stay changes the page where the shopper is, in place of loading it anew.
// data-stay="main": its answer shows what is new of the page's body, too.
"use strict";

let turn = Promise.resolve();

addEventListener("submit", (event) => {
  const { target: form, submitter: pressed } = event;
  if (!("stay" in form.dataset) || !pressed || "leaves" in pressed.dataset) return;
  event.preventDefault();
  // Whoever presses twice means it twice: the second waits for what the first one changes.
  const { name, value } = pressed;
  const id = pressed.id || document.activeElement.id;
  const address = pressed.getAttribute("formaction") || form.getAttribute("action");
  turn = turn.then(() => send(form.id, address, { id, name, value }));
});

async function send(formId, address, pressed) {
  const form = document.getElementById(formId);
  if (!form) return;
  const body = new URLSearchParams(new FormData(form));
  if (pressed.name) body.append(pressed.name, pressed.value);
  try {
    const answer = await fetch(address, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    show(page, form.dataset.stay === "main" || !answer.ok);
    focusAgain(pressed, form);
  } catch {
    location.reload();
  }
}

function show(page, whole) {
  document.title = page.title;
  for (const id of ["things", "flashes", ...(whole ? ["main"] : [])]) {
    const now = page.getElementById(id);
    document.getElementById(id).replaceChildren(...now.childNodes);
  }
}

function focusAgain(pressed, form) {
  if (form.isConnected) return;
  const again = pressed.id && document.getElementById(pressed.id);
  const next = again && again.disabled ? again.parentElement.querySelector("input") : again;
  (next || document.getElementById("main")).focus({ preventScroll: true });
}
