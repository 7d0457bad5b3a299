// Tells the next page the reader's own time zone, shows moments that only a browser knows, and asks before what
// cannot be undone. Everything works without it.
"use strict";

(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) {
    document.cookie = `ltl-zone=${encodeURIComponent(zone)}; Path=/; SameSite=Lax; Max-Age=31536000`;
  }

  // A form that was sent is not sent again by an impatient finger.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (form.method === "post" && !form.hasAttribute("data-hx-post")) {
      form.dataset.sent = "yes";
    }
  });
  // What the browser brings back from its memory may be sent anew.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });
})();
