// A grid of very many rows: only the rows on the screen are elements, fetched as they come into view. Prepended to page.js.
// Values are only ever set as text. The table keeps the focus; `aria-activedescendant` says which cell is meant.
const BLOCK = 100; // rows asked for at a time
const KEPT_BLOCKS = 80;
const ROW_HEIGHT = 30;
const SPARE_ROWS = 8;
const NARROWEST = 48;
const GRID_KEYS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
};
let gridsMade = 0;

function put(parent, tag, attributes = {}, text = "") {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  if (parent) parent.appendChild(element);
  return element;
}

const counted = (number) => number.toLocaleString("en").replaceAll(",", "\u202f");

function mountGrid(host, first, line) {
  const own = `wb-grid-${++gridsMade}`;
  let options = first;
  let blocks = new Map(); // block number -> rows
  let shownView = ""; // the view the kept blocks belong to
  let asking = false;
  let rows = new Map(); // row index -> tr
  let at = { row: 0, column: 1 }; // row -1 is the header; column 0 the row's number
  let chosen = new Map(); // row id -> row index
  let anchor = null;
  let editing = null;
  let menu = null;
  let said = "";
  const widths = new Map();
  const sized = new Set(); // columns a person gave a width
  const pending = new Map(); // "row id, column" -> what was typed, until the other side has answered

  host.className = "wb-grid";
  const scroll = put(host, "div", { class: "wb-grid-scroll" });
  const table = put(scroll, "table", { role: "grid", tabindex: "0", "aria-multiselectable": "true", "aria-busy": "true" });
  const columns = put(table, "colgroup");
  const head = put(put(table, "thead", { role: "rowgroup" }), "tr", { role: "row", "aria-rowindex": "1" });
  head.wbIndex = -1;
  const body = put(table, "tbody", { role: "rowgroup" });
  const above = put(body, "tr", { class: "spacer", "aria-hidden": "true" });
  const below = put(body, "tr", { class: "spacer", "aria-hidden": "true" });
  const foot = put(host, "div", { class: "wb-grid-foot" });
  const status = put(foot, "span", { role: "status", "aria-live": "polite", class: "says" });
  const place = put(foot, "span", { class: "place" });
  const actions = put(foot, "span", { class: "actions-row" });
  const field = put(foot, "input", { type: "hidden", name: "rows" });

  const total = () => options.total;
  const width = () => options.columns.length;
  const nameAt = (column) => options.columns[column - 1].name;
  const rowAt = (index) => (blocks.get(Math.floor(index / BLOCK)) || [])[index % BLOCK];
  const cellId = (row, column) => `${own}-${row}-${column}`;

  // ---- drawing

  function drawHead() {
    columns.replaceChildren();
    head.replaceChildren();
    put(columns, "col", { style: "width:4.6rem" });
    put(head, "th", { role: "columnheader", scope: "col", class: "corner", id: cellId(-1, 0), "aria-colindex": "1", title: "Row" }, "№");
    const numbers = 74;
    const wanted = options.columns.map((column, index) => widths.get(column.name) || guessed(column.name, index));
    const room = scroll.clientWidth - numbers - wanted.reduce((sum, wide) => sum + wide, 0);
    const free = options.columns.filter((column) => !sized.has(column.name)).length;
    let sum = numbers;
    options.columns.forEach((column, index) => {
      const spread = room > 0 && !sized.has(column.name) ? Math.floor(room / free) : 0; // few columns share the room there is
      const wide = wanted[index] + spread;
      sum += wide;
      put(columns, "col", { style: `width:${wide}px` });
      const cell = put(head, "th", { role: "columnheader", scope: "col", id: cellId(-1, index + 1), "aria-colindex": String(index + 2) });
      const [sorted, downwards] = options.sort || [];
      cell.setAttribute("aria-sort", sorted !== column.name ? "none" : downwards ? "descending" : "ascending");
      if (column.filtered) cell.classList.add("filtered");
      const inner = put(cell, "div", { class: "heading" });
      put(inner, "span", { class: "label", dir: "auto", title: column.name }, column.name);
      put(inner, "span", { class: "arrow", "aria-hidden": "true" }, sorted !== column.name ? "" : downwards ? "▼" : "▲");
      put(inner, "span", { class: "opener", title: "Column menu (m)", "aria-hidden": "true" }, "▾");
      put(inner, "span", { class: "grip", "aria-hidden": "true", title: "Drag to resize; twice to fit" });
    });
    table.style.width = `${sum}px`;
    table.setAttribute("aria-colcount", String(width() + 1));
    table.setAttribute("aria-rowcount", String(total() + 1));
    table.setAttribute("aria-label", options.label || "Rows");
    if (!options.editable) table.setAttribute("aria-readonly", "true");
    else table.removeAttribute("aria-readonly");
  }

  function guessed(name, index) {
    const sample = (blocks.get(0) || []).slice(0, 60);
    if (!sample.length) return 160;
    const longest = sample.map((row) => row[2][index].length).sort((a, b) => a - b)[Math.floor(sample.length * 0.9)] || 0;
    const wide = Math.max(90, Math.min(320, Math.max(longest * 7.6 + 24, name.length * 8 + 52)));
    widths.set(name, Math.round(wide));
    return Math.round(wide);
  }

  function fill(tr, index) {
    const row = rowAt(index);
    tr.wbRow = row;
    tr.wbIndex = index;
    tr.className = row ? "" : "waiting";
    tr.setAttribute("aria-rowindex", String(index + 2));
    if (tr.children.length !== width() + 1) {
      tr.replaceChildren();
      put(tr, "th", { role: "rowheader", scope: "row", "aria-colindex": "1" });
      for (let column = 1; column <= width(); column++) put(tr, "td", { role: "gridcell", dir: "auto", "aria-colindex": String(column + 1) });
    }
    [...tr.children].forEach((cell, column) => {
      cell.id = cellId(index, column);
      cell.className = "";
      cell.removeAttribute("title");
      cell.removeAttribute("aria-invalid");
      if (!row) cell.textContent = column ? "" : counted(index + 1);
      else if (column === 0) {
        cell.textContent = counted(row[1]);
        if (row[4]) {
          cell.className = "flagged";
          cell.title = `Flagged: ${row[4]}`;
        }
      } else drawCell(cell, row, column);
    });
    const marked = row && chosen.has(row[0]);
    tr.setAttribute("aria-selected", marked ? "true" : "false");
    if (marked) tr.classList.add("chosen");
    if (index === at.row && tr.children[at.column]) tr.children[at.column].classList.add("at");
  }

  function drawCell(cell, row, column) {
    const waiting = pending.get(`${row[0]} ${nameAt(column)}`);
    const text = waiting === undefined ? row[2][column - 1] : waiting;
    cell.textContent = text.length > 300 ? `${text.slice(0, 300)} …` : text.replaceAll("\n", "⏎");
    const mark = (row[3] || {})[column - 1];
    const notes = [];
    if (waiting !== undefined) cell.classList.add("pending");
    if (mark && mark.e) {
      cell.classList.add("error");
      cell.setAttribute("aria-invalid", "true");
      notes.push(mark.e);
    }
    if (mark && mark.w !== undefined) {
      cell.classList.add("changed");
      notes.push(`was: ${mark.w || "(blank)"}`);
    }
    if (notes.length) cell.title = notes.join("\n");
    if (options.columns[column - 1].kind === "number") cell.classList.add("number");
  }

  function window_() {
    const top = Math.max(0, scroll.scrollTop - ROW_HEIGHT); // below the header
    const start = Math.max(0, Math.floor(top / ROW_HEIGHT) - SPARE_ROWS);
    const end = Math.min(total(), Math.ceil((scroll.scrollTop + scroll.clientHeight) / ROW_HEIGHT) + SPARE_ROWS);
    return [Math.min(start, end), end];
  }

  function draw(everything) {
    const [start, end] = window_();
    for (const [index, tr] of rows) {
      if (index < start || index >= end) {
        tr.remove();
        rows.delete(index);
      }
    }
    for (let index = start; index < end; index++) {
      let tr = rows.get(index);
      if (!tr) {
        tr = put(null, "tr", { role: "row" });
        let next = below;
        for (let after = index + 1; after < end; after++) {
          if (rows.has(after)) {
            next = rows.get(after);
            break;
          }
        }
        body.insertBefore(tr, next);
        rows.set(index, tr);
        fill(tr, index);
      } else if (everything || tr.wbRow !== rowAt(index)) fill(tr, index);
    }
    above.style.height = `${start * ROW_HEIGHT}px`;
    below.style.height = `${Math.max(0, total() - end) * ROW_HEIGHT}px`;
    above.hidden = start === 0;
    below.hidden = end >= total();
    drawAt();
    fetchMissing();
  }

  function drawAt() {
    table.querySelectorAll(".at").forEach((cell) => cell.classList.remove("at"));
    const cell = document.getElementById(cellId(at.row, at.column));
    if (cell) {
      cell.classList.add("at");
      table.setAttribute("aria-activedescendant", cell.id);
    } else table.removeAttribute("aria-activedescendant");
    const marks = chosen.size ? `${counted(chosen.size)} selected · ` : "";
    place.textContent = !total() ? "No rows" : `${marks}row ${counted(Math.max(0, at.row) + 1)} of ${counted(total())}`;
    field.value = [...chosen.keys()].join(",");
    const cellNow = cell && at.row >= 0 && cell.title;
    say(said || (cellNow ? cell.title.replaceAll("\n", " · ") : ""));
  }

  function say(text) {
    if (status.textContent !== text) status.textContent = text;
  }

  function drawActions() {
    actions.replaceChildren();
    for (const action of options.actions || []) {
      const able = chosen.size >= (action.least || 1) && chosen.size <= (action.most || Infinity);
      const button = put(actions, "button", { type: "button", class: "small" }, action.label);
      button.hidden = !chosen.size;
      button.disabled = !able;
      if (action.title) button.title = action.title;
      button.addEventListener("click", () => line.send(action.command, { ...action.args, rows: [...chosen.keys()] }));
    }
  }

  // ---- fetching

  function fetchMissing() {
    if (asking) return;
    const stale = shownView !== options.view;
    const [start, end] = window_();
    const low = Math.floor(start / BLOCK);
    const high = Math.floor(Math.max(start, end - 1) / BLOCK);
    const missing = [];
    for (let block = low; block <= high; block++) if (stale || !blocks.has(block)) missing.push(block);
    table.setAttribute("aria-busy", missing.length && total() ? "true" : "false");
    if (!missing.length || !total()) {
      if (!total()) {
        blocks = new Map();
        shownView = options.view;
      }
      return;
    }
    asking = true;
    const view = options.view;
    const [from, to] = [missing[0], missing[missing.length - 1] + 1];
    line.ask(options.read, { offset: from * BLOCK, limit: (to - from) * BLOCK }).then((answer) => {
      asking = false;
      if (!answer || !answer.rows) {
        table.setAttribute("aria-busy", "false");
        return;
      }
      if (answer.view === options.view) {
        const fresh = shownView !== answer.view;
        const unsized = !blocks.size;
        if (fresh) blocks = new Map();
        shownView = answer.view;
        for (let block = from; block < to; block++) {
          const part = answer.rows.slice((block - from) * BLOCK, (block - from + 1) * BLOCK);
          if (part.length) blocks.set(block, part);
        }
        if (blocks.size > KEPT_BLOCKS) {
          for (const block of [...blocks.keys()].slice(0, blocks.size - KEPT_BLOCKS)) blocks.delete(block);
        }
        if (unsized) drawHead();
        draw(fresh || unsized);
      } else if (view === options.view) {
        setTimeout(fetchMissing, 30); // the other side is ahead of what this page was told; the news is on its way
      } else fetchMissing();
    });
  }

  // ---- moving

  function reveal() {
    if (at.row >= 0) {
      const top = at.row * ROW_HEIGHT;
      const room = scroll.clientHeight - ROW_HEIGHT;
      if (top < scroll.scrollTop) scroll.scrollTop = top;
      else if (top + ROW_HEIGHT > scroll.scrollTop + room) scroll.scrollTop = top + ROW_HEIGHT - room;
    }
    if (at.column > 0) {
      const header = head.children[at.column];
      const left = header.offsetLeft;
      const kept = head.children[0].offsetWidth;
      if (left - kept < scroll.scrollLeft) scroll.scrollLeft = left - kept;
      else if (left + header.offsetWidth > scroll.scrollLeft + scroll.clientWidth) {
        scroll.scrollLeft = Math.min(left - kept, left + header.offsetWidth - scroll.clientWidth);
      }
    }
  }

  function go(row, column) {
    said = "";
    at = { row: Math.max(-1, Math.min(total() - 1, row)), column: Math.max(0, Math.min(width(), column)) };
    reveal();
    draw(false);
  }

  function choose(from, to) {
    chosen = new Map();
    for (let index = Math.min(from, to); index <= Math.max(from, to); index++) {
      const row = rowAt(index);
      if (row) chosen.set(row[0], index);
    }
    rows.forEach((tr, index) => fill(tr, index));
    drawAt();
    drawActions();
  }

  function toggle(index) {
    const row = rowAt(index);
    if (!row) return;
    if (!chosen.delete(row[0])) chosen.set(row[0], index);
    anchor = index;
    rows.forEach((tr, each) => fill(tr, each));
    drawAt();
    drawActions();
  }

  function pressed(event) {
    if (editing || menu) return;
    const page = Math.max(1, Math.floor(scroll.clientHeight / ROW_HEIGHT) - 2);
    const control = event.ctrlKey || event.metaKey;
    const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    let done = true;
    if (control && letter === "z") line.send(event.shiftKey ? options.redo : options.undo, {});
    else if (control && letter === "y") line.send(options.redo, {});
    else if (control && letter === "c") copy();
    else if (control && letter === "Home") go(0, 1);
    else if (control && letter === "End") go(total() - 1, width());
    else if (event.altKey && letter === "ArrowDown") openMenu();
    else if (control || event.altKey) done = false;
    else if (GRID_KEYS[event.key]) {
      const [down, across] = GRID_KEYS[event.key];
      if (event.shiftKey && down) {
        if (anchor === null || !chosen.size) anchor = at.row;
        go(Math.max(0, at.row + down), at.column);
        choose(anchor, at.row);
      } else go(at.row + down, at.column + across);
    } else if (letter === "PageDown") go(at.row + page, at.column);
    else if (letter === "PageUp") go(at.row < 0 ? -1 : Math.max(0, at.row - page), at.column);
    else if (letter === "Home") go(at.row, 1);
    else if (letter === "End") go(at.row, width());
    else if (letter === "Enter" || letter === "F2") at.row < 0 ? sortBy(at.column) : edit();
    else if (letter === "Delete" && at.row >= 0 && at.column > 0) write(at.row, at.column, "");
    else if (letter === " " || letter === "x") toggle(at.row);
    else if (letter === "Escape") {
      if (!chosen.size) done = false;
      else choose(0, -1);
    } else if (letter === "m") openMenu();
    else if (letter === "<" || letter === ">") resize(at.column, head.children[at.column].offsetWidth + (letter === ">" ? 24 : -24));
    else if (letter === "Tab") {
      // Tab walks the cells of a row, and leaves the grid at its ends, so that nobody is caught in it
      const next = at.column + (event.shiftKey ? -1 : 1);
      if (at.row < 0 || next < 1 || next > width()) done = false;
      else go(at.row, next);
    } else {
      const call = (options.keys || {})[letter];
      if (!call || at.column < 1) done = false;
      else line.send(call[0], { ...call[1], column: nameAt(at.column) });
    }
    if (done) event.preventDefault();
  }

  function copy() {
    const row = rowAt(at.row);
    if (row && at.column && navigator.clipboard) navigator.clipboard.writeText(row[2][at.column - 1]);
  }

  // ---- editing

  function edit() {
    const row = rowAt(at.row);
    const cell = document.getElementById(cellId(at.row, at.column));
    if (!options.editable || !row || !cell || at.column === 0) {
      if (!options.editable) said = options.readonly || "You may look, not change.";
      drawAt();
      return;
    }
    const before = pending.get(`${row[0]} ${nameAt(at.column)}`) ?? row[2][at.column - 1];
    const box = put(scroll, "textarea", { class: "editor", rows: "1", dir: "auto", spellcheck: "false" });
    box.setAttribute("aria-label", `${nameAt(at.column)}, row ${row[1]}`);
    box.value = before;
    const where = cell.getBoundingClientRect();
    const frame = scroll.getBoundingClientRect();
    box.style.left = `${where.left - frame.left + scroll.scrollLeft}px`;
    box.style.top = `${where.top - frame.top + scroll.scrollTop}px`;
    box.style.width = `${Math.max(where.width, 120)}px`;
    editing = { box, row: at.row, column: at.column, before };
    grow();
    box.focus({ preventScroll: true });
    box.select();
    box.addEventListener("keydown", editKey);
    box.addEventListener("input", grow);
    box.addEventListener("blur", () => finish(true, 0, 0));
  }

  function grow() {
    const { box } = editing;
    box.style.height = "auto";
    box.style.height = `${Math.min(220, Math.max(ROW_HEIGHT, box.scrollHeight + 2))}px`;
  }

  function editKey(event) {
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === "Escape") finish(false, 0, 0);
    else if (event.key === "Enter" && !event.altKey) finish(true, event.shiftKey ? -1 : 1, 0);
    else if (event.key === "Enter") {
      editing.box.setRangeText("\n", editing.box.selectionStart, editing.box.selectionEnd, "end");
      grow();
    } else if (event.key === "Tab") finish(true, 0, event.shiftKey ? -1 : 1);
    else if (event.key === "F2") finish(true, 0, 0);
    else return;
    event.preventDefault();
  }

  function finish(keep, down, across) {
    if (!editing) return;
    said = "";
    const { box, row, column, before } = editing;
    editing = null; // first: removing the box makes it blur
    const value = box.value;
    const hadFocus = document.activeElement === box;
    box.remove();
    if (keep && value !== before) write(row, column, value);
    if (hadFocus) {
      table.focus({ preventScroll: true });
      go(at.row + down, Math.max(1, at.column + across));
    }
  }

  function write(index, column, value) {
    const row = rowAt(index);
    if (!row || !options.editable) return;
    const name = nameAt(column);
    const key = `${row[0]} ${name}`;
    const before = row[2][column - 1];
    if (value === before && !pending.has(key)) return;
    pending.set(key, value);
    redrawCell(row, column);
    line.ask(options.edit, { row: row[0], column: name, value, was: before }, true).then((answer) => {
      if (pending.get(key) === value) pending.delete(key);
      const now = rowAt(index);
      if (answer && answer.row && now && now[0] === answer.row[0]) blocks.get(Math.floor(index / BLOCK))[index % BLOCK] = answer.row;
      if (!answer || !answer.row) {
        said = (answer && answer.problem) || "Not saved; the old value is back.";
        const cell = document.getElementById(cellId(index, column));
        if (cell) {
          cell.classList.add("refused");
          setTimeout(() => cell.classList.remove("refused"), 2500);
        }
      }
      draw(false);
      redrawCell(rowAt(index), column);
      drawAt();
    });
  }

  function redrawCell(row) {
    rows.forEach((tr, index) => {
      if (row && tr.wbRow && tr.wbRow[0] === row[0]) fill(tr, index);
    });
    drawAt();
  }

  // ---- columns: sorting, widths, the menu

  function sortBy(column) {
    if (column > 0) line.send(options.sorting, { column: nameAt(column) });
  }

  function resize(column, wide) {
    if (column < 1) return;
    widths.set(nameAt(column), Math.max(NARROWEST, Math.round(wide)));
    sized.add(nameAt(column));
    drawHead();
    drawAt();
  }

  function fitted(column) {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = getComputedStyle(table).font;
    let wide = pen.measureText(nameAt(column)).width + 56;
    rows.forEach((tr) => tr.wbRow && (wide = Math.max(wide, pen.measureText(tr.wbRow[2][column - 1].slice(0, 300)).width + 26)));
    return Math.min(900, wide);
  }

  function dragged(event, column) {
    event.preventDefault();
    const from = event.clientX - head.children[column].offsetWidth;
    const move = (now) => resize(column, now.clientX - from);
    const stop = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", stop);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", stop);
  }

  function openMenu() {
    if (at.column < 1 || !(options.menu || []).length) return;
    const column = nameAt(at.column);
    menu = put(host, "div", { class: options.menu.length < 3 ? "wb-menu few" : "wb-menu", role: "menu", "aria-label": `Column ${column}` });
    put(menu, "p", { class: "of", dir: "auto" }, column);
    const groups = put(menu, "div", { class: "groups" });
    for (const group of options.menu) {
      const part = put(groups, "div", { role: "group", "aria-label": group.title });
      put(part, "p", { class: "title", "aria-hidden": "true" }, group.title);
      for (const item of group.items) {
        const button = put(part, "button", { type: "button", role: "menuitem", tabindex: "-1" });
        put(button, "span", {}, item.label);
        if (item.key) put(button, "kbd", {}, item.key);
        button.addEventListener("click", () => {
          closeMenu();
          line.send(item.command, { ...item.args, column });
        });
      }
    }
    const where = head.children[at.column].getBoundingClientRect();
    const size = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(8, Math.min(where.left, window.innerWidth - size.width - 8))}px`;
    menu.style.top = `${Math.max(8, Math.min(where.bottom, window.innerHeight - size.height - 8))}px`;
    menu.addEventListener("keydown", menuKey);
    menu.querySelector("button").focus();
    document.addEventListener("pointerdown", outside, true);
  }

  function outside(event) {
    if (menu && !menu.contains(event.target)) closeMenu();
  }

  function closeMenu() {
    document.removeEventListener("pointerdown", outside, true);
    if (menu) menu.remove();
    menu = null;
    table.focus({ preventScroll: true });
  }

  function menuKey(event) {
    const items = [...menu.querySelectorAll("button")];
    const now = items.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    event.stopPropagation();
    if (step) items[(now + step + items.length) % items.length].focus();
    else if (event.key === "Home") items[0].focus();
    else if (event.key === "End") items[items.length - 1].focus();
    else if (event.key === "Escape" || event.key === "Tab") closeMenu();
    else if (event.key.length === 1 && /\S/.test(event.key) && !event.ctrlKey && !event.altKey) {
      const order = [...items.slice(now + 1), ...items.slice(0, now + 1)];
      const found = order.find((item) => item.textContent.toLowerCase().startsWith(event.key.toLowerCase()));
      if (found) found.focus();
    } else return;
    event.preventDefault();
  }

  // ---- the mouse

  function where(event) {
    const cell = event.target.closest("th, td");
    if (!cell || !table.contains(cell) || cell.parentNode.wbIndex === undefined) return null;
    return { row: cell.parentNode.wbIndex, column: cell.cellIndex };
  }

  table.addEventListener("click", (event) => {
    const cell = where(event);
    if (!cell) return;
    table.focus({ preventScroll: true });
    if (event.target.classList.contains("grip")) return;
    go(cell.row, cell.column);
    if (cell.row < 0) {
      if (event.target.classList.contains("opener")) openMenu();
      else if (cell.column) sortBy(cell.column);
    } else if (cell.column === 0 && event.shiftKey && anchor !== null) choose(anchor, cell.row);
    else if (cell.column === 0) toggle(cell.row);
  });
  table.addEventListener("dblclick", (event) => {
    const cell = where(event);
    if (!cell) return;
    if (cell.row >= 0) edit();
    else if (event.target.classList.contains("grip")) resize(cell.column, fitted(cell.column));
  });
  table.addEventListener("pointerdown", (event) => {
    const cell = where(event);
    if (cell && cell.row < 0 && event.target.classList.contains("grip")) dragged(event, cell.column);
  });
  table.addEventListener("contextmenu", (event) => {
    const cell = where(event);
    if (!cell || cell.column < 1) return;
    event.preventDefault();
    go(cell.row, cell.column);
    openMenu();
  });
  host.addEventListener("keydown", pressed);
  host.addEventListener("paste", (event) => {
    if (editing || menu || at.row < 0 || at.column < 1 || !event.clipboardData) return;
    event.preventDefault();
    write(at.row, at.column, event.clipboardData.getData("text/plain").replace(/\r?\n$/, ""));
  });
  let due = false;
  scroll.addEventListener("scroll", () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      draw(false);
    });
  });
  const watcher = new ResizeObserver(() => {
    drawHead();
    draw(false);
  });
  watcher.observe(scroll);

  drawHead();
  draw(true);
  drawActions();
  return {
    update(next) {
      const before = options;
      options = next;
      if (before.place !== next.place) {
        chosen = new Map();
        anchor = null;
        scroll.scrollTop = 0;
        at = { row: Math.min(0, total() - 1), column: Math.min(at.column, width()) };
        if (next.total && at.row < 0) at.row = 0;
      }
      at = { row: Math.min(at.row, total() - 1), column: Math.min(at.column, width()) };
      if (JSON.stringify([before.columns, before.sort, before.total, before.editable]) !== JSON.stringify([next.columns, next.sort, next.total, next.editable])) drawHead();
      const reshaped = JSON.stringify(before.columns.map((each) => each.name)) !== JSON.stringify(next.columns.map((each) => each.name));
      if (reshaped) {
        blocks = new Map(); // the values of the kept rows are in the order of other columns
        shownView = "";
        chosen = new Map();
      }
      if (before.total !== next.total) chosen = new Map(); // rows came or went: nobody may act on what they no longer see
      draw(reshaped);
      drawActions();
    },
    focus: () => table.focus({ preventScroll: true }),
    destroy: () => watcher.disconnect(),
  };
}

const MOUNTS = { grid: mountGrid };
