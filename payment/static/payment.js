// What the payment pages do beyond plain HTML: pay once and say so, check what is typed before a
// card is, watch an order that waits, count down, copy a number, leave for a bank.

(() => {
  "use strict";

  function all(selector, act) {
    document.querySelectorAll(selector).forEach(act);
  }

  // A payment takes as long as Omise does: the page is covered, and said aloud, at once.
  const paying = document.getElementById("paying");

  function cover() {
    if (!paying || !paying.showModal || paying.open) {
      return;
    }
    paying.showModal();
    const said = paying.querySelector("[data-say]");
    setTimeout(() => (said.textContent = said.dataset.say));
  }

  if (paying) {
    paying.addEventListener("cancel", (event) => event.preventDefault());
  }

  all("[data-pay-once]", (form) => {
    form.addEventListener("submit", () => {
      cover();
      // Only once the form has taken along which button was pressed.
      setTimeout(() => {
        form.querySelector("button:not([type])").disabled = true;
      });
    });
  });

  // Omise.js puts its own button into the form, and its submit() is not heard of as an event.
  const form = document.querySelector(".checkout-form");
  const omise = form && form.querySelector(".omise-checkout-button");

  // A card is saved under an address: what is wrong with it is said before the card is typed.
  function mayPay() {
    const email = form.elements.email;
    const text = email.value.trim();
    const odd = text && !/^[^@\s]{1,64}@[^@\s]{1,185}$/.test(text);
    const why = odd ? email.dataset.odd : !text && form.elements.remember.checked ? email.dataset.missing : "";
    const told = document.getElementById("email-refused");
    email.setAttribute("aria-invalid", why ? "true" : "false");
    told.textContent = why;
    told.hidden = !why;
    return !why;
  }

  if (omise) {
    form.addEventListener(
      "click",
      (event) => {
        if (event.target.closest(".omise-checkout-button") && !mayPay()) {
          event.preventDefault();
          event.stopPropagation();
          form.elements.email.focus();
        }
      },
      true
    );
    all("#email, #remember", (field) => {
      field.addEventListener("change", mayPay);
    });
    form.submit = () => {
      cover();
      omise.disabled = true;
      // Some browsers draw nothing any more once they wait for the answer.
      setTimeout(() => {
        HTMLFormElement.prototype.submit.call(form);
      }, 50);
    };
  } else if (form) {
    document.getElementById("no-form").hidden = false;
  }

  // A form without its cookie is refused: say so before a card is typed.
  const noCookies = document.getElementById("no-cookies");
  if (noCookies && !navigator.cookieEnabled) {
    noCookies.hidden = false;
    all(".payment form", (one) => {
      one.hidden = true;
    });
  }

  // An order that waits is asked about ever more slowly, and at once when its shopper comes back
  // from another tab or app; the page is drawn anew when it moved.
  const MOVED = "payment-moved";

  function watch(page) {
    let wait = 2500;
    let timer = setTimeout(ask, wait);
    let asking = false;
    function later() {
      asking = false;
      wait = Math.min(wait * 1.15, 15000);
      timer = setTimeout(ask, wait);
    }
    function ask() {
      clearTimeout(timer);
      if (asking) {
        return;
      }
      if (document.hidden) {
        later();
        return;
      }
      asking = true;
      fetch(page.dataset.watch, { credentials: "same-origin", cache: "no-store" })
        .then((answer) => (answer.ok ? answer.json() : null))
        .then((order) => {
          if (order && order.state !== page.dataset.state) {
            window.name = MOVED;
            location.reload();
          } else {
            later();
          }
        })
        .catch(later);
    }
    function now() {
      wait = 2500;
      ask();
    }
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) {
        now();
      }
    });
    addEventListener("focus", now);
    return now;
  }

  const page = document.querySelector("[data-watch]");
  const askNow = page ? watch(page) : () => {};

  // Drawn anew by itself: the focus goes to the news, so that they are read out.
  const news = document.querySelector(".order-state h1");
  if (window.name === MOVED) {
    window.name = "";
    if (news) {
      news.tabIndex = -1;
      news.focus();
    }
  }

  // The server writes UTC; the shopper's own clock says it better, in the language of the page.
  all("time[datetime]", (moment) => {
    const when = new Date(moment.dateTime);
    if (!isNaN(when)) {
      const spoken = moment.closest("[lang]");
      moment.textContent = when.toLocaleString(spoken ? spoken.lang : undefined, {
        dateStyle: "medium",
        timeStyle: "long",
      });
    }
  });

  // So many seconds were left when the server drew the page: the shopper's clock may be wrong.
  function two(number) {
    return (number < 10 ? "0" : "") + number;
  }

  all("[data-left]", (place) => {
    const ends = Date.now() + 1000 * Number(place.dataset.left);
    function show() {
      const left = Math.max(0, Math.round((ends - Date.now()) / 1000));
      const hours = Math.floor(left / 3600);
      const minutes = Math.floor(left / 60) % 60;
      place.textContent = (hours ? hours + ":" + two(minutes) : minutes) + ":" + two(left % 60);
      if (left) {
        return;
      }
      clearInterval(ticking);
      document.querySelector("[data-until-over]").hidden = true;
      document.querySelector("[data-over]").hidden = false;
      askNow();
    }
    const ticking = setInterval(show, 1000);
    show();
  });

  all("[data-copy]", (button) => {
    const row = button.closest("[data-copy-row]");
    row.hidden = !navigator.clipboard;
    button.addEventListener("click", () => {
      navigator.clipboard.writeText(button.dataset.copy).then(
        () => {
          row.querySelector("[data-copied]").hidden = false;
        },
        () => {
          // Not allowed here: the number is selected as a whole by one touch.
          row.hidden = true;
        }
      );
    });
  });

  all(".code img", (image) => {
    image.decode().catch(() => {
      document.querySelector("[data-no-code]").hidden = false;
    });
  });

  // Banking apps take codes from photos, and a photo is no SVG: what is saved is drawn anew, with
  // the white edge that a scanner needs.
  function save(link, image) {
    const side = 900;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const paper = canvas.getContext("2d");
    paper.fillStyle = "#fff";
    paper.fillRect(0, 0, side, side);
    paper.imageSmoothingEnabled = false;
    paper.drawImage(image, 50, 50, side - 100, side - 100);
    canvas.toBlob((file) => {
      const made = document.createElement("a");
      made.href = URL.createObjectURL(file);
      made.download = link.download;
      made.click();
      setTimeout(URL.revokeObjectURL, 60000, made.href);
    });
  }

  all("[data-save]", (link) => {
    link.addEventListener("click", (event) => {
      const image = document.getElementById(link.dataset.save);
      if (image.naturalWidth) {
        event.preventDefault();
        save(link, image);
      }
    });
  });

  // On the way to a bank: after three seconds, or at once; back from there leads to the order.
  all("[data-leave]", (link) => {
    const visit = performance.getEntriesByType("navigation")[0];
    if (visit && visit.type === "back_forward") {
      location.replace(link.dataset.leave);
      return;
    }
    function leave() {
      location.replace(link.href);
    }
    link.addEventListener("click", (event) => {
      event.preventDefault();
      leave();
    });
    document.querySelector("[data-moves]").hidden = false;
    setTimeout(leave, 3000);
  });

  // A page that comes back from the browser's memory may show an order that has moved on.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) {
      return;
    }
    if (paying && paying.open) {
      paying.close();
    }
    all("button", (button) => {
      button.disabled = false;
    });
    location.reload();
  });
})();
