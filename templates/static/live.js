// Keeps an open page up to date: asks for it again when the server says that something has changed, and puts what is
// new in place of what was, without moving what the reader looks at or types. Without it the page is renewed as told
// in its head.
"use strict";

(() => {
  const main = document.getElementById("main");
  const seconds = Number(main.dataset.refresh);
  if (!seconds) {
    return;
  }

  if (!main.dataset.live) {
    setTimeout(() => location.reload(), seconds * 1000);
    return;
  }

  // After a change comes a rest, longer where the page takes longer to write: a storm of facts is no storm of pages.
  const REST = 5000;
  const REST_PER_TIME_TAKEN = 20;

  let asking = false;
  let again = false;
  let asked = Date.now();
  let restUntil = 0;

  // Somebody who fills something in, has opened it or chosen text is not disturbed.
  const isBusy = () =>
    document.hidden ||
    main.querySelector("details.act-box[open], dialog[open]") !== null ||
    (document.activeElement && document.activeElement.matches("main input, main textarea, main select")) ||
    !getSelection().isCollapsed;

  const renew = async () => {
    if (asking || Date.now() < restUntil || isBusy()) {
      again = true;
      return;
    }
    asking = true;
    again = false;
    asked = Date.now();
    try {
      await htmx.ajax("GET", location.href, { target: "#main", select: "#main", swap: "outerMorph" });
    } finally {
      asking = false;
      restUntil = Date.now() + Math.max(REST, REST_PER_TIME_TAKEN * (Date.now() - asked));
    }
  };

  const source = new EventSource(main.dataset.live);
  source.addEventListener("changed", renew);
  // What came while the reader was busy is caught up with, and figures never grow old on an open page.
  setInterval(() => {
    if (again || Date.now() - asked > seconds * 1000) {
      renew();
    }
  }, 1000);
  document.addEventListener("visibilitychange", () => again && renew());
})();
