// What the payment pages do beyond plain HTML: watch an order that waits, and pay once.

(function () {
  "use strict";

  // An order that waits is asked about ever more slowly; the page is drawn anew when it moved.
  function watch(page) {
    var wait = 2500;
    function later() {
      wait = Math.min(wait * 1.15, 15000);
      window.setTimeout(ask, wait);
    }
    function ask() {
      if (document.hidden) {
        later();
        return;
      }
      fetch(page.dataset.watch, { credentials: "same-origin", cache: "no-store" })
        .then(function (answer) {
          return answer.ok ? answer.json() : null;
        })
        .then(function (order) {
          if (order && order.state !== page.dataset.state) {
            window.location.reload();
          } else {
            later();
          }
        })
        .catch(later);
    }
    document.addEventListener("visibilitychange", function () {
      if (!document.hidden) {
        wait = 2500;
      }
    });
    window.setTimeout(ask, wait);
  }

  var page = document.querySelector("[data-watch]");
  if (page) {
    watch(page);
  }

  // The server writes UTC; the shopper's own clock says it better.
  document.querySelectorAll("time[datetime]").forEach(function (moment) {
    var when = new Date(moment.dateTime);
    if (!isNaN(when)) {
      moment.textContent = when.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    }
  });

  document.querySelectorAll("[data-pay-once]").forEach(function (form) {
    form.addEventListener("submit", function () {
      form.querySelector("button").disabled = true;
    });
  });

  // Omise.js puts its own button into the form; without it there is no way to pay.
  var form = document.querySelector(".checkout-form");
  if (form && !form.querySelector(".omise-checkout-button")) {
    document.getElementById("no-form").hidden = false;
  }

  // A page that comes back from the browser's memory may show an order that has moved on.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) {
      window.location.reload();
    }
  });
})();
