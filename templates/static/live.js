// Keeps an open page up to date: asks for it again when the server says that something has changed, and puts what is
// new in place of what was, without moving what the reader looks at or types. Where a form is being filled in it only
// says that something has changed, and what was typed stays when the reader has it shown. Without it the page is
// renewed as told in its head.
"use strict";

(() => {
  const main = document.getElementById("main");
  const seconds = Number(main.dataset.refresh) || 0;
  if (!main.dataset.live) {
    if (seconds) {
      // Asked for as its head would: to reload what a form led to would send the form once more.
      setTimeout(() => location.replace(location.pathname + location.search), seconds * 1000);
    }
    return;
  }

  // After a change comes a rest, longer where the page takes longer to write: a storm of facts is no storm of pages.
  const REST = 5000;
  const REST_PER_TIME_TAKEN = 20;

  let asking = false;
  let again = false;
  let asked = Date.now();
  let restUntil = 0;

  // What a reader can have filled in, and whether they did.
  const fields = () =>
    [...main.querySelectorAll('form[method="post"]')].flatMap((form) =>
      [...form.elements].filter((each) => each.name && each.matches("input:not([type=hidden]), textarea, select")),
    );

  const isTyped = (field) => {
    if (field.form.querySelector(".refusal, .fault")) {
      return true;
    }
    if (field.matches("select")) {
      const options = [...field.options];
      const first = Math.max(0, options.findIndex((each) => each.defaultSelected));
      return options.some((each) => each.defaultSelected)
        ? options.some((each) => each.selected !== each.defaultSelected)
        : field.selectedIndex > first;
    }
    return field.matches("[type=checkbox], [type=radio]")
      ? field.checked !== field.defaultChecked
      : field.value !== field.defaultValue;
  };

  const isFillingIn = () =>
    main.querySelector("details.act-box[open], dialog[open]") !== null || fields().some(isTyped);

  // Somebody who fills something in, has opened it or chosen text is not disturbed.
  const isBusy = () =>
    document.hidden ||
    isFillingIn() ||
    (document.activeElement && document.activeElement.matches("main input, main textarea, main select")) ||
    !getSelection().isCollapsed;

  // A form is known again by where it leads and which of those it is, a field by its name: their ids change.
  const placed = (field) => {
    const action = field.form.getAttribute("action");
    const same = fields().filter((each) => each.form.getAttribute("action") === action && each.name === field.name);
    return JSON.stringify([action, field.name, same.indexOf(field)]);
  };

  const keep = () => fields().filter(isTyped).map((field) => [placed(field), field.value, field.checked, field]);

  const opened = () => [...main.querySelectorAll("details[open] form")].map((form) => form.getAttribute("action"));

  // What the reader folded or unfolded stays so.
  const folded = () => [...main.querySelectorAll("details[id]")].map((each) => [each.id, each.open]);

  const restore = (kept, open, folds) => {
    for (const [id, isOpen] of folds) {
      const each = document.getElementById(id);
      if (each) {
        each.open = isOpen;
      }
    }
    for (const form of main.querySelectorAll("details form")) {
      if (open.includes(form.getAttribute("action"))) {
        form.closest("details").open = true;
      }
    }
    const places = new Map(fields().map((field) => [placed(field), field]));
    const homeless = [];
    for (const [place, value, checked, was] of kept) {
      const field = places.get(place);
      if (field && field.matches("[type=checkbox], [type=radio]")) {
        field.checked = checked;
      } else if (field) {
        field.value = value;
      }
      if ((!field || field.value !== value) && was.matches("textarea, input:not([type=checkbox], [type=radio])")) {
        homeless.push(value);
      }
    }
    const lost = main.querySelector("#homeless");
    if (lost && homeless.length) {
      lost.querySelector("pre").textContent = homeless.join("\n\n");
      lost.hidden = false;
    }
  };

  const renew = async () => {
    asking = true;
    again = false;
    asked = Date.now();
    const kept = keep();
    const open = opened();
    const folds = folded();
    try {
      await htmx.ajax("GET", main.dataset.from, {
        target: "#main",
        select: "#main",
        swap: "outerMorph",
        // Nobody asked for it: a page that lies open keeps no session from ending.
        headers: { "X-By-Itself": "yes" },
      });
      restore(kept, open, folds);
    } finally {
      asking = false;
      restUntil = Date.now() + Math.max(REST, REST_PER_TIME_TAKEN * (Date.now() - asked));
    }
  };

  const tell = () => {
    const line = main.querySelector("#news");
    if (line === null || !isFillingIn()) {
      return;
    }
    const time = new Date().toLocaleTimeString(document.documentElement.lang, {
      hour: "2-digit", minute: "2-digit", hourCycle: "h23",
    });
    line.querySelector("span").textContent = line.dataset.words.replace("{time}", time);
    line.hidden = false;
  };

  const renewUnlessBusy = () => {
    if (asking || Date.now() < restUntil || isBusy()) {
      again = true;
      return;
    }
    renew();
  };

  main.addEventListener("click", (event) => {
    if (event.target.closest("#news a") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      renew();
    }
  });

  const source = new EventSource(main.dataset.live);
  source.addEventListener("changed", () => {
    tell();
    renewUnlessBusy();
  });
  // What came while the reader was busy is caught up with, and figures never grow old on an open page.
  setInterval(() => {
    if (again || (seconds && Date.now() - asked > seconds * 1000)) {
      renewUnlessBusy();
    }
  }, 1000);
  document.addEventListener("visibilitychange", () => again && renewUnlessBusy());
})();
