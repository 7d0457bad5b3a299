// Moves about the board by keyboard: arrows (or h, j, k, l) from cell to cell, Home and End within a row, / to search.
"use strict";

(() => {
  const cells = () =>
    [...document.querySelectorAll(".board tbody tr:not(.tier-row)")].map((row) =>
      [...row.children].map((cell) => cell.querySelector("a")),
    );

  const place = (rows) => {
    for (let y = 0; y < rows.length; y += 1) {
      const x = rows[y].indexOf(document.activeElement);
      if (x >= 0) {
        return [x, y];
      }
    }
    return null;
  };

  const steps = {
    ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    h: [-1, 0], l: [1, 0], k: [0, -1], j: [0, 1],
  };

  const first = (rows) => rows.flatMap((row) => row.slice(1)).find(Boolean);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) {
      return;
    }
    if (event.key === "/") {
      const search = document.querySelector(".filters input[type=search]");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
      return;
    }
    const step = steps[event.key];
    const isEdge = event.key === "Home" || event.key === "End";
    if (!step && !isEdge) {
      return;
    }
    const rows = cells();
    const at = place(rows);
    if (at === null) {
      // Letters begin at the first cell; arrows go on scrolling until somebody is on the board.
      const begin = event.key.length === 1 ? first(rows) : null;
      if (begin) {
        event.preventDefault();
        begin.focus();
      }
      return;
    }
    event.preventDefault();
    let [x, y] = at;
    if (isEdge) {
      const filled = rows[y].map((link, index) => (link ? index : -1)).filter((index) => index >= 0);
      rows[y][event.key === "Home" ? filled[0] : filled[filled.length - 1]].focus();
      return;
    }
    do {
      x += step[0];
      y += step[1];
    } while (rows[y] && x >= 0 && x < rows[y].length && !rows[y][x]);
    if (rows[y] && rows[y][x]) {
      rows[y][x].focus();
      rows[y][x].scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  });
})();
