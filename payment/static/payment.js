// What the payment pages do beyond plain HTML: watch an order that waits, count down, copy a
// number, and pay once.

(function () {
  "use strict";

  // An order that waits is asked about ever more slowly, and at once when its shopper comes back
  // from another tab or app; the page is drawn anew when it moved.
  function watch(page) {
    var wait = 2500;
    var timer = window.setTimeout(ask, wait);
    var asking = false;
    function later() {
      asking = false;
      wait = Math.min(wait * 1.15, 15000);
      timer = window.setTimeout(ask, wait);
    }
    function ask() {
      window.clearTimeout(timer);
      if (asking) {
        return;
      }
      if (document.hidden) {
        later();
        return;
      }
      asking = true;
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
    function now() {
      wait = 2500;
      ask();
    }
    document.addEventListener("visibilitychange", function () {
      if (!document.hidden) {
        now();
      }
    });
    window.addEventListener("focus", now);
    return now;
  }

  var page = document.querySelector("[data-watch]");
  var askNow = page ? watch(page) : function () {};

  // The server writes UTC; the shopper's own clock says it better.
  document.querySelectorAll("time[datetime]").forEach(function (moment) {
    var when = new Date(moment.dateTime);
    if (!isNaN(when)) {
      moment.textContent = when.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    }
  });

  // So many seconds were left when the server drew the page: the shopper's clock may be wrong.
  function two(number) {
    return (number < 10 ? "0" : "") + number;
  }

  document.querySelectorAll("[data-left]").forEach(function (place) {
    var ends = Date.now() + 1000 * Number(place.dataset.left);
    function show() {
      var left = Math.max(0, Math.round((ends - Date.now()) / 1000));
      var minutes = Math.floor(left / 60) % 60;
      var days = Math.floor(left / 86400);
      var hours = Math.floor(left / 3600) % 24;
      place.textContent = "in " + (days ? days + " d " : "") + two(hours) + ":" + two(minutes) + ":" + two(left % 60);
      if (left) {
        return;
      }
      window.clearInterval(ticking);
      document.querySelector("[data-until-over]").hidden = true;
      document.querySelector("[data-over]").hidden = false;
      askNow();
    }
    var ticking = window.setInterval(show, 1000);
    show();
  });

  document.querySelectorAll("[data-copy]").forEach(function (button) {
    var row = button.closest("[data-copy-row]");
    row.hidden = !navigator.clipboard;
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(button.dataset.copy).then(
        function () {
          row.querySelector("[data-copied]").hidden = false;
        },
        function () {
          // Not allowed here: the number is selected as a whole by one touch.
          row.hidden = true;
        }
      );
    });
  });

  // Banking apps take codes from photos, and a photo is no SVG: what is saved is drawn anew, with
  // the white edge that a scanner needs.
  function save(link) {
    var image = document.getElementById(link.dataset.save);
    var side = 900;
    var canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    var paper = canvas.getContext("2d");
    paper.fillStyle = "#fff";
    paper.fillRect(0, 0, side, side);
    paper.imageSmoothingEnabled = false;
    paper.drawImage(image, 50, 50, side - 100, side - 100);
    canvas.toBlob(function (file) {
      var made = document.createElement("a");
      made.href = URL.createObjectURL(file);
      made.download = link.download;
      made.click();
      window.setTimeout(URL.revokeObjectURL, 60000, made.href);
    });
  }

  document.querySelectorAll("[data-save]").forEach(function (link) {
    link.addEventListener("click", function (event) {
      if (document.getElementById(link.dataset.save).naturalWidth) {
        event.preventDefault();
        save(link);
      }
    });
  });

  document.querySelectorAll("[data-pay-once]").forEach(function (form) {
    form.addEventListener("submit", function () {
      // Only once the form has taken along which button was pressed.
      window.setTimeout(function () {
        form.querySelector("button").disabled = true;
      });
    });
  });

  // Omise.js puts its own button into the form; without it there is no way to pay by card.
  var form = document.querySelector(".checkout-form");
  if (form && !form.querySelector(".omise-checkout-button")) {
    document.getElementById("no-form").hidden = false;
  }

  // A form without its cookie is refused: say so before a card is typed.
  var noCookies = document.getElementById("no-cookies");
  if (noCookies && !navigator.cookieEnabled) {
    noCookies.hidden = false;
    document.querySelectorAll(".payment form").forEach(function (one) {
      one.hidden = true;
    });
  }

  // A page that comes back from the browser's memory may show an order that has moved on.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) {
      window.location.reload();
    }
  });
})();
